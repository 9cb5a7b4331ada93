"""One letter on its way to the client, for RETR and TOP: dots stuffed, lines counted, in pieces.

Works on whole buffers, never line by line. RFC 1939 3, 5, 7
"""

from typing import Final

from posthouse.mail.surrogate import ascii_header
from posthouse.wire.pop3.answers import Piece

WHOLE: Final = -1
"""As `lines`: all of it."""


class Letter:
    """RETR (`lines` is WHOLE) or TOP of one message. With `in_ascii` its header goes out so."""

    __slots__ = ("_edge", "_in_ascii", "_lines", "at", "is_done", "is_top", "number")

    def __init__(self, number: int, lines: int = WHOLE, *, in_ascii: bool = False) -> None:
        self.number = number
        self.is_top = lines != WHOLE
        self.at = 0
        """Octets taken so far, and so the place of the next piece."""
        self.is_done = False
        self._lines = lines
        self._in_ascii = in_ascii
        self._edge = b"\r\n"  # the last two octets sent: whether a line begins here

    def take(self, piece: Piece) -> bytes:
        """What goes over the wire for this piece, with the end where it is the last one."""
        octets = piece.octets
        start = self.at
        self.at += len(octets)
        assert octets or self.at >= piece.total, "a letter must not end before its end"
        self.is_done = self.at >= piece.total
        header = max(0, piece.header_octets - start)
        if self._in_ascii and not start and not octets[:header].isascii() and header <= len(octets):
            shown = ascii_header(octets[:header])  # RFC 6856 4
            octets = shown + octets[header:]
            header = len(shown)
        if self.is_top:
            octets = self._first_lines(octets, header)
        out = self._stuffed(octets)
        if not self.is_done:
            return out
        return out + (b".\r\n" if self._edge == b"\r\n" else b"\r\n.\r\n")

    def _stuffed(self, octets: bytes) -> bytes:
        """Another dot in front of each line that begins with one. RFC 1939 3"""
        edge = self._edge
        joined = edge + octets
        self._edge = joined[-2:]
        return joined.replace(b"\r\n.", b"\r\n..")[len(edge) :]

    def _first_lines(self, octets: bytes, header: int) -> bytes:
        """The rest of the header, and lines of the body as long as there are some left."""
        body = octets[header:]
        if self._lines:
            lines = body.count(b"\n")
            if lines < self._lines:
                self._lines -= lines
                return octets
            rest = body.split(b"\n", self._lines)[-1]
            self._lines = 0
        elif len(octets) < header:
            return octets
        else:
            rest = body
        self.is_done = True
        return octets[: len(octets) - len(rest)]
