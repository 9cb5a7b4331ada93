"""A connection that we open: octets between a transport, TLS and a core of `wire`.

The one who talks awaits `until`: the core has what it wanted, the line is lost, or the time is up.
Nothing waits without a limit, and a line that failed is closed. Raises LineFailed, and that only.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol

from posthouse.net.tls import TlsFacts, Tunnel

WRITE_BUFFER_OCTETS_MAX: Final = 262_144


class LineFailed(Exception):
    """No connection, or none any more. The text is for the log and the queue."""


class TlsFailed(LineFailed):
    """The connection stood, the handshake did not."""


class ClientCore(Protocol):
    """What is said on the line."""

    def receive(self, data: bytes) -> None: ...

    def take_output(self) -> bytes: ...

    def lost(self, why: str) -> None: ...


class Line:
    """An `asyncio.Protocol` by its methods, on any loop."""

    __slots__ = ("_core", "_drained", "_loop", "_transport", "_tunnel", "_wanted", "lost")

    def __init__(self, loop: asyncio.AbstractEventLoop, core: ClientCore) -> None:
        self._loop = loop
        self._core = core
        self._transport: asyncio.Transport | None = None
        self._tunnel: Tunnel | None = None
        self._wanted: tuple[Callable[[], bool], asyncio.Future[None]] | None = None
        self._drained: asyncio.Future[None] | None = None
        self.lost = ""
        """Why there is no line any more."""

    @property
    def tls(self) -> TlsFacts | None:
        """What was agreed, when TLS stands."""
        tunnel = self._tunnel
        return tunnel.facts() if tunnel is not None and tunnel.stands else None

    def flush(self) -> None:
        """Writes what the core has put out."""
        output = self._core.take_output()
        if output and self._transport is not None and not self.lost:
            tunnel = self._tunnel
            try:
                self._transport.write(output if tunnel is None else tunnel.seal(output))
            except ssl.SSLError as error:
                self._lose(f"TLS: {error.reason or error}")

    async def until(self, met: Callable[[], bool], seconds: float) -> None:
        """Until the core has come so far, or will not any more. Raises LineFailed when the time is
        up; then the line is cut."""
        self.flush()
        if met() or self.lost:
            return
        assert self._wanted is None, "one waits at a time"
        future: asyncio.Future[None] = self._loop.create_future()
        self._wanted = (met, future)
        timer = self._loop.call_later(seconds, self._too_late, future)
        try:
            await future
        finally:
            timer.cancel()
            self._wanted = None

    async def drained(self, seconds: float) -> None:
        """While the other side does not read. Raises LineFailed when it does not for so long."""
        if self._drained is None or self.lost:
            return
        timer = self._loop.call_later(seconds, self._too_late, self._drained)
        try:
            await self._drained
        finally:
            timer.cancel()

    async def start_tls(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Raises TlsFailed; then the line is cut."""
        if self.lost or self._transport is None:
            raise TlsFailed(self.lost or "no line")
        tunnel = self._tunnel = Tunnel(context, server_name=name)
        try:
            self._transport.write(tunnel.begin())
            await self.until(lambda: tunnel.stands, seconds)
        except ssl.SSLError as error:
            self._lose(f"TLS: {error.reason or error}")
        except LineFailed as error:
            raise TlsFailed(f"TLS: {error}") from error
        if not tunnel.stands:
            raise TlsFailed(self.lost or "TLS: no handshake")

    def close(self) -> None:
        """What was written leaves first."""
        if self._transport is not None and not self.lost:
            if self._tunnel is not None and self._tunnel.stands:
                self._transport.write(self._tunnel.close())
            self._transport.close()
        self.lost = self.lost or "closed"

    def abort(self) -> None:
        """Nothing more leaves."""
        self.lost = self.lost or "cut"
        if self._transport is not None:
            self._transport.abort()

    # ---- for the loop

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS_MAX)

    def data_received(self, data: bytes) -> None:
        if self.lost:
            return
        tunnel = self._tunnel
        if tunnel is not None:
            try:
                data = tunnel.receive(data)
            except ssl.SSLError as error:
                self._answer(tunnel.take())
                self._lose(f"TLS: {error.reason or error}")
                return
            self._answer(tunnel.take())
            if tunnel.ended and not data:
                self._lose("closed by the other side")
                return
        if data:
            self._core.receive(data)
            self.flush()
        self._look()

    def eof_received(self) -> bool:
        self._lose("closed by the other side")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lose("closed by the other side" if error is None else str(error))
        self._transport = None

    def pause_writing(self) -> None:
        if self._drained is None:
            self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # ---- private

    def _answer(self, octets: bytes) -> None:
        if octets and self._transport is not None:
            self._transport.write(octets)

    def _look(self) -> None:
        if self._wanted is not None:
            met, future = self._wanted
            if not future.done() and (self.lost or met()):
                future.set_result(None)

    def _lose(self, why: str) -> None:
        if self.lost:
            return
        self.lost = why
        self._core.lost(why)
        self.resume_writing()
        self._look()
        if self._transport is not None:
            self._transport.abort()

    def _too_late(self, future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_exception(LineFailed("no answer in time"))
            self._lose("no answer in time")


async def dial(
    loop: asyncio.AbstractEventLoop,
    address: str,
    port: int,
    core: ClientCore,
    seconds: float,
) -> Line:
    """A line to one IP address. Raises LineFailed."""
    line = Line(loop, core)
    try:
        async with asyncio.timeout(seconds):
            await loop.create_connection(lambda: _protocol(line), address, port)
    except TimeoutError:
        raise LineFailed("no connection in time") from None
    except OSError as error:
        raise LineFailed(error.strerror or str(error)) from error
    return line


def client_context(*, verify: bool) -> ssl.SSLContext:
    """TLS as a client. Unverified TLS still keeps all who only listen out. RFC 7435"""
    context = ssl.create_default_context() if verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # Old TLS is better than none, and none is what would follow.
        with contextlib.suppress(ssl.SSLError):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def _protocol(line: Line) -> Any:
    # A Line is a protocol by its methods; inheriting would only say so again.
    return line
