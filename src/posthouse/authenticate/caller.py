"""Who asks to be let in, and by which door: what a log-in is judged and remembered by."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a connection, as it is now."""

    door: str
    """"submission", "imap", "pop3"."""
    peer: str
    """Its address, "" on a unix socket."""
    tls: str = ""
    """As "TLSv1.3"; "" without."""
    end_point: bytes = b""
    """What a log-in can be bound by, b"" without TLS. RFC 5929 4"""


class TlsFacts(Protocol):
    """The part of `net.tls.TlsFacts` that is used."""

    @property
    def version(self) -> str: ...


class Facts(Protocol):
    """The part of `net.ports.PeerFacts` that is used."""

    @property
    def address(self) -> str: ...

    @property
    def tls(self) -> TlsFacts | None: ...

    @property
    def end_point(self) -> bytes: ...


def caller_at(door: str, facts: Facts) -> Caller:
    """Asked at each log-in, since TLS may have come since the connection began."""
    tls = facts.tls.version if facts.tls is not None else ""
    return Caller(door, facts.address, tls, facts.end_point)
