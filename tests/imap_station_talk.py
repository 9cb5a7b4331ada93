r"""Transcripts of the IMAP station: several clients of one house, played through core, visit and
connection.

    = letters 3            so many letters are in ann's INBOX before (subjects "Letter 1" ...)
    = selected yes         every client has INBOX selected, what that said is not part of the talk
    = fresh yes            no client is logged in; else all are ann@example.org
    = limits.errors_max 2  a limit of the core
    C: a NOOP              client 1 says it; `C2:` client 2, and so on; `C<<` without CRLF
    S: a OK *              client 1 hears it; `S2:` client 2
    ! deliver SUBJECT      something happens in the house, see `Actions`

As in `talk`, C lines stand for octets and S lines may have `*`. After a flight each client named in
the S lines behind it must have heard exactly these lines; the others may have heard nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imap_house import House
from posthouse.net.steps import one_turn
from posthouse.store import values
from posthouse.store.contract import StoreFailure
from posthouse.store.memory import MemoryStore
from posthouse.store.values import Why
from talk import TRANSCRIPTS, Cutter, each_byte, matches, octets, whole
from turn import run_now

MARK = re.compile(r"(?:([CS])([1-9]?)(:|<<)|(!|=))(?: (.*))?\Z", re.DOTALL)
READS = ("letters", "uids", "find")
WAITS = (
    "account", "account_by_address", "changes", "credentials", "keywords", "mailbox",
    "mailbox_by_name", "mailboxes", "octets", "subscriptions",
)  # fmt: skip


class Fickle:
    """A store that can be slow (every question waits a turn), away, or without its log."""

    def __init__(self, inner: MemoryStore, *, slow: bool) -> None:
        self.inner = inner
        self.slow = slow
        self.why: Why | None = None
        self.has_log = True
        self.bodies_gone = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if self.slow and name in WAITS:
            return self._waiting(found)
        if self.slow and name in READS:
            return self._slow_slices(found)
        return found

    async def commit(self, *given: values.AnyValue) -> tuple[values.AnyResult, ...]:
        if self.slow:
            await one_turn()
        if self.why is not None:
            raise StoreFailure(self.why, "as the test wants it")
        return await self.inner.commit(*given)

    async def changes(self, account: int, mailbox: int, since: int) -> Any:
        if self.slow:
            await one_turn()
        return await self.inner.changes(account, mailbox, since) if self.has_log else None

    async def vanished(self, account: int, mailbox: int, since: int, uids: values.Ranges) -> Any:
        if self.slow:
            await one_turn()
        return await self.inner.vanished(account, mailbox, since, uids) if self.has_log else None

    async def octets(self, body: bytes, first: int = 0, count: int = -1) -> bytes:
        if self.slow:
            await one_turn()
        if self.bodies_gone:
            raise KeyError(body)
        return await self.inner.octets(body, first, count)

    @staticmethod
    def _waiting(found: Callable[..., Any]) -> Callable[..., Any]:
        async def wait(*arguments: Any, **named: Any) -> Any:
            await one_turn()
            return await found(*arguments, **named)

        return wait

    @staticmethod
    def _slow_slices(found: Callable[..., Any]) -> Callable[..., Any]:
        async def slices(*arguments: Any, **named: Any) -> Any:
            async for piece in found(*arguments, **named):
                await one_turn()
                yield piece

        return slices


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript."""

    who: int
    """The client; 0 for the house."""
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark}{self.who or ''} {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation."""

    name: str
    lines: tuple[Line, ...]
    settings: dict[str, str]

    def __str__(self) -> str:
        return self.name


def parse(text: str, name: str) -> Talk:
    """Raises ValueError for a line that is none of the above."""
    lines, settings = [], {}
    for number, row in enumerate(text.split("\n"), 1):
        if not row.strip() or row.startswith("#"):
            continue
        match = MARK.match(row)
        if match is None:
            raise ValueError(f"{name}:{number}: neither C: nor S: nor anything known: {row}")
        rest = match[5] or ""
        if match[4] == "=":
            key, _, value = rest.partition(" ")
            settings[key] = value
        elif match[4] == "!":
            lines.append(Line(0, "!", rest))
        else:
            lines.append(Line(int(match[2] or 1), match[1] + match[3], rest))
    return Talk(name, tuple(lines), settings)


def all_talks(pattern: str = "*") -> list[Talk]:
    """The transcripts of tests/transcripts/imap that are for the station."""
    paths = sorted((TRANSCRIPTS / "imap/station").glob(f"{pattern}.talk"))
    assert paths, f"no transcript fits {pattern}"
    return [parse(path.read_text(encoding="utf-8"), path.stem) for path in paths]


class Actions:
    """What can happen in the house between."""

    def __init__(self, house: House, store: Fickle) -> None:
        self.house = house
        self.store = store

    def do(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        getattr(self, name)(rest)

    def deliver(self, subject: str) -> None:
        """A letter comes into ann's INBOX."""
        self.house.letter(plain_letter(subject))

    def letter(self, text: str) -> None:
        r"""A letter of these octets, written as in C lines, comes into ann's INBOX."""
        self.house.letter(octets(text))

    def commit(self, text: str) -> None:
        """Values as Python writes them: `SetFlags(1, 1, ((1, 1),), 1, 4, "")`."""
        value = eval(text, vars(values))
        run_now(self.store.inner.commit(value))

    def fail(self, why: str) -> None:
        """Commits fail so from now on; without a word they succeed again."""
        self.store.why = Why[why] if why else None

    def forget_log(self, _text: str) -> None:
        """The log of changes reaches back to no moment any more."""
        self.store.has_log = False

    def lose_bodies(self, _text: str) -> None:
        """Octets can be read no more."""
        self.store.bodies_gone = True

    def hours(self, text: str) -> None:
        """Time passes."""
        self.house.clock.advance(3600.0 * float(text))

    def shut_down(self, who: str) -> None:
        """The server stops."""
        self.house.clients[int(who or 1) - 1].connection.shut_down()

    def closed(self, who: str) -> None:
        """This connection is closed by the server."""
        assert self.house.clients[int(who or 1) - 1].is_closed

    def open(self, who: str) -> None:
        """This connection stands."""
        assert not self.house.clients[int(who or 1) - 1].is_closed

    def files(self, count: str) -> None:
        """So many large bodies have a file; of others nothing is left."""
        assert len(list(self.house.files.all())) == int(count)

    def no_faults(self, _text: str) -> None:
        assert not [line for line in self.house.lines if b"traceback" in line]


def plain_letter(subject: str) -> bytes:
    return (
        f"From: Ann Lee <ann@example.org>\r\nTo: bob@example.net\r\nSubject: {subject}\r\n"
        "Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"
        f"Message-ID: <{subject.replace(' ', '.')}@example.org>\r\n\r\nThis is {subject}.\r\n"
    ).encode()


def play(
    talk: Talk, folder: Path, cut: Cutter, *, slow: bool, on_sqlite: bool = False
) -> list[str]:
    """The conversation as it went: equal to its lines when it went as written."""
    limits = {
        key.removeprefix("limits."): int(value)
        for key, value in talk.settings.items()
        if key.startswith("limits.")
    }
    house = House(
        folder, wrap=lambda inner: Fickle(inner, slow=slow), on_sqlite=on_sqlite, **limits
    )
    for number in range(1, int(talk.settings.get("letters", "0")) + 1):
        house.letter(plain_letter(f"Letter {number}"))
    count = max(line.who for line in talk.lines)
    for _ in range(count):
        client = house.client()
        assert client.take().startswith(b"* OK [CAPABILITY IMAP4rev1 ")
        if "fresh" not in talk.settings:
            assert b"z OK" in client.say("z LOGIN ann@example.org secret")
        if "selected" in talk.settings:
            assert b"z OK" in client.say("z SELECT INBOX")
    try:
        return _play(talk, house, Actions(house, house.store), cut)
    finally:
        house.close()


def _play(talk: Talk, house: House, actions: Actions, cut: Cutter) -> list[str]:
    went: list[str] = []
    at = 0
    lines = talk.lines
    house.settle()
    while at < len(lines):
        while at < len(lines) and lines[at].mark[0] != "S":
            who, mark = lines[at].who, lines[at].mark
            flight = b""
            if who == 0:
                actions.do(lines[at].text)
                went.append(str(lines[at]))
                at += 1
            while who and at < len(lines) and (lines[at].who, lines[at].mark[0]) == (who, mark[0]):
                flight += octets(lines[at].text) + b"\r\n" * (lines[at].mark == "C:")
                went.append(str(lines[at]))
                at += 1
            if who:
                house.clients[who - 1].send(flight, cut)
            house.settle()
        wanted = []
        while at < len(lines) and lines[at].mark[0] == "S":
            wanted.append(lines[at])
            at += 1
        went += _heard(house, wanted)
    return went


def _heard(house: House, wanted: list[Line]) -> list[str]:
    """What all clients heard, in the order of the lines that were wanted."""
    said: list[list[Line]] = []
    for number, client in enumerate(house.clients, 1):
        *full, rest = client.take().decode("utf-8", "backslashreplace").split("\r\n")
        heard = [Line(number, "S:", line) for line in full]
        said.append([*heard, Line(number, "S<<", rest)] if rest else heard)
    went = []
    for want in wanted:
        queue = said[want.who - 1]
        line = queue.pop(0) if queue else None
        if line is not None and line.mark == want.mark and matches(want.text, line.text):
            went.append(str(want))
        elif line is not None:
            went.append(str(line))
    return went + [str(line) for queue in said for line in queue]


def played(pattern: str) -> Callable[[Any], Any]:
    """A test of each transcript that fits, packets whole and cut, the store prompt and slow."""

    def decorate(test: Any) -> Any:
        for name, values_, ids in (
            ("talk", all_talks(pattern), str),
            ("cut", [whole, each_byte], ["whole", "each_byte"]),
            ("slow", [False, True], ["prompt", "slow"]),
        ):
            test = pytest.mark.parametrize(name, values_, ids=ids)(test)
        return test

    return decorate


def check(talk: Talk, folder: Path, cut: Cutter, *, slow: bool) -> None:
    """Plays it; a failure shows the two conversations."""
    assert expected(talk) == play(talk, folder, cut, slow=slow)


def expected(talk: Talk) -> list[str]:
    return [str(line) for line in talk.lines]
