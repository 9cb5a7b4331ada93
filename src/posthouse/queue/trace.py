"""What the stations write about a letter: collected in memory, packed into one row with the unit
that settles it.

`posthouse trace` reads it back. A line holds facts and reasons, never content or passwords.
design.md 5
"""

from typing import Final

import msgspec

LINES_MAX: Final = 200
"""Lines one letter's trace may have; later ones are counted, not kept."""


class Station(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened to a letter."""

    at_ms: int
    """Milliseconds since 1970 UTC."""
    station: str
    """accept, decide, queue, deliver."""
    event: str
    facts: tuple[tuple[str, str], ...]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Station])


def pack(stations: list[Station]) -> bytes:
    """The packed row."""
    return _ENCODER.encode(stations[:LINES_MAX])


def unpack(packed: bytes) -> list[Station]:
    """Reads `pack` back."""
    return _DECODER.decode(packed)
