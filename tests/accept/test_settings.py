"""The defaults of [accept] are within their own bounds."""

from dataclasses import fields

from posthouse.accept.settings import AcceptSettings


def test_defaults_keep_to_their_bounds() -> None:
    """A default that the loader would refuse is a fault."""
    for field in fields(AcceptSettings):
        least, most = field.metadata["least"], field.metadata["most"]
        if least is not None:
            assert least <= field.default <= most, field.name
