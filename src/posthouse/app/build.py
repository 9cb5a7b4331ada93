"""One worker, put together: parts get what they need by their constructors, here and only here."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from posthouse.accept.house import AcceptHouse
from posthouse.app.config import Config
from posthouse.authenticate.user import Users
from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.base.metrics import Metrics, Row
from posthouse.net.connection import Door
from posthouse.net.resolve import Resolver
from posthouse.store.contract import Store


class Service(Protocol):
    """Something of a worker that works without being asked by a peer: the queue."""

    @property
    def is_idle(self) -> bool:
        """Nothing is in hand: the worker may end."""

    def start(self) -> None:
        """The loop runs and the store is up."""

    def shut_down(self) -> None:
        """Begins nothing more."""

    async def close(self) -> None:
        """Cuts what still runs."""


@dataclass(slots=True)
class House:
    """What the parts of one worker share."""

    config: Config
    clock: Clock
    log: Log
    metrics: Metrics
    row: Row
    loop: asyncio.AbstractEventLoop
    store: Store
    doors: dict[str, Door] = field(default_factory=dict)
    """By name, as `SERVICES` names them."""
    threads: ThreadPoolExecutor | None = None
    """For what the loop must not wait for; made by the first door that needs it."""
    binds: bool = False
    """Log-ins can be bound to TLS: there is a hash of the certificate for it. RFC 5929 4"""
    users: Users | None = None
    """Who checks log-ins, at whichever door: made by the first that needs it."""
    resolver: Resolver | None = None
    """Who asks the DNS, for the queue and for the doors: made by the first that needs it."""
    number: int = 0
    """Of the worker, from 0."""
    generation: int = 0
    """How often the configuration was new before: workers of the last one may still be at work."""
    services: list[Service] = field(default_factory=list)
    """What runs beside the doors."""
    accept: AcceptHouse | None = None
    """What the doors share that take letters: made by the first of them."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What a key of [listen] means."""

    door: str
    implicit_tls: bool = False


SERVICES: Final[Mapping[str, Listened]] = {
    "smtp": Listened("smtp"),
    "submission": Listened("submission"),
    "submissions": Listened("submission", implicit_tls=True),
    "lmtp": Listened("lmtp"),
    "imap": Listened("imap"),
    "imaps": Listened("imap", implicit_tls=True),
    "pop3": Listened("pop3"),
    "pop3s": Listened("pop3", implicit_tls=True),
    "managesieve": Listened("managesieve"),
    "http": Listened("http"),
}
WEB: Final = "http"
"""The one service that is no door: `web.ops` answers it."""

MakeDoor = Callable[[House], Door]
OpenStore = Callable[[Config, Clock, Log, Row], tuple[Store, Callable[[], Awaitable[None]]]]
"""Makes the store of a worker, and what brings it up once the loop runs."""


class DataInUse(Exception):
    """Another server holds the data directory."""


class StoreNotUsable(Exception):
    """The store is there and this program cannot work with it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the processes are made of. Tests bring their own."""

    doors: Mapping[str, MakeDoor]
    """The doors that exist, by name. A service whose door is missing here is not opened."""
    hold: Callable[[Path], Any]
    """Takes the data directory for as long as the result lives. Raises DataInUse."""
    prepare: Callable[[Config, Clock, Log], object]
    """Makes or migrates the store before anybody opens it. Raises StoreNotUsable."""
    run_scribe: Callable[[Config, socket.socket, Clock, Log, Row], None]
    """All that the scribe's process does, until SIGTERM."""
    open_store: OpenStore
