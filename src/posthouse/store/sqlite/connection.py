"""One client of the scribe, as the scribe sees it: its socket, what it said, what it has yet to
read. Never blocks.
"""

import selectors
import socket
from typing import Final

import msgspec

from posthouse.store.sqlite.channel import Frames, FromClient
from posthouse.store.sqlite.writers import Writer

READ_OCTETS: Final = 256 * 1024
READS_A_TURN: Final = 16
"""A client that sends without end lets the others have their turn."""


class Client:
    """`gone` is true once it hung up or was dropped: nothing of it is begun any more."""

    __slots__ = (
        "_frames",
        "_out_max",
        "events",
        "gone",
        "out",
        "socket",
        "wants_notices",
        "writer",
    )

    def __init__(self, connected: socket.socket, out_max: int) -> None:
        self.socket = connected
        self.out = bytearray()
        self.events = selectors.EVENT_READ
        self.gone = False
        self.wants_notices = False
        self.writer: Writer | None = None
        self._frames = Frames()
        self._out_max = out_max

    @property
    def is_too_slow(self) -> bool:
        """More waits for it than the limit allows."""
        return len(self.out) > self._out_max

    def receive(self, decoder: msgspec.msgpack.Decoder[FromClient]) -> list[FromClient]:
        """All that has arrived. Raises OSError and FrameError.

        Reads on after a short piece: that the peer hung up behind it must be known before its units
        are begun.
        """
        found: list[FromClient] = []
        for _ in range(READS_A_TURN):
            try:
                data = self.socket.recv(READ_OCTETS)
            except BlockingIOError:
                break
            if not data:
                self.gone = True
                break
            found += self._frames.feed(data, decoder)
        return found

    def send(self) -> None:
        """As much as the socket takes now. Raises OSError."""
        while self.out:
            try:
                sent = self.socket.send(self.out)
            except BlockingIOError:
                return
            del self.out[:sent]

    def close(self) -> None:
        self.gone = True
        self.socket.close()
