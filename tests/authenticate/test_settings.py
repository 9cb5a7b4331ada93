"""The defaults of [auth] are within their own bounds."""

from dataclasses import fields

from posthouse.authenticate.settings import AuthSettings


def test_defaults_keep_to_their_bounds() -> None:
    """A default that the loader would refuse is a fault."""
    for field in fields(AuthSettings):
        least, most = field.metadata["least"], field.metadata["most"]
        if least is not None:
            assert least <= field.default <= most, field.name
