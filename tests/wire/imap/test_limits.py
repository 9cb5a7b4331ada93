"""Limits have defaults within their bounds; what each does is tested where it is kept."""

from dataclasses import fields

from posthouse.wire.imap.limits import ImapLimits


def test_defaults_are_within_bounds() -> None:
    """Each limit has a meaning and a default that its bounds allow."""
    for limit in fields(ImapLimits):
        assert limit.metadata["meaning"].strip()
        assert limit.metadata["least"] <= limit.default <= limit.metadata["most"]


def test_idle_is_at_least_half_an_hour() -> None:
    """RFC 3501 5.4: an autologout timer is 30 minutes at least."""
    (idle,) = (limit for limit in fields(ImapLimits) if limit.name == "idle_seconds_max")

    assert idle.metadata["least"] >= 1800
