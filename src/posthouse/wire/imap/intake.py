"""The input buffer of a session: lines that may end in a literal, and octets that are counted.

No octet is searched twice. Knows nothing of commands and answers nothing.
"""

import re
from typing import Final

import msgspec

_LITERAL: Final = re.compile(rb"\{([0-9]+)(\+?)\}\r\n")
_DIGITS_MAX: Final = 19
_ENDLESS: Final = 1 << 64
"""The size of a literal whose number is too long to matter."""
_TAIL_OCTETS: Final = 64
_KEPT_OCTETS_MAX: Final = 4096
"""A buffer that grew beyond this gives its memory back when it is empty."""


class Announced(msgspec.Struct, frozen=True):
    """A literal announced at the end of a line."""

    size: int
    is_synchronizing: bool
    """The client waits for our go-ahead; with LITERAL+ it does not. RFC 7888"""
    start: int
    """Where its `{` (or the `~` before it) stands in the buffer."""
    is_binary: bool
    """literal8, `~{5}`: may hold NUL. RFC 3516 4.4"""


class Intake:
    """What arrived and was not used yet."""

    __slots__ = ("buffer", "literal_octets", "searched", "segment")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.searched = 0
        """Up to here there is no line end to be found."""
        self.segment = 0
        """Where the line begins that is searched for its end: 0, or behind a literal."""
        self.literal_octets = 0
        """Of the command at the start of the buffer."""

    def line_end(self) -> int:
        """The place of the next LF, -1 when it is not there yet."""
        place = self.buffer.find(b"\n", self.searched)
        if place < 0 and len(self.buffer) > self.searched:
            self.searched = len(self.buffer)
        return place

    def has_whole_end(self, place: int) -> bool:
        """The LF at this place has its CR."""
        return place > self.segment and self.buffer[place - 1] == 13

    def announced(self, place: int) -> Announced | None:
        """The literal that the line with its LF here announces, if it does."""
        buffer = self.buffer
        if place < self.segment + 4 or buffer[place - 2] != 0x7D:
            return None
        start = buffer.rfind(b"{", self.segment, place)
        match = _LITERAL.match(buffer, start) if start >= 0 else None
        if match is None or match.end() != place + 1:
            return None
        digits = match[1]
        size = int(digits) if len(digits) <= _DIGITS_MAX else _ENDLESS
        is_binary = start > self.segment and buffer[start - 1] == 0x7E
        return Announced(size, not match[2], start - is_binary, is_binary)

    def keep_literal(self, place: int, size: int) -> None:
        """The literal behind the LF at this place stays in the buffer as part of its command."""
        self.segment = self.searched = place + 1 + size
        self.literal_octets += size

    def take(self, octets: int) -> bytes:
        """The first octets, out of the buffer; a new line begins behind them."""
        if octets <= _KEPT_OCTETS_MAX:
            taken = bytes(self.buffer[:octets])
        else:  # a piece of a letter: one copy instead of two
            with memoryview(self.buffer) as view, view[:octets] as part:
                taken = bytes(part)
        self._drop(octets)
        return taken

    def skip(self, octets: int) -> int:
        """Throws away up to so many octets; says how many there were."""
        octets = min(octets, len(self.buffer))
        self._drop(octets)
        return octets

    def skip_to_tail(self) -> int:
        """Throws away all but what could be the beginning of a literal at the line's end."""
        octets = max(0, len(self.buffer) - _TAIL_OCTETS)
        searched = self.searched
        self._drop(octets)
        self.searched = max(0, searched - octets)
        return octets

    def clear(self) -> None:
        """Throws away all."""
        self._drop(len(self.buffer))

    def _drop(self, octets: int) -> None:
        if octets == len(self.buffer) and octets > _KEPT_OCTETS_MAX:
            self.buffer = bytearray()
        else:
            del self.buffer[:octets]
        self.searched = self.segment = self.literal_octets = 0
