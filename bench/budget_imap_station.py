#!/usr/bin/env python3
"""What IMAP commands cost on the embedded store, without sockets: microseconds of CPU, ms of time.

    budget_imap_station.py [--letters 20000] [--dir DIR] [--profile COMMAND]

Core, visit, connection and SQLite reads are the real ones; writes are committed in this process, so
a STORE includes the work of the scribe and its sync. The mailbox has letters of 2 KB.
"""

import argparse
import asyncio
import cProfile
import hashlib
import os
import pstats
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from letters import letter
from posthouse.authenticate.settings import AuthSettings
from posthouse.authenticate.user import Users
from posthouse.base.clock import SystemClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.directory.credentials import credentials_for
from posthouse.mail.render import render
from posthouse.net.census import Census
from posthouse.net.connection import Connection, Entrance
from posthouse.net.limits import NetSettings
from posthouse.read.imap.door import ImapDoor
from posthouse.read.imap.ports import ImapHouse, after_login
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.ledger import Kept, Ledger
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader import Reader
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    AnyResult,
    AnyValue,
    Append,
    AppendLetter,
    NewBody,
    Why,
)
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer

CLOCK = SystemClock()
LOG = Log(CLOCK, lambda line: os.write(2, line), Level.WARNING)
IDS = Ids(CLOCK)
USER = "u0@bench.test"


class LocalStore(Reader):
    """Reads as a worker does, commits by itself."""

    def __init__(self, data: Path) -> None:
        self.ledger = Ledger(data, clock=CLOCK, log=LOG, settings=StoreSettings())
        super().__init__(data)

    def close(self) -> None:
        self.close_reader()
        self.ledger.close()

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        (outcome,) = self.ledger.commit([list(values)])
        if not isinstance(outcome, Kept):
            raise StoreFailure(Why.OURS, repr(outcome))
        return tuple(outcome.results)

    def note(self, note: Any) -> None: ...

    def watch(self, _account: int, _changed: Callable[[int], None]) -> Any:
        return Unwatched()


class Unwatched:
    """Nobody else changes anything here."""

    def cancel(self) -> None: ...


class Client:
    """A transport without a wire; knows when its command is answered."""

    def __init__(self, entrance: Entrance) -> None:
        self.loop = entrance.loop
        self.octets = 0
        self.tail = b""
        self.connection = Connection(entrance)
        self.connection.connection_made(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.7", 7) if name in ("peername", "sockname") else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def write(self, data: bytes) -> None:
        self.octets += len(data)
        self.tail = data[-1000:]

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def say(self, line: str) -> int:
        """A whole command; how many octets came back."""
        before = self.octets
        self.connection.data_received(b"a " + line.encode() + b"\r\n")
        while not (self.tail.startswith(b"a ") or b"\r\na " in self.tail or b"+ " in self.tail):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        if b"a OK" not in self.tail and b"+ " not in self.tail:
            raise RuntimeError(f"{line}: {self.tail!r}")
        self.tail = b""
        return self.octets - before


async def aside(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def entrance(data: Path, store: LocalStore, loop: asyncio.AbstractEventLoop) -> Entrance:
    row = Metrics().row(2)

    def pause(_seconds: float) -> Awaitable[None]:
        return asyncio.sleep(0)

    users = Users(store, AuthSettings(), CLOCK, in_thread=aside, pause=pause, metrics=row)
    house = ImapHouse(
        store=store,
        users=users,
        bodies=BodyFiles(data),
        ids=IDS,
        clock=CLOCK,
        log=LOG,
        row=row,
        loop=loop,
        aside=aside,
        render=render,
        offer=Offer(after=after_login(ImapLimits()), plaintext_auth=True),
        limits=ImapLimits(),
    )
    return Entrance(ImapDoor(house), loop, LOG, row, Census(NetSettings(), row, loop))


def fill(store: LocalStore, letters: int) -> None:
    chance = Random(1)
    store.ledger.commit([[AddDomain("bench.test")]])
    store.ledger.commit([[AddAccount(USER, USER, 0, credentials_for("secret", scram=False))]])
    for start in range(0, letters, 250):
        made = []
        for number in range(start, min(start + 250, letters)):
            octets = letter(number, 2000, chance)
            body = NewBody(IDS.letter(), hashlib.sha256(octets).digest(), len(octets), octets)
            made.append(AppendLetter(body, render(octets, 1_795_000_000), 1_795_000_000, 0, ""))
        store.ledger.commit([[Append(1, INBOX, tuple(made))]])


def measure(client: Client, line: str, count: int, runs: int = 5) -> None:
    best = cpu = float("inf")
    octets = 0
    for _ in range(runs):
        start, used = time.perf_counter(), time.process_time()
        octets = client.say(line)
        best = min(best, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - used)
    print(
        f"{line[:66]:<66} {best * 1e3:9.2f} ms {cpu / count * 1e6:9.2f} us/letter"
        f" {octets >> 10:7d} KB",
        flush=True,
    )


def mix(client: Client, rounds: int = 300) -> None:
    """The commands of the load generator, each by itself."""
    chance = Random(2)
    kinds: dict[str, Callable[[], str]] = {
        "NOOP": lambda: "NOOP",
        "STATUS": lambda: "STATUS INBOX (MESSAGES)",
        "FETCH n (UID FLAGS ENVELOPE)": lambda: f"FETCH {one(chance)} (UID FLAGS ENVELOPE)",
        "FETCH n BODY.PEEK[]": lambda: f"FETCH {one(chance)} BODY.PEEK[]",
        "FETCH n BODYSTRUCTURE": lambda: f"FETCH {one(chance)} BODYSTRUCTURE",
        "FETCH 1:5 (UID FLAGS)": lambda: "FETCH 1:5 (UID FLAGS)",
        "STORE n +-FLAGS (\\Seen)": lambda: f"STORE {one(chance)} {sign(chance)}FLAGS (\\Seen)",
        "UID SEARCH UNSEEN (20,000)": lambda: "UID SEARCH UNSEEN",
        "SELECT": lambda: "SELECT INBOX",
    }
    for name, make in kinds.items():
        count = rounds // 20 if "SEARCH" in name else rounds
        lines = [make() for _ in range(count)]
        start, used = time.perf_counter(), time.process_time()
        for line in lines:
            client.say(line)
        wall, used = time.perf_counter() - start, time.process_time() - used
        print(f"{name:<40} {used / count * 1e6:9.1f} us CPU {wall / count * 1e6:9.1f} us")


def one(chance: Random) -> int:
    return chance.randint(1, 5)


def sign(chance: Random) -> str:
    return chance.choice("+-")


def idle_octets(door: Entrance, sessions: int = 100) -> None:
    """Objects of an idle session, connection included; the transport is not counted."""
    warm = Client(door)
    warm.say(f"LOGIN {USER} secret")
    tracemalloc.start()
    kept = []
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(sessions):
        client = Client(door)
        client.say(f"LOGIN {USER} secret")
        client.say("SELECT INBOX")
        client.say("IDLE")
        kept.append(client)
    octets = (tracemalloc.get_traced_memory()[0] - before) / sessions
    tracemalloc.stop()
    print(f"idle session: {octets:.0f} octets of objects")


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU of IMAP commands")
    parser.add_argument("--letters", type=int, default=20_000)
    parser.add_argument("--dir", default=None)
    parser.add_argument("--profile", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.dir) as folder:
        data = Path(folder)
        prepare(data, CLOCK)
        store = LocalStore(data)
        fill(store, asked.letters)
        loop = asyncio.new_event_loop()
        door = entrance(data, store, loop)
        client = Client(door)
        client.say(f"LOGIN {USER} secret")
        many, some = asked.letters, min(10_000, asked.letters)
        measure(client, "SELECT INBOX", 1)
        if asked.profile:
            profile = cProfile.Profile()
            client.say(asked.profile)
            profile.runcall(client.say, asked.profile)
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
            return 0
        for line, count in (
            ("UID FETCH 1:* (FLAGS)", many),
            (f"FETCH 1:{some} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", some),
            (f"FETCH 1:{some} (UID BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])", some),
            (f"FETCH {many - 999}:{many} (BODY.PEEK[])", 1000),
            ("FETCH 1:1000 (BODYSTRUCTURE)", 1000),
            ("SEARCH FROM s13@outside.test", many),
            ("SEARCH UNSEEN", many),
            ("SEARCH SINCE 20-Nov-2026", many),
            ("SORT (SUBJECT DATE) UTF-8 ALL", many),
            ("SORT (REVERSE DATE) UTF-8 ALL", many),
            ("UID SORT RETURN (ALL) (FROM REVERSE ARRIVAL) UTF-8 UNSEEN", many),
            ("SORT (DISPLAYFROM DISPLAYTO) UTF-8 ALL", many),
            ("THREAD REFERENCES UTF-8 ALL", many),
            ("THREAD ORDEREDSUBJECT UTF-8 ALL", many),
        ):
            measure(client, line, count)
        measure(client, "SEARCH BODY needleinhaystack", many, 2)
        measure(client, "STORE 1:* +FLAGS.SILENT (\\Flagged)", many, 1)
        measure(client, "STORE 1:* -FLAGS.SILENT (\\Flagged)", many, 1)
        measure(client, "STORE 1:* +FLAGS (\\Flagged)", many, 1)
        measure(client, "STORE 1:5 +FLAGS (\\Deleted)", 5, 1)
        measure(client, "EXPUNGE", 5, 1)
        mix(client)
        idle_octets(door)
        loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
