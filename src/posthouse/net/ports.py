"""The ports of a connection: what it drives (Core), whom it asks (Visit), what it stands on."""

import fcntl
import termios
from dataclasses import dataclass
from typing import Any, Final, Protocol

from posthouse.net.tls import TlsFacts


@dataclass(slots=True)
class PeerFacts:
    """Who is at the other end. On a unix socket the addresses are "" and the ports 0."""

    address: str
    port: int
    local_address: str
    local_port: int
    tls: TlsFacts | None

    @property
    def end_point(self) -> bytes:
        """What a log-in can be bound by, b"" without TLS. RFC 5929 4"""
        return self.tls.end_point if self.tls is not None else b""


class Core(Protocol):
    """What a protocol of `wire` offers to its driver. It has no socket and never waits.

    A core may have an attribute `idle_seconds`: how long its peer may be silent now. One that can
    be compressed has `starting_compression`, True from its go-ahead on, and `compression_stands()`.
    """

    @property
    def starting_tls(self) -> bool:
        """From the go-ahead of STARTTLS until `tls_stands`; what was pipelined is dropped."""

    @property
    def closing(self) -> bool:
        """When the output is written, close."""

    @property
    def wants_input(self) -> bool:
        """False: enough is buffered, read no more for now."""

    def receive(self, data: bytes) -> None: ...

    def next_question(self) -> object | None: ...

    def answer(self, answer: Any) -> None: ...

    def take_output(self) -> bytes: ...

    def tls_stands(self) -> None: ...

    def timed_out(self) -> None: ...

    def shut_down(self) -> None: ...


class Visit(Protocol):
    """One connection at one door, the station's side of it."""

    async def answer(self, question: Any) -> Any:
        """Awaits futures and `connection.turn()` or `drained()` only: it is not in a task."""

    def ended(self) -> None:
        """The connection is gone: release everything."""


class Transport(Protocol):
    """The part of asyncio's transports that is used."""

    def get_extra_info(self, name: str, default: Any = None) -> Any: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class _Nobody:
    """Stands for core, visit and transport before a connection is made and after it is lost."""

    __slots__ = ()
    starting_tls = False
    closing = False
    wants_input = True
    name = ""

    def receive(self, data: bytes) -> None: ...

    def next_question(self) -> object | None:
        return None

    def take_output(self) -> bytes:
        return b""

    def tls_stands(self) -> None: ...

    def timed_out(self) -> None: ...

    def shut_down(self) -> None: ...

    def answer(self, answer: Any) -> Any: ...

    def ended(self) -> None: ...

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


_SILENT: Any = _Nobody()
NOBODY: Final[Core] = _SILENT
NO_VISIT: Final[Visit] = _SILENT
NO_TRANSPORT: Final[Transport] = _SILENT
NO_FACTS: Final = PeerFacts("", 0, "", 0, None)


def has_input(transport: Transport) -> bool:
    """Octets of the peer wait in the kernel, not read so far. tcp(7): FIONREAD"""
    waiting = bytearray(4)
    try:
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.FIONREAD, waiting)
    except (OSError, AttributeError):  # it is gone already, or a test's that is no socket
        return False
    return any(waiting)
