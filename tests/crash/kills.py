"""Durability proof 2 (docs/how-durability-works.md): kill -9 under load, again and again.

python -m tests.crash.kills --kills 100 --seed 7

Starts the real server, drives it with many clients, kills a scribe, a worker, the supervisor or all
of them at random moments with at least 8 operations in flight, and holds what is found against what
was answered. Prints a table of the kills; exits 1 when anything was wrong.
"""

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.clients import ImapClient, Sent, World, smtp_client
from tests.crash.pop3_client import Pop3Client
from tests.crash.server import Server, is_alive, kill
from tests.crash.sink import Sink
from tests.crash.submitters import (
    FAR,
    HOSTS,
    Key,
    Outcome,
    Submitter,
    other_octets,
    reports_in,
    wrong_relays,
)

from posthouse.store.sqlite.database import open_reader
from posthouse.store.sqlite.verify import verify

TARGETS = ("scribe", "worker", "scribe", "worker", "supervisor", "all")
IN_FLIGHT_MIN = 8
SMTP_CLIENTS = 14
IMAP_CLIENTS = 8
POP3_CLIENTS = 2
SUBMITTERS = 6
DELIVERED = ["dora", "dirk", "dana"]
"""Accounts whose INBOXes are delivered to."""
FETCHED_A_STEP = 200
RESTART_SECONDS_MAX = 60.0
QUEUE_SECONDS_MAX = 60.0
"""So long may the queue take to become empty when all hosts are well again."""


@dataclass
class Kill:
    """One row of the table."""

    number: int
    target: str
    after_ms: int
    in_flight: dict[str, int]
    relaying: int
    """Letters whose end was on its way to a host."""
    queued: int
    """Recipients in the queue."""
    answered: int = 0
    whole_ms: int = 0
    problems: int = 0


@dataclass
class Report:
    """What a run found."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    folder: Path = Path()


def queue_rows(data: Path) -> list[tuple[Key, str]]:
    """Token and recipient of every row of the queue, and who holds it."""
    db = open_reader(data)
    try:
        rows = db.execute(
            "SELECT message_id, address, holder FROM queue_recipient AS r"
            " JOIN queue_letter AS l ON l.id=r.letter"
        ).fetchall()
    finally:
        db.close()
    return [((m.strip("<>").partition("@")[0], address), holder) for m, address, holder in rows]


class Observer:
    """Reads the database between kills: numbers only grow, and are given once."""

    def __init__(self, data: Path, problems: list[str]) -> None:
        self._data = data
        self._problems = problems
        self._accounts: dict[int, int] = {}
        self._boxes: dict[tuple[int, int], tuple[int, int]] = {}
        self._letters: dict[tuple[int, int, int], tuple[int, int, str, bytes]] = {}
        self._ever: dict[tuple[int, int, int], bytes] = {}

    def look(self) -> None:
        """Compares with the last look."""
        db = open_reader(self._data)
        try:
            db.execute("BEGIN")
            accounts = dict(db.execute("SELECT id, modseq FROM account").fetchall())
            boxes = {
                (account, box): (uidvalidity, uidnext)
                for account, box, uidvalidity, uidnext in db.execute(
                    "SELECT account, id, uidvalidity, uidnext FROM mailbox"
                )
            }
            letters = {
                (account, box, uid): (modseq, flags, keywords, body)
                for account, box, uid, modseq, flags, keywords, body in db.execute(
                    "SELECT p.account, p.mailbox, p.uid, p.modseq, p.flags, p.keywords, e.body"
                    " FROM placement AS p JOIN email AS e ON e.key=(p.account<<40)+p.email"
                )
            }
        finally:
            db.close()
        for account, modseq in self._accounts.items():
            self._check(accounts.get(account, 0) >= modseq, f"account {account}: MODSEQ went back")
        for key, (uidvalidity, uidnext) in self._boxes.items():
            now = boxes.get(key, (0, 0))
            self._check(now[0] == uidvalidity, f"mailbox {key}: UIDVALIDITY {uidvalidity} to {now}")
            self._check(now[1] >= uidnext, f"mailbox {key}: UIDNEXT {uidnext} to {now[1]}")
        for key, row in letters.items():
            self._letter(key, row)
        self._accounts, self._boxes, self._letters = accounts, boxes, letters

    def _letter(self, key: tuple[int, int, int], row: tuple[int, int, str, bytes]) -> None:
        before = self._letters.get(key)
        body = self._ever.setdefault(key, row[3])
        self._check(body == row[3], f"{key}: the UID was given to two letters")
        floor = self._accounts.get(key[0], 0)
        if before is None:
            uidnext = self._boxes.get(key[:2], (0, 1))[1]
            self._check(key[2] >= uidnext, f"{key}: a new letter below UIDNEXT {uidnext}")
            self._check(row[0] > floor, f"{key}: new, but its MODSEQ {row[0]} is old ({floor})")
        elif before[:3] != row[:3]:
            self._check(row[0] > floor, f"{key}: changed, but its MODSEQ {row[0]} is old ({floor})")

    def _check(self, is_right: bool, problem: str) -> None:
        if not is_right:
            self._problems.append(problem)


def run(
    kills: int,
    seed: int,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
    spoils: str = "",
) -> Report:
    """Starts a server in the folder and kills it so often."""
    report = Report(seed, folder=folder)
    sink = Sink.of(random.Random(f"{seed} sink"), HOSTS)
    routes = {FAR % number: port for number, port in enumerate(sink.ports)}
    server = Server(folder, spoils=spoils, routes=routes)
    owners = [f"owner{number}" for number in range(IMAP_CLIENTS)]
    fetchers = [f"fetcher{number}" for number in range(POP3_CLIENTS)]
    senders = [f"sender{number}" for number in range(SUBMITTERS)]
    server.add_accounts(DELIVERED + owners + fetchers + senders)
    server.start()
    try:
        asyncio.run(_Run(report, server, sink, owners, fetchers, senders, say).run(kills))
    except Exception as failed:  # noqa: BLE001 - whatever it was, the run was not right
        report.problems.append(f"{type(failed).__name__} {failed}")
    finally:
        server.kill_all()
        if server.process is not None:
            server.reap()
    return report


class _Run:
    def __init__(
        self,
        report: Report,
        server: Server,
        sink: Sink,
        owners: list[str],
        fetchers: list[str],
        senders: list[str],
        say: Callable[[str], None],
    ) -> None:
        self._report = report
        self._server = server
        self._sink = sink
        self._say = say
        self._chance = random.Random(report.seed)
        self._world = World(lambda: server.ports, problems=report.problems)
        self._world.accepting.set()
        self._observer = Observer(server.data, report.problems)
        self._owners = [
            ImapClient(self._world, random.Random(f"{report.seed} {name}"), name) for name in owners
        ]
        self._fetchers = [
            Pop3Client(self._world, random.Random(f"{report.seed} {name}"), name)
            for name in fetchers
        ]
        self._senders = [
            Submitter(self._world, random.Random(f"{report.seed} {name}"), name, DELIVERED)
            for name in senders
        ]
        self._excused: Counter[Key] = Counter()

    async def run(self, kills: int) -> None:
        """The load, the kills, and the reckoning at the end."""
        await self._sink.start()
        clients = [
            asyncio.create_task(
                smtp_client(self._world, random.Random(f"{self._report.seed} {n}"), DELIVERED)
            )
            for n in range(SMTP_CLIENTS)
        ] + [
            asyncio.create_task(one.run())
            for one in (*self._owners, *self._fetchers, *self._senders)
        ]
        self._say(HEADING)
        try:
            await self._until_busy()
            for number in range(1, kills + 1):
                await self._kill(number)
            await asyncio.sleep(0.5)
            self._world.is_over = True
            await asyncio.wait_for(asyncio.gather(*clients), 90)
        finally:
            for client in clients:
                client.cancel()
            self._report.done = dict(self._world.done)
        await self._reckon()
        await self._sink.stop()

    async def _kill(self, number: int) -> None:
        target = self._chance.choice(TARGETS)
        after = self._chance.uniform(0.05, 0.7)
        began = time.monotonic()
        await asyncio.sleep(after)
        pids = self._server.pids()
        victims = [pid for found in pids.values() for pid in found]
        if target != "all":
            victims = [self._chance.choice(pids[target])]
        self._chance.shuffle(victims)
        holders = self._server.holders()
        await self._until_busy()
        row = Kill(
            number,
            target,
            int((time.monotonic() - began) * 1000),
            dict(+self._world.in_flight),
            self._sink.open_letters,
            len(queue_rows(self._server.data)),
        )
        for pid in victims:
            kill(pid)
        if target == "worker":
            self._excuse(holders[victims[0]])
        killed = time.monotonic()
        await self._until_whole(target, victims, [p for found in pids.values() for p in found])
        row.whole_ms = int((time.monotonic() - killed) * 1000)
        self._observer.look()
        row.answered = sum(self._world.done.values())
        row.problems = len(self._report.problems)
        self._report.kills.append(row)
        self._say(line_of(row))

    async def _until_busy(self) -> None:
        """Enough operations are in flight."""
        end = time.monotonic() + 30
        while sum(self._world.in_flight.values()) < IN_FLIGHT_MIN:
            assert time.monotonic() < end, f"only {self._world.in_flight} in flight"
            await asyncio.sleep(0)

    async def _until_whole(self, target: str, victims: list[int], everyone: list[int]) -> None:
        """What must be started again is, and all are ready."""
        end = time.monotonic() + RESTART_SECONDS_MAX
        if target in {"supervisor", "all"}:
            self._world.accepting.clear()
            self._server.reap()
            while any(is_alive(pid) for pid in everyone):
                assert time.monotonic() < end, "orphans of the supervisor do not end"
                await asyncio.sleep(0.01)
            self._excuse("")
            await asyncio.to_thread(self._server.start)
            self._world.accepting.set()
        while not self._server.is_whole(victims):
            assert time.monotonic() < end, f"{target} was not started again"
            await asyncio.sleep(0.01)

    def _excuse(self, holder: str) -> None:
        """A worker has just died, or all have ("") : what a host has accepted and the queue still
        holds for it, the host will see once more."""
        accepted = self._sink.accepted()
        for key, held_by in queue_rows(self._server.data):
            if accepted[key] and held_by.startswith(holder):
                self._excused[key] += 1

    async def _until_relayed(self) -> None:
        """The queue is empty, now that all hosts are well."""
        self._sink.is_moody = False
        end = time.monotonic() + QUEUE_SECONDS_MAX
        while rows := queue_rows(self._server.data):
            if time.monotonic() > end:
                self._report.problems.append(
                    f"{len(rows)} recipients stay in the queue: {rows[:3]}"
                )
                return
            await asyncio.sleep(0.05)

    async def _reckon(self) -> None:
        """Everything that was promised is there, once; nothing else is."""
        problems = self._report.problems
        await self._until_relayed()
        self._observer.look()
        for owner in self._owners:
            await owner.connect()
            await owner.check_octets()
            await owner.look_again()
            owner.close()
        for fetcher in self._fetchers:
            await fetcher.reckon()
        found = {name: await inbox(self._world, name) for name in DELIVERED}
        problems += wrong_deliveries(self._world.letters, found)
        await self._reckon_relays(found)
        code = await asyncio.to_thread(self._server.stop)
        if code != 0:
            problems.append(f"exit {code} at the end")
        problems += verify(self._server.data, None, lambda text: None).problems
        tracebacks = re.findall(r"traceback=.*", self._server.log.read_text("utf-8", "replace"))
        problems += [f"logged: {line[-300:]}" for line in tracebacks[:3]]

    async def _reckon_relays(self, found: dict[str, dict[str, list[bytes]]]) -> None:
        """What was submitted for elsewhere."""
        sink, problems = self._sink, self._report.problems
        letters = {token: letter for one in self._senders for token, letter in one.letters.items()}
        here: dict[str, Counter[str]] = {token: Counter() for token in letters}
        for name, tokens in found.items():
            for token, copies in tokens.items():
                if token in here:
                    here[token][name] += len(copies)
        outcome = Outcome(
            accepted=sink.accepted(),
            excused=self._excused + sink.unheard(),
            waiting=Counter(key for key, _ in queue_rows(self._server.data)),
        )
        for one in self._senders:
            reports = await inbox(self._world, one.account)
            problems += reports_in(reports.items(), outcome)
        problems += wrong_relays(letters, here, outcome) + other_octets(letters, sink)
        self._report.done |= {
            "relayed": sum(outcome.accepted.values()),
            "relayed twice": sum(count - 1 for count in outcome.accepted.values()),
            "excuses": sum(outcome.excused.values()),
            "reported failed": sum(outcome.failed.values()),
            "reported relayed": sum(outcome.relayed.values()),
            **sink.refusals,
        }


async def inbox(world: World, name: str) -> dict[str, list[bytes]]:
    """All letters in an INBOX by token."""
    reader = ImapClient(world, random.Random(0), name)
    await reader.connect()
    line: Any = reader._line
    await line.command(b"SELECT INBOX")
    found: dict[str, list[bytes]] = {}
    first = 1
    while True:
        fetch = b"UID FETCH %d:%d (BODY.PEEK[])" % (first, first + FETCHED_A_STEP - 1)
        _, fetched = await line.command(fetch)
        for part in re.split(rb"(?m)^\* \d+ FETCH \(", fetched)[1:]:
            token = re.search(rb"X-Token: (\w+)", part)
            assert token is not None, part[:200]
            found.setdefault(token[1].decode(), []).append(part)
        if not fetched:
            break
        first += FETCHED_A_STEP
    reader.close()
    return found


def wrong_deliveries(
    letters: dict[str, Sent], found: dict[str, dict[str, list[bytes]]]
) -> list[str]:
    """Promised letters are there, those whose answer was lost may be, for all or for none."""
    wrong = []
    for token, sent in letters.items():
        counts = {name: len(found[name].get(token, [])) for name in sent.recipients}
        if len(set(counts.values())) != 1:
            wrong.append(f"{token} came to some of its recipients only: {counts} {sent.lost}")
        for name, count in counts.items():
            if not sent.promised <= count <= sent.promised + sent.lost:
                wrong.append(
                    f"{token} for {name}: {count} times, promised {sent.promised},"
                    f" lost {sent.lost}, refused {sent.refused}"
                )
            if any(sent.text not in octets for octets in found[name].get(token, [])):
                wrong.append(f"{token} for {name}: other octets")
    for name, tokens in found.items():
        wrong += [
            f"{token} came to {name}, who was no recipient"
            for token in tokens
            if token not in letters or name not in letters[token].recipients
        ]
    return wrong


HEADING = f"kill  target      after ms  {'in flight':60}  relaying  queued  whole ms  answered"


def line_of(row: Kill) -> str:
    """A row of the table."""
    flight = f"{sum(row.in_flight.values())}: " + " ".join(
        f"{kind} {count}" for kind, count in sorted(row.in_flight.items())
    )
    return (
        f"{row.number:4}  {row.target:10}  {row.after_ms:8}  {flight:60}"
        f"  {row.relaying:8}  {row.queued:6}  {row.whole_ms:8}  {row.answered:8}"
        + ("  WRONG" if row.problems else "")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills the server under load and checks it.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="posthouse-kills-"))
    print(f"seed {arguments.seed}, files in {folder}")
    report = run(arguments.kills, arguments.seed, folder, lambda line: print(line, flush=True))
    print("answered:", report.done)
    for problem in report.problems[:20]:
        print("WRONG", problem)
    print(f"{len(report.kills)} kills, {len(report.problems)} problems")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
