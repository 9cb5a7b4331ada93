"""TLS by memory: an object inside a connection, over the loop's plain transport. RFC 8446.

Never touches a socket. Output and input pass in small slices, because OpenSSL's memory buffers
never shrink: an idle session keeps no more than one slice in each direction. Fails with
ssl.SSLError, which means: close.
"""

import contextlib
import ssl
from dataclasses import dataclass
from typing import Final

IN_SLICE_OCTETS: Final = 4096
OUT_SLICE_OCTETS: Final = 8192
"""Plain octets in a record of ours."""
RECORD_OCTETS_MAX: Final = 16_384
"""RFC 8446 5.1"""


@dataclass(slots=True)
class TlsFacts:
    """What was agreed in a handshake."""

    version: str
    """As "TLSv1.3"."""
    cipher: str
    bits: int
    end_point: bytes = b""
    """The hash of our certificate, for log-ins bound to this session. RFC 5929 4"""


class Tunnel:
    """One end of a TLS session. Octets of the peer in, ours out by `take`. With a server's name it
    is the client's end: then `begin` comes first."""

    __slots__ = ("_end_point", "_in", "_is_server", "_late", "_out", "_session", "ended", "stands")

    def __init__(
        self, context: ssl.SSLContext, end_point: bytes = b"", *, server_name: str | None = None
    ) -> None:
        self._end_point = end_point  # as of now: the next certificate is for the next session
        self._is_server = server_name is None
        self._late = 0
        """Octets of session tickets that go out with whatever is said next."""
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._session = context.wrap_bio(
            self._in,
            self._out,
            server_side=self._is_server,
            server_hostname=server_name or None,
        )
        self.stands = False
        """The handshake is done."""
        self.ended = False
        """The peer sent close_notify: no more input comes. RFC 8446 6.1"""

    def begin(self) -> bytes:
        """The client's first octets."""
        self._read()
        return self.take()

    def receive(self, data: bytes) -> bytes:
        """Takes octets from the wire; gives what they say, b"" while the handshake goes on."""
        if len(data) <= IN_SLICE_OCTETS:
            self._in.write(data)
            return self._read()
        view = memoryview(data)
        pieces = []
        for start in range(0, len(data), IN_SLICE_OCTETS):
            self._in.write(view[start : start + IN_SLICE_OCTETS])
            pieces.append(self._read())
        return b"".join(pieces)

    def seal(self, data: bytes) -> bytes:
        """What must go over the wire so that the peer reads `data`."""
        session, out = self._session, self._out
        self._late = 0
        if len(data) <= OUT_SLICE_OCTETS:
            session.write(data)
            return out.read()
        view = memoryview(data)
        pieces = []
        for start in range(0, len(data), OUT_SLICE_OCTETS):
            session.write(view[start : start + OUT_SLICE_OCTETS])
            pieces.append(out.read())
        return b"".join(pieces)

    def take(self) -> bytes:
        """What must go over the wire by itself: handshake, alerts. Nobody waits for tickets."""
        return self._out.read() if self._out.pending > self._late else b""

    def close(self) -> bytes:
        """Our close_notify, with all that waited to go before. RFC 8446 6.1"""
        # The peer's own close_notify is not there yet, or never comes: nobody waits for it.
        with contextlib.suppress(ssl.SSLError):
            self._session.unwrap()
        return self._out.read()

    def facts(self) -> TlsFacts:
        """What was agreed; only once it stands."""
        cipher = self._session.cipher()
        assert cipher is not None
        return TlsFacts(
            version=self._session.version() or "",
            cipher=cipher[0],
            bits=cipher[2],
            end_point=self._end_point,
        )

    def _read(self) -> bytes:
        session, waiting = self._session, self._in
        pieces = []
        try:
            if not self.stands:
                session.do_handshake()
                self.stands = True
                # RFC 8446 4.6.1: what the server says behind the handshake are tickets. Before TLS
                # 1.3 the handshake's own last words would be here.
                if self._is_server and session.version() == "TLSv1.3":
                    self._late = self._out.pending
            # Without read-ahead OpenSSL takes from memory only the record it works on: when nothing
            # is left there and in the record, another read would only raise.
            while waiting.pending or session.pending():
                piece = session.read(RECORD_OCTETS_MAX)
                if not piece:
                    self.ended = True
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
