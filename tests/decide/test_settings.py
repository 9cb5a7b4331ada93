"""The section [submission]."""

from dataclasses import fields

from posthouse.decide.settings import WHOSE, SubmissionSettings


def test_defaults_are_allowed_values() -> None:
    """Each default is one of its choices and within its bounds."""
    for one in fields(SubmissionSettings):
        choices, least = one.metadata["choices"], one.metadata["least"]
        assert not choices or one.default in choices
        assert least is None or one.default >= least
        assert one.metadata["meaning"].endswith((".", "3.6.2", "3.6.6", "3", "6.1", "2.1.1"))
    assert SubmissionSettings().header_sender in WHOSE
