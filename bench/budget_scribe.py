"""What the embedded store costs: microseconds of CPU a letter, letters a second, flags, reads.
Prints a table.

`python bench/budget_scribe.py [--dir DIR] [--letters N]` with src on PYTHONPATH. The directory must
be on the disk that is measured: a tmpfs knows no sync.
"""

import argparse
import asyncio
import contextlib
import hashlib
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from posthouse.base.clock import SystemClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.mail.rendered import Rendered
from posthouse.store.contract import Condition
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import SOCKET_NAME
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.ledger import Kept, Ledger
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.scribe import run_scribe
from posthouse.store.values import (
    FLAGGED,
    INBOX,
    SEEN,
    AddAccount,
    AddDomain,
    Append,
    AppendLetter,
    Deliver,
    Expunge,
    FlagChange,
    NewBody,
    Place,
    SetFlags,
)

CLOCK = SystemClock()
LOG = Log(CLOCK, lambda line: os.write(2, line), Level.WARNING)
SETTINGS = StoreSettings()
IDS = Ids(CLOCK)
ACCOUNTS = 50
ALL = ((1, 2**32 - 1),)


def letter(number: int, octets: int = 2048) -> tuple[NewBody, Rendered]:
    """A letter of ordinary size with what is rendered of it."""
    text = (b"line %d of a letter that somebody wrote to somebody else\r\n" % number) * 64
    data = text[:octets]
    sender = f"Sender Number {number} <sender{number}@example.net>"
    rendered = Rendered(
        header_octets=420,
        envelope=b'("Tue, 24 Nov 2026 10:00:00 +0000" "subject of letter %d" '
        b'(("Sender" NIL "sender%d" "example.net")) (("Sender" NIL "sender%d" "example.net")) '
        b'(("Sender" NIL "sender%d" "example.net")) (("Ann" NIL "ann" "example.org")) NIL NIL NIL '
        b'"<%032d@example.net>")' % (number, number, number, number, number),
        bodystructure=b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "8BIT" 1628 30 NIL NIL NIL)',
        parts=bytes(48),
        sent=1_795_000_000 + number,
        sent_day=20_775 + number % 300,
        from_key=f"SENDER{number}",
        to_key="ANN",
        cc_key="",
        subject_key=f"SUBJECT OF LETTER {number}",
        is_reply=False,
        from_text=sender.lower(),
        to_text="ann <ann@example.org>",
        cc_text="",
        bcc_text="",
        subject_text=f"subject of letter {number}",
        subject=f"Subject of letter {number}",
        message_id=f"{number:032}@example.net",
        references=(),
        thread_keys=(int.from_bytes(os.urandom(7), "big"),),
        preview="line of a letter that somebody wrote to somebody else " * 3,
        has_attachment=False,
    )
    return NewBody(bytes(IDS.letter()), hashlib.sha256(data).digest(), len(data), data), rendered


def deliver(number: int, account: int) -> Deliver:
    body, rendered = letter(number)
    return Deliver(body, rendered, 1_795_000_000 + number, (Place(account, INBOX),))


def say(what: str, figure: float, unit: str) -> None:
    print(f"{what:<58} {figure:>10.1f} {unit}", flush=True)


def accounts(ledger: Ledger) -> None:
    ledger.commit([[AddDomain("example.org")]])
    for number in range(ACCOUNTS):
        address = f"user{number}@example.org"
        ledger.commit([[AddAccount(address, address, 0, ())]])


def bench_ledger(data: Path, letters: int) -> None:
    """The write path alone, in this process."""
    ledger = Ledger(data, clock=CLOCK, log=LOG, settings=SETTINGS)
    accounts(ledger)
    for batch in (1, 8, 50, 250):
        count = min(letters, batch * 200)
        made = [[deliver(number, number % ACCOUNTS + 1)] for number in range(count)]
        cpu, wall = time.process_time(), time.perf_counter()
        for start in range(0, count, batch):
            outcomes = ledger.commit(made[start : start + batch])
            assert all(isinstance(outcome, Kept) for outcome in outcomes)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        say(f"ledger, {batch} a commit: CPU with the sync's share", cpu / count * 1e6, "us/letter")
        say(f"ledger, {batch} a commit: wall", wall / count * 1e6, "us/letter")
        ledger.checkpoint(idle=True)
    made = [[deliver(number, number % ACCOUNTS + 1)] for number in range(2000)]
    ledger.db.execute("BEGIN IMMEDIATE")
    cpu = time.process_time()
    ledger._apply(made)
    cpu = time.process_time() - cpu
    ledger.db.execute("COMMIT")
    say("Deliver alone, no commit: CPU", cpu / 2000 * 1e6, "us/letter")
    ledger.close()


@contextlib.contextmanager
def scribe(data: Path) -> Iterator[None]:
    listener = socket.socket(socket.AF_UNIX)
    (data / SOCKET_NAME).unlink(missing_ok=True)
    listener.bind(str(data / SOCKET_NAME))
    listener.listen(64)
    process = multiprocessing.get_context("fork").Process(
        target=run_scribe,
        kwargs={
            "data": data,
            "listener": listener,
            "clock": CLOCK,
            "log": LOG,
            "metrics": None,
            "settings": SETTINGS,
        },
    )
    process.start()
    yield
    process.terminate()
    process.join()


async def bench_scribe(data: Path, seconds: float) -> None:
    """The whole way: client, socket, scribe, answer."""
    store = SqliteStore(data, clock=CLOCK, log=LOG)
    store.start(asyncio.get_running_loop())
    for waiting in (1, 10, 50):
        made = [deliver(number, number % ACCOUNTS + 1) for number in range(int(seconds * 9000))]
        end = time.perf_counter() + seconds
        times: list[float] = []

        async def session(end: float = end, made: list[Deliver] = made) -> None:
            while time.perf_counter() < end and made:
                began = time.perf_counter()
                await store.commit(made.pop())
                times.append(time.perf_counter() - began)  # noqa: B023 - awaited in this turn

        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(session() for _ in range(waiting)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        times.sort()
        say(f"scribe, {waiting} waiting", len(times) / wall, "letters/s")
        say(f"scribe, {waiting} waiting: CPU in the worker", cpu / len(times) * 1e6, "us/letter")
        say(f"scribe, {waiting} waiting: p50", times[len(times) // 2] * 1000, "ms")
        say(f"scribe, {waiting} waiting: p99", times[len(times) * 99 // 100] * 1000, "ms")
    store.close()


def bench_large(data: Path, letters: int) -> None:
    """A mailbox of many letters."""
    ledger = Ledger(data, clock=CLOCK, log=LOG, settings=SETTINGS)
    added: Any = ledger.commit([[AddAccount("large@example.org", "", 0, ())]])[0]
    account = added.results[0].account
    started = time.perf_counter()
    for start in range(0, letters, 50):
        found = [letter(number) for number in range(start, start + 50)]
        value = tuple(AppendLetter(body, rendered, 0, 0, "") for body, rendered in found)
        ledger.commit([[Append(account, INBOX, value)]])
    say(
        "Append of 50 letters, making them too",
        (time.perf_counter() - started) / letters * 1e6,
        "us/letter",
    )
    ledger.checkpoint(idle=True)

    def timed(what: str, value: Any) -> None:
        started = time.perf_counter()
        outcome = ledger.commit([[value]])[0]
        assert isinstance(outcome, Kept), outcome
        say(f"{what} of {letters:,}, with its commit", (time.perf_counter() - started) * 1e3, "ms")

    flags = (account, INBOX, ALL)
    timed("SetFlags +\\Seen", SetFlags(*flags, FlagChange.ADD, SEEN, ""))
    timed("SetFlags +\\Flagged", SetFlags(*flags, FlagChange.ADD, FLAGGED, ""))
    timed("SetFlags -\\Seen", SetFlags(*flags, FlagChange.REMOVE, SEEN, ""))
    timed("SetFlags +keyword", SetFlags(*flags, FlagChange.ADD, 0, "$Label1"))
    half = tuple((uid, uid) for uid in range(1, letters, 2))
    timed(
        "SetFlags +\\Answered, every second", SetFlags(account, INBOX, half, FlagChange.ADD, 2, "")
    )
    timed("SetFlags =()", SetFlags(*flags, FlagChange.REPLACE, 0, ""))
    ledger.checkpoint(idle=True)
    asyncio.run(bench_reads(data, account, letters))
    timed("Expunge any flag", Expunge(account, INBOX, None, True))
    ledger.close()


async def bench_reads(data: Path, account: int, letters: int) -> None:
    store = SqliteStore(data, clock=CLOCK, log=LOG)

    async def whole(slices: Any) -> int:
        return sum([len(part) async for part in slices])

    async def timed(what: str, work: Callable[[], Any], times: int = 1) -> None:
        await work()
        began = time.perf_counter()
        for _ in range(times):
            await work()
        spent = (time.perf_counter() - began) / times
        if times > 1:
            say(what, spent * 1e6, "us")
        else:
            say(f"{what} of {letters:,}, warm", spent * 1e3, "ms")

    def read(*fields: Any) -> Callable[[], Any]:
        return lambda: whole(store.letters(account, INBOX, ALL, fields))

    def find(*conditions: Condition) -> Callable[[], Any]:
        return lambda: whole(store.find(account, INBOX, ALL, conditions))

    await timed("mailbox()", lambda: store.mailbox(account, INBOX), 20_000)
    await timed(
        "account_by_address()", lambda: store.account_by_address("user7@example.org"), 20_000
    )
    await timed("epoch()", store.epoch, 20_000)
    await timed(
        "one letter, uid flags envelope",
        lambda: whole(store.letters(account, INBOX, ((77, 77),), ("uid", "flags", "envelope"))),
        5000,
    )
    began = time.perf_counter()
    fresh = SqliteStore(data, clock=CLOCK, log=LOG)
    await fresh.mailbox(account, INBOX)
    await whole(fresh.uids(account, INBOX))
    say("open, mailbox(), uids()", (time.perf_counter() - began) * 1e3, "ms")
    await timed(
        "SELECT-like: mailbox(), keywords(), uids()", lambda: _select(store, account, whole)
    )
    await timed("uid, flags", read("uid", "flags", "keywords", "modseq"))
    await timed("uid, envelope", read("uid", "envelope"))
    await timed("uid, octets", read("uid", "octets"))
    await timed("find from contains", find(Condition("from_text", "contains", "sender777@")))
    await timed("find sent_day at_least", find(Condition("sent_day", "at_least", 20_900)))
    await timed("find unseen", find(Condition("flags", "bits_off", SEEN)))
    await timed("sort keys", read("uid", "subject_key", "sent"))
    store.close()
    fresh.close()


async def _select(store: SqliteStore, account: int, whole: Callable[[Any], Any]) -> None:
    await store.mailbox(account, INBOX)
    await store.keywords(account, INBOX)
    await whole(store.uids(account, INBOX))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--letters", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        data = Path(folder)
        prepare(data, CLOCK)
        bench_ledger(data, options.letters)
        with scribe(data):
            asyncio.run(bench_scribe(data, options.seconds))
        bench_large(data, options.letters)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
