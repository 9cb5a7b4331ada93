"""DEFLATE on a connection: both directions compressed, below the protocol, above TLS. RFC 4978

Every output is flushed, so that nobody waits for the rest of it. Input is inflated a piece at a
time: a few octets may stand for very many. Fails with zlib.error, which means: close.
"""

import zlib
from typing import Any, Final

PIECE_OCTETS: Final = 32 * 1024
"""Inflated at a time."""
_LEVEL: Final = 6
_OUT_WINDOW_BITS: Final = -13
_OUT_MEMORY_LEVEL: Final = 7
"""96 KiB while there is something to say; with zlib's defaults it were 256. Raw: no header."""
_IN_WINDOW_BITS: Final = -15
"""The peer may use all of it: up to 40 KiB as long as the connection stands. RFC 4978 4"""


class Deflate:
    """Both directions of one connection."""

    __slots__ = ("_has_more", "_in", "_out", "_waiting", "ended")

    def __init__(self) -> None:
        self._in: Any = zlib.decompressobj(_IN_WINDOW_BITS)
        self._out: Any = None
        self._waiting = b""
        self._has_more = False
        self.ended = False
        """The peer ended its stream: what comes behind says nothing."""

    def press(self, octets: bytes) -> bytes:
        """What must go over the wire so that the peer reads all of this at once."""
        if self._out is None:
            self._out = zlib.compressobj(_LEVEL, zlib.DEFLATED, _OUT_WINDOW_BITS, _OUT_MEMORY_LEVEL)
        pressed: bytes = self._out.compress(octets) + self._out.flush(zlib.Z_SYNC_FLUSH)
        return pressed

    def feed(self, data: bytes) -> None:
        """Octets from the wire."""
        if not self.ended:
            self._waiting = self._waiting + data if self._waiting else data

    @property
    def waits(self) -> bool:
        """There may be more to `take`."""
        return self._has_more or bool(self._waiting)

    def take(self) -> bytes:
        """The next piece of what the peer says; may be empty."""
        piece: bytes = self._in.decompress(self._waiting, PIECE_OCTETS)
        self._waiting = self._in.unconsumed_tail
        self._has_more = len(piece) == PIECE_OCTETS
        if self._in.eof:
            self.ended = True
            self._waiting, self._has_more = b"", False
        return piece

    def rest(self) -> None:
        """Nothing is said for a while: the compressor's memory goes. A flushed stream may go on
        with a new one, which only does not know what was said before."""
        self._out = None
