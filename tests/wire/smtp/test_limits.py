"""The limits, each with its meaning; at the limit and one beyond they act in transcripts."""

from dataclasses import FrozenInstanceError, fields

import pytest

from posthouse.wire.smtp.limits import SmtpLimits


@pytest.mark.parametrize("limit", fields(SmtpLimits), ids=lambda limit: limit.name)
def test_every_limit_says_what_it_is(limit: object) -> None:
    """Each has a sentence, and bounds that hold its default."""
    metadata = limit.metadata  # type: ignore[attr-defined]
    assert metadata["meaning"].strip()
    if limit.type is not bool and limit.type != "bool":  # type: ignore[attr-defined]
        assert metadata["least"] <= limit.default <= metadata["most"]  # type: ignore[attr-defined]


def test_the_least_are_those_of_the_rfc() -> None:
    """RFC 5321 4.5.3.1: a path of 256, a line of 512, 64K of letter, 100 recipients."""
    least = {limit.name: limit.metadata["least"] for limit in fields(SmtpLimits)}
    assert least["path_octets_max"] >= 256
    assert least["line_octets_max"] >= 512
    assert least["letter_octets_max"] >= 64 * 1024
    assert least["recipients_max"] >= 100


def test_a_full_input_holds_the_rest_of_a_body() -> None:
    """What a session keeps of a body always fits beside what waits."""
    limits = SmtpLimits()
    assert limits.body_memory_octets_max < limits.input_octets_max


def test_limits_do_not_change() -> None:
    """They are shared by all sessions."""
    with pytest.raises(FrozenInstanceError):
        SmtpLimits().errors_max = 5  # type: ignore[misc]
