"""An IMAP house in memory, and clients that speak to it through the real core, visit and
connection.

Only the socket is not there: `Client` is the transport. All runs on one event loop, without waiting
for time.
"""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from local_store import LocalStore
from posthouse.authenticate.settings import AuthSettings
from posthouse.authenticate.user import Users
from posthouse.base.clock import SetClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.mail.render import render
from posthouse.net.census import Census
from posthouse.net.connection import Connection, Entrance
from posthouse.net.limits import NetSettings
from posthouse.read.imap.door import ImapDoor
from posthouse.read.imap.ports import ImapHouse, after_login
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    INBOX,
    AccountAdded,
    AddAccount,
    AddDomain,
    Credential,
    Deliver,
    NewBody,
    Place,
)
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from turn import run_now

PASSWORD = "secret"
# As weak as argon2 can be: these tests are not about passwords.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
RECEIVED = 1_795_000_000


async def aside(function: Callable[..., Any], *arguments: Any) -> Any:
    """The thread that is none."""
    return function(*arguments)


OPENED: list["House"] = []
"""Every house of this test."""


class House:
    """Store, door and clients. Accounts: 1 ann@example.org, 2 bob@example.org, both with
    `PASSWORD`."""

    def __init__(
        self,
        folder: Path,
        *,
        wrap: Callable[[Any], Any] = lambda store: store,
        on_sqlite: bool = False,
        **limits: Any,
    ) -> None:
        OPENED.append(self)
        self.loop = asyncio.new_event_loop()
        self.clock = SetClock(RECEIVED)
        self.files = BodyFiles(folder)
        self.memory: Any = MemoryStore(self.clock, self.files.path)
        if on_sqlite:
            self.memory = LocalStore(folder, self.clock)
        self.store: Any = wrap(self.memory)
        self.row = Metrics().row(2)
        self.lines: list[bytes] = []
        self.guard_waits: list[float] = []
        """How long failed log-ins would have waited."""
        self.log = Log(self.clock, self.lines.append, Level.INFO)
        users = Users(
            self.store,
            AuthSettings(),
            self.clock,
            in_thread=aside,
            pause=self._no_pause,
            metrics=self.row,
        )
        known = ImapLimits(**limits)
        offer = Offer(after=after_login(known), mechanisms=users.mechanisms(), plaintext_auth=True)
        self.ids = Ids(self.clock)
        self.imap = ImapHouse(
            store=self.store,
            users=users,
            bodies=self.files,
            ids=self.ids,
            clock=self.clock,
            log=self.log,
            row=self.row,
            loop=self.loop,
            aside=aside,
            render=render,
            offer=offer,
            limits=known,
        )
        census = Census(NetSettings(), self.row, self.loop, sweep_seconds=1e6)
        self.entrance = Entrance(ImapDoor(self.imap), self.loop, self.log, self.row, census)
        self.clients: list[Client] = []
        run_now(self.memory.commit(AddDomain("example.org")))
        for name in ("ann", "bob"):
            self.add_account(f"{name}@example.org")

    def add_account(self, address: str, quota: int = 0) -> int:
        added = run_now(
            self.memory.commit(
                AddAccount(
                    address, address, quota, (Credential("argon2id", HASH),), (("Sent", "\\Sent"),)
                )
            )
        )[0]
        assert isinstance(added, AccountAdded)
        return added.account

    def letter(
        self,
        octets: bytes,
        *,
        flags: int = 0,
        keywords: str = "",
        mailbox: int = INBOX,
        account: int = 1,
        received: int = RECEIVED,
    ) -> None:
        """One letter by the other door."""
        body = NewBody(self.ids.letter(), hashlib.sha256(octets).digest(), len(octets), octets)
        place = Place(account, mailbox, flags, keywords)
        run_now(self.memory.commit(Deliver(body, render(octets, received), received, (place,))))

    def client(self) -> "Client":
        client = Client(self)
        self.clients.append(client)
        return client

    def settle(self) -> None:
        """Turns of the loop until nothing more is said."""
        quiet = 0
        while quiet < 30 or any(client.connection.is_busy for client in self.clients):
            before = sum(client.count for client in self.clients)
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
            quiet = quiet + 1 if before == sum(client.count for client in self.clients) else 0

    def turns(self, count: int) -> None:
        """So many turns of the loop."""
        for _ in range(count):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def close(self) -> None:
        """Once is enough; `tests/read/imap/conftest.py` does it for tests that failed."""
        if self.loop.is_closed():
            return
        for client in self.clients:
            client.hang_up()
        self.settle()
        self.loop.close()

    async def _no_pause(self, seconds: float) -> None:
        self.guard_waits.append(seconds)


class Client:
    """The other end of a connection: a transport without a wire."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.output: list[bytes] = []
        self.count = 0
        self.is_closed = False
        self.is_reading = True
        self.connection = Connection(house.entrance)
        self._call(self.connection.connection_made, self)

    # ---- what the connection sees

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.7", 7), "sockname": ("192.0.2.1", 143)}.get(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: bytes) -> None:
        self.output.append(bytes(data))
        self.count += 1

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def close(self) -> None:
        self.hang_up()

    def abort(self) -> None:
        self.hang_up()

    # ---- what the test does

    def hang_up(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.house.loop.call_soon(self.connection.connection_lost, None)

    def send(self, octets: bytes, cut: Callable[[bytes], list[bytes]] | None = None) -> None:
        """Octets as the network cuts them."""
        for part in cut(octets) if cut else [octets]:
            if not self.is_closed:
                self._call(self.connection.data_received, part)

    def take(self) -> bytes:
        """What was said since the last time."""
        said = b"".join(self.output)
        self.output.clear()
        return said

    def say(self, line: str | bytes) -> bytes:
        """One command, and all that comes of it."""
        self.house.settle()
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        self.house.settle()
        return self.take()

    def _call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """On the loop, as the real one does."""
        self.house.loop.call_soon(function, *arguments)
        self.house.loop.call_soon(self.house.loop.stop)
        self.house.loop.run_forever()
