"""Identifiers of letters and bodies: 128 bits, ordered by time, never given twice by one maker.

The first 48 bits are milliseconds, the rest chance; if the clock stands or jumps back the maker
counts
on from its last id, so ids of one maker only grow. As text: 26 characters of Crockford's base 32.
"""

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NewType

from posthouse.base.clock import Clock

LetterId = NewType("LetterId", bytes)
"""16 octets. The id of a letter from acceptance on, and of the body that holds its octets."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {c: n for n, c in enumerate(_ALPHABET)}
_PAIRS: Final = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_TEXT_LENGTH: Final = 26
_CHANCE_BITS: Final = 80


class Ids:
    """Makes letter ids for one process. `chance` gives so many random octets."""

    __slots__ = ("_chance", "_clock", "_last")

    def __init__(self, clock: Clock, chance: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._chance = chance
        self._last = 0

    def letter(self) -> LetterId:
        """A new id, greater than every id this maker gave before."""
        stamp = int(self._clock.now() * 1000) << _CHANCE_BITS
        value = stamp | int.from_bytes(self._chance(10), "big")
        if value <= self._last:
            # Same millisecond or a clock that went back: grow by a random step, so that the ids of
            # two makers still do not meet.
            value = self._last + 1 + int.from_bytes(self._chance(6), "big")
        self._last = value
        return LetterId(value.to_bytes(16, "big"))


@lru_cache(maxsize=1024)  # a letter's id is said several times: header, answer, log, trace
def id_text(letter: bytes) -> str:
    """The id as people and header fields see it, for example 01JD9Z5R3W7Q0XK8M2N4P6S1TV."""
    value = int.from_bytes(letter, "big")
    pairs = _PAIRS  # ten bits at a time: 3 us instead of 8
    return "".join([pairs[value >> shift & 1023] for shift in range(120, -1, -10)])


def id_from_text(text: str) -> LetterId:
    """Reads `id_text` back, in either case. Raises ValueError for anything else."""
    if len(text) != _TEXT_LENGTH:
        raise ValueError(f"an id has {_TEXT_LENGTH} characters, found {len(text)}")
    value = 0
    for character in text.upper():
        digit = _VALUES.get(character)
        if digit is None:
            raise ValueError(f"an id has digits and letters only, found {character!r}")
        value = value << 5 | digit
    if value >> 128:
        raise ValueError("an id begins with a digit from 0 to 7")
    return LetterId(value.to_bytes(16, "big"))
