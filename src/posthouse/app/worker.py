"""A worker: an event loop that serves every protocol on the listeners it inherited.

Ends by SIGTERM: accepts no more, lets commands in flight finish, says good-bye, exits 0.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from posthouse.app.build import SERVICES, WEB, House, MakeDoor, OpenStore, Service
from posthouse.app.config import Config
from posthouse.base.clock import Clock
from posthouse.base.interpreter import prepare_loop_process
from posthouse.base.log import Log
from posthouse.base.metrics import Metrics, Row
from posthouse.net.census import Census
from posthouse.net.certificates import CertificateFailed, Certificates
from posthouse.net.connection import Connection, Entrance
from posthouse.net.limits import NetSettings
from posthouse.web.ops import OpsServer

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with contextlib.suppress(ImportError):  # never required; here, so that its pages are shared
    import uvloop

    new_event_loop = uvloop.new_event_loop

DRAIN_LOOK_SECONDS: Final = 0.02


@dataclass(slots=True)
class Crew:
    """What all workers inherit."""

    config: Config
    clock: Clock
    log: Log
    metrics: Metrics
    certificates: Certificates
    listeners: list[tuple[str, socket.socket]]
    """Service and socket."""
    doors: Mapping[str, MakeDoor]
    open_store: OpenStore
    number: int
    """Of the worker, from 0."""
    generation: int = 0
    """Of the configuration."""


def run_worker(crew: Crew, row_number: int, ready: Callable[[], None], life: int) -> int:
    """Serves until SIGTERM, or until the other end of the pipe `life` is closed."""
    prepare_loop_process()
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(crew, crew.metrics.row(row_number), loop)
    failed: list[Exception] = []

    async def begin() -> None:
        # In the running loop, and only there: uvloop hears no signal between two runs. One that
        # comes before has its default effect, which is right for a worker that serves nobody yet.
        loop.add_signal_handler(signal.SIGTERM, worker.drain)
        loop.add_signal_handler(signal.SIGHUP, worker.reload_certificates)
        loop.add_reader(life, worker.orphaned, life)
        try:
            await worker.start()
            ready()
        except Exception as error:  # noqa: BLE001 - raised again below
            failed.append(error)
            loop.stop()

    beginning = loop.create_task(begin())
    loop.run_forever()
    beginning.cancel()
    worker.close()
    if failed:
        raise failed[0]
    return 0


class Worker:
    """The servers of one process and their end."""

    __slots__ = (
        "_census", "_crew", "_ending", "_house", "_is_draining", "_loop", "_row", "_servers",
        "_web",
    )  # fmt: skip

    def __init__(self, crew: Crew, row: Row, loop: asyncio.AbstractEventLoop) -> None:
        self._crew = crew
        self._row = row
        self._loop = loop
        self._census = Census(crew.config[NetSettings], row, loop)
        self._servers: list[asyncio.AbstractServer] = []
        self._house: House | None = None
        self._web: OpsServer | None = None
        self._is_draining = False
        self._ending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Everything is built and every listener is served when this returns."""
        crew = self._crew
        store, bring_up = crew.open_store(crew.config, crew.clock, crew.log, self._row)
        await bring_up()
        house = House(crew.config, crew.clock, crew.log, crew.metrics, self._row, self._loop, store)
        house.binds = bool(crew.certificates.end_point)
        house.number = crew.number
        house.generation = crew.generation
        self._house = house
        for name, make in crew.doors.items():
            house.doors[name] = make(house)
        for service, listener in crew.listeners:
            await self._serve(service, listener, house)
        for beside in house.services:
            beside.start()

    async def _serve(self, service: str, listener: socket.socket, house: House) -> None:
        crew = self._crew
        if SERVICES[service].door == WEB:
            if self._web is None:
                self._web = OpsServer(crew.metrics, self._row, self._loop, crew.clock)
            make = self._web.connection
        else:
            make = _maker(
                Entrance(
                    door=house.doors[SERVICES[service].door],
                    loop=self._loop,
                    log=crew.log,
                    row=self._row,
                    census=self._census,
                    tls=crew.certificates.context,
                    implicit_tls=SERVICES[service].implicit_tls,
                    end_point=lambda: crew.certificates.end_point,
                )
            )
        backlog = crew.config[NetSettings].backlog_max
        if listener.family == socket.AF_UNIX:
            # The path belongs to the supervisor; Python 3.13 would remove it with the first worker.
            keep: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
            server = await self._loop.create_unix_server(
                make, sock=listener, backlog=backlog, **keep
            )
        else:
            server = await self._loop.create_server(make, sock=listener, backlog=backlog)
        self._servers.append(server)

    def drain(self) -> None:
        """Accepts no more; sessions end as soon as they are owed nothing; then the loop stops."""
        if self._is_draining:
            return
        self._is_draining = True
        for server in self._servers:
            server.close()
        if self._web is not None:
            self._web.shut_down()
        self._census.drain()
        for service in self._services:
            service.shut_down()
        limit = self._loop.time() + self._crew.config[NetSettings].drain_seconds_max
        # Not at once: the loop may still have to hand over somebody whom it has accepted.
        self._loop.call_later(DRAIN_LOOK_SECONDS, self._wait_for_the_last, limit)

    def orphaned(self, life: int) -> None:
        """The supervisor is gone: so are we, in good order."""
        if not os.read(life, 1):
            self._loop.remove_reader(life)
            self._crew.log.error("worker.orphaned")
            self.drain()

    def reload_certificates(self) -> None:
        """New handshakes use the files as they are now; sessions stay."""
        try:
            self._crew.certificates.take()
        except CertificateFailed as failed:
            self._crew.log.error("tls.reload_failed", reason=failed)  # noqa: TRY400 - not logging's

    def close(self) -> None:
        """The loop has stopped."""
        self._census.close()
        if self._house is not None:
            self._house.store.close()

    def _wait_for_the_last(self, limit: float) -> None:
        census = self._census
        if not census.connections and all(service.is_idle for service in self._services):
            self._loop.stop()
            return
        if self._loop.time() >= limit:
            self._crew.log.warning("worker.drain_cut", connections=len(census.connections))
            for connection in list(census.connections):
                connection.abort()
            self._ending = self._loop.create_task(self._cut())
            return
        self._loop.call_later(DRAIN_LOOK_SECONDS, self._wait_for_the_last, limit)

    @property
    def _services(self) -> list[Service]:
        return self._house.services if self._house is not None else []

    async def _cut(self) -> None:
        for service in self._services:
            await service.close()
        self._loop.call_later(DRAIN_LOOK_SECONDS, self._loop.stop)


def _maker(entrance: Entrance) -> Callable[[], asyncio.BaseProtocol]:
    # A Connection is a protocol by its methods; inheriting would only say so again.
    return lambda: cast(asyncio.BaseProtocol, Connection(entrance))
