"""The limits of a session, each tried at its border in the transcripts."""

import dataclasses

from posthouse.wire.pop3.limits import Pop3Limits


def test_defaults_meet_the_rfcs() -> None:
    """RFC 2449 4: 255 octets; RFC 1939 3: ten minutes; no default outside its own bounds."""
    limits = Pop3Limits()

    assert limits.line_octets_max >= 255
    assert limits.idle_seconds_max >= 600
    for field in dataclasses.fields(limits):
        if field.metadata["least"] is not None:
            value = getattr(limits, field.name)
            assert field.metadata["least"] <= value <= field.metadata["most"]
