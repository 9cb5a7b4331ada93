"""A worker in small for tests of connections: a loop of either kind, a door, clients in threads."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import uvloop

from posthouse.base.clock import SystemClock
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.net.census import Census
from posthouse.net.certificates import make_self_signed, server_context
from posthouse.net.connection import Connection, Entrance
from posthouse.net.limits import NetSettings

T = TypeVar("T")
KINDS = ("uvloop", "asyncio")


class World:
    """Close it at the end. `lines` are the events logged."""

    def __init__(self, kind: str) -> None:
        self.loop = uvloop.new_event_loop() if kind == "uvloop" else asyncio.new_event_loop()
        self.lines: list[bytes] = []
        self.log = Log(SystemClock(), self.lines.append, Level.DEBUG)
        self.metrics = Metrics()
        self.row = self.metrics.row(2)
        self.connections: list[Connection] = []
        self.census: Census | None = None
        self._servers: list[asyncio.AbstractServer] = []

    def serve(
        self,
        door: Any,
        *,
        settings: NetSettings | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        sweep_seconds: float = 0.05,
    ) -> int:
        """Gives the port."""
        census = self.census = Census(
            settings or NetSettings(), self.row, self.loop, sweep_seconds=sweep_seconds
        )
        entrance = Entrance(door, self.loop, self.log, self.row, census, tls, implicit_tls)

        def make() -> asyncio.BaseProtocol:
            self.connections.append(Connection(entrance))
            return cast(asyncio.BaseProtocol, self.connections[-1])

        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        self._servers.append(
            self.loop.run_until_complete(self.loop.create_server(make, sock=listener))
        )
        return port

    def run(self, client: Callable[..., T], *arguments: Any) -> T:
        """Runs a client with blocking sockets in a thread while the loop serves it."""
        return self.loop.run_until_complete(
            self.loop.run_in_executor(None, lambda: client(*arguments))
        )

    def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Runs the loop until something is true."""

        async def wait() -> None:
            end = self.loop.time() + seconds
            while not condition():
                assert self.loop.time() < end, "it did not become true in time"
                await asyncio.sleep(0.005)

        self.loop.run_until_complete(wait())

    def count(self, name: str) -> int:
        return self.metrics.total(name)

    def close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in self.connections:
            with contextlib.suppress(Exception):
                connection.abort()
        if self.census is not None:
            self.census.close()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class Client:
    """A peer with a blocking socket."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        if tls is not None:
            self.start_tls(tls)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def line(self) -> bytes:
        """One line, octet by octet so that nothing behind it is taken."""
        found = b""
        while not found.endswith(b"\n"):
            octet = self.socket.recv(1)
            if not octet:
                break
            found += octet
        return found

    def rest(self) -> bytes:
        """All until the end."""
        return b"".join(iter(lambda: self.socket.recv(65_536), b""))


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and one that trusts it."""
    make_self_signed(folder, hostname="mail.test", clock=SystemClock())
    client = ssl.create_default_context(cafile=folder / "certificate.pem")
    return server_context(folder / "certificate.pem", folder / "certificate-key.pem"), client
