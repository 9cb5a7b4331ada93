"""The load: clients on raw sockets, each of which knows what it was promised.

An SMTP client sends letters with a token of their own. An IMAP client has an account for itself, so
that it can say what its two mailboxes must hold; when a connection ends before an answer, either
what was before or what would be after is right, and nothing else.
"""

import asyncio
import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.crash.server import DOMAIN, PASSWORD

ANSWER_SECONDS_MAX = 40.0
"""Nobody waits for ever: an answer or the end of the connection comes within this."""
CALM_SECONDS = 0.4
"""After a lost connection: what a dead worker had submitted may still be committed."""
BOX_LETTERS_MAX = 60
SMTP_PAUSE_SECONDS_MAX = 0.05
"""So that a hundred kills do not make a hundred thousand letters."""

Ended = (ConnectionError, asyncio.IncompleteReadError, OSError, EOFError)


@dataclass
class Sent:
    """A letter by SMTP."""

    recipients: tuple[str, ...]
    text: bytes
    promised: int = 0
    lost: int = 0
    refused: int = 0


@dataclass
class World:
    """What all clients share."""

    ports: Callable[[], dict[str, int]]
    letters: dict[str, Sent] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    given: dict[tuple[str, str, int, int], str] = field(default_factory=dict)
    """Account, mailbox, UIDVALIDITY, UID: the token that has it."""
    is_over: bool = False
    serial: int = 0
    accepting: asyncio.Event = field(default_factory=asyncio.Event)

    def token(self) -> str:
        """Never used before."""
        self.serial += 1
        return f"token{self.serial:07}"

    @contextmanager
    def flight(self, kind: str) -> Iterator[None]:
        """An operation that was sent and is not answered."""
        self.in_flight[kind] += 1
        try:
            yield
        finally:
            self.in_flight[kind] -= 1

    def saw(self, account: str, mailbox: str, uidvalidity: int, uid: int, token: str) -> None:
        """A UID belongs to one letter for ever."""
        before = self.given.setdefault((account, mailbox, uidvalidity, uid), token)
        if before != token:
            self.problems.append(
                f"{account} {mailbox} {uidvalidity} UID {uid} was {before}, now {token}"
            )


class Line:
    """One connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._is_gone = is_gone
        self._serial = 0

    @classmethod
    async def open(cls, world: World, service: str) -> "Line":
        """Connects; raises one of Ended."""
        await world.accepting.wait()
        port = world.ports().get(service, 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        # The server may die between SYN and ACK, and then the kernel tells the client nothing.
        return cls(reader, writer, lambda: world.ports().get(service, 0) != port)

    def send(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def line(self) -> bytes:
        """One whole line."""
        try:
            line = await asyncio.wait_for(self._reader.readuntil(b"\r\n"), ANSWER_SECONDS_MAX)
        except TimeoutError:
            if self._is_gone():
                raise EOFError from None
            raise
        return line[:-2]

    async def reply(self) -> tuple[int, bytes]:
        """An SMTP reply, its last line."""
        while True:
            line = await self.line()
            if line[3:4] != b"-":
                return int(line[:3]), line

    async def command(self, octets: bytes) -> tuple[bytes, bytes]:
        """An IMAP command without its tag: its tagged answer, and all that came before."""
        self._serial += 1
        tag = b"t%d" % self._serial
        self.send(tag + b" " + octets + b"\r\n")
        before: list[bytes] = []
        while True:
            line = await self.line()
            if line.startswith(tag + b" "):
                return line[len(tag) + 1 :], b"".join(before)
            before.append(line + b"\r\n")
            literal = re.search(rb"\{(\d+)\}$", line)
            if literal:
                rest = self._reader.readexactly(int(literal[1]))
                before.append(await asyncio.wait_for(rest, ANSWER_SECONDS_MAX))

    def close(self) -> None:
        self._writer.close()


# ---- SMTP


async def smtp_client(world: World, chance: random.Random, accounts: list[str]) -> None:
    """Delivers letters until the load is over."""
    again: str | None = None
    while not world.is_over:
        line = None
        try:
            line = await Line.open(world, "smtp")
            await line.reply()
            line.send(b"EHLO client.example.net\r\n")
            await line.reply()
            for _ in range(chance.randrange(1, 30)):
                token, again = again or _new_letter(world, chance, accounts), None
                again = await _send_letter(world, line, token)
                if again or world.is_over:
                    break
                await asyncio.sleep(chance.random() * SMTP_PAUSE_SECONDS_MAX)
            line.send(b"QUIT\r\n")
        except Ended:
            await asyncio.sleep(0.02)
        except TimeoutError:
            world.problems.append(f"no SMTP answer in {ANSWER_SECONDS_MAX} s")
        finally:
            if line is not None:
                line.close()
        if again and chance.random() < 0.5:
            again = None  # half of the lost ones are sent again


def _new_letter(world: World, chance: random.Random, accounts: list[str]) -> str:
    token = world.token()
    recipients = tuple(chance.sample(accounts, chance.choice([1, 1, 1, 2, 3])))
    size = chance.choice([300] * 12 + [5_000, 30_000, 150_000])
    line = b"the quick brown fox jumps over the lazy dog, token by token\r\n"
    text = (
        f"From: <client@example.net>\r\nSubject: {token}\r\nMessage-ID: <{token}@x>\r\n"
        f"X-Token: {token}\r\n\r\n"
    ).encode() + line * (size // len(line))
    if chance.random() < 0.05:
        text += b"a line that ends wrongly\n and so is refused\r\n"
    world.letters[token] = Sent(recipients, text)
    return token


async def _send_letter(world: World, line: Line, token: str) -> str | None:
    """The token when its answer was lost."""
    sent = world.letters[token]
    recipients = b"".join(b"RCPT TO:<%s@%s>\r\n" % (r.encode(), DOMAIN.encode())
                          for r in sent.recipients)  # fmt: skip
    line.send(b"MAIL FROM:<client@example.net>\r\n" + recipients + b"DATA\r\n")
    replies = [await line.reply() for _ in range(len(sent.recipients) + 2)]
    if replies[-1][0] != 354:
        if replies[-1][0] == 421:
            raise EOFError
        world.problems.append(f"no 354: {replies}")
        return None
    line.send(sent.text + b".\r\n")
    with world.flight("smtp"):
        try:
            code, said = await line.reply()
        except Ended:
            sent.lost += 1
            world.done["lost"] += 1
            return token
    if code == 250:
        sent.promised += 1
        world.done["delivered"] += 1
    else:
        sent.refused += 1
        world.done["refused"] += 1
        is_wrong = b"\n and so" in sent.text
        if not is_wrong and code // 100 == 5:
            world.problems.append(f"refused for good: {said!r}")
    return None


# ---- IMAP

Flags = frozenset[str]
Box = dict[int, tuple[str, Flags]]
"""UID: token and flags."""
State = dict[str, Box]


class ImapClient:
    """One account with mailboxes A (worked on) and B (copied to), known to the last flag."""

    def __init__(self, world: World, chance: random.Random, account: str) -> None:
        self.world = world
        self.chance = chance
        self.account = account
        self.boxes: State = {"A": {}, "B": {}}
        self.texts: dict[str, bytes] = {}
        self.uidvalidity: dict[str, int] = {}
        self.doubt: State | None = None
        """What would be true if the last command was done; new letters have UIDs below 0."""
        self._line: Line | None = None

    async def run(self) -> None:
        """Until the load is over."""
        while not self.world.is_over:
            try:
                await self.connect()
                while not self.world.is_over:
                    await self._work()
            except Ended:
                await asyncio.sleep(0.02)
            except TimeoutError:
                self.world.problems.append(f"{self.account}: no answer in {ANSWER_SECONDS_MAX} s")
            finally:
                self.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    async def connect(self) -> None:
        """Logs in, and compares what is there with what must be."""
        if self.doubt is not None:
            await asyncio.sleep(CALM_SECONDS)
        self._line = await Line.open(self.world, "imap")
        await self._line.line()
        await self._must(b'LOGIN %s@%s "%s"' % (
            self.account.encode(), DOMAIN.encode(), PASSWORD.encode()))  # fmt: skip
        for name in ("A", "B"):
            await self._line.command(b"CREATE " + name.encode())
        found = {name: await self._look(name) for name in ("B", "A")}  # A stays selected
        self._compare(found)
        self.boxes, self.doubt = found, None

    async def look_again(self) -> None:
        """Without a doubt everything must be as believed."""
        found = {name: await self._look(name) for name in ("B", "A")}
        self._compare(found)

    async def _must(self, command: bytes) -> tuple[bytes, bytes]:
        assert self._line is not None
        answer, before = await self._line.command(command)
        if not answer.startswith(b"OK"):
            if b"UNAVAILABLE" in answer or before.startswith(b"* BYE"):
                raise EOFError
            self.world.problems.append(f"{self.account}: {command[:60]!r} -> {answer!r}")
            raise EOFError
        return answer, before

    async def _look(self, name: str) -> Box:
        _, before = await self._must(b"SELECT " + name.encode())
        uidvalidity = int(re.findall(rb"UIDVALIDITY (\d+)", before)[0])
        if self.uidvalidity.setdefault(name, uidvalidity) != uidvalidity:
            self.world.problems.append(f"{self.account} {name}: another UIDVALIDITY")
        _, before = await self._must(
            b"UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-TOKEN)])"
        )
        box: Box = {}
        for part in re.split(rb"(?m)^\* \d+ FETCH ", before)[1:]:
            uid = re.search(rb"UID (\d+)", part)
            flags = re.search(rb"FLAGS \(([^)]*)\)", part)
            token = re.search(rb"X-Token: (\w+)", part)
            assert uid is not None, part
            assert flags is not None, part
            assert token is not None, part
            words = frozenset(flags[1].decode().split()) - {"\\Recent"}
            box[int(uid[1])] = (token[1].decode(), words)
            self.world.saw(self.account, name, uidvalidity, int(uid[1]), token[1].decode())
        return box

    def _compare(self, found: State) -> None:
        if _same(found, self.boxes):
            if self.doubt is not None:
                self.world.done["not done"] += 1
        elif self.doubt is not None and _same(found, self.doubt):
            self.world.done["done unheard"] += 1
        else:
            self.world.problems.append(
                f"{self.account}: found {_short(found)}, believed {_short(self.boxes)}"
                + (f" or {_short(self.doubt)}" if self.doubt else "")
            )

    # ---- commands

    async def _work(self) -> None:
        box = self.boxes["A"]
        if len(box) > BOX_LETTERS_MAX:
            await self._expunge()
        elif len(self.boxes["B"]) > BOX_LETTERS_MAX:
            await self._empty_b()
        else:
            kinds = [self._append] * 3 + [self._store, self._store, self._copy, self._move]
            kinds += [self._expunge] if self.chance.random() < 0.5 else []
            await (self.chance.choice(kinds) if box else self._append)()
        await asyncio.sleep(self.chance.random() * 0.004)

    async def _append(self) -> None:
        token = self.world.token()
        filling = b"x" * self.chance.choice([10, 10, 2_000, 70_000]) + b"\r\n"
        text = f"Subject: {token}\r\nX-Token: {token}\r\n\r\n".encode() + filling
        self.texts[token] = text
        flags: Flags = frozenset(self.chance.sample(["\\Seen", "$one", "\\Flagged"], 1))
        after = self._copied()
        after["A"][-1] = (token, flags)
        answer, _ = await self._do("append", after, b"APPEND A (%s) {%d+}\r\n%s" % (
            " ".join(flags).encode(), len(text), text))  # fmt: skip
        found = re.search(rb"APPENDUID (\d+) (\d+)", answer)
        assert found is not None, answer
        self.boxes["A"][int(found[2])] = (token, flags)
        self.world.saw(self.account, "A", int(found[1]), int(found[2]), token)

    async def _store(self) -> None:
        uids = self._some()
        word = self.chance.choice(["\\Deleted", "\\Seen", "$two", "\\Deleted"])
        adds = self.chance.random() < 0.7
        after = self._copied()
        for uid in uids:
            token, flags = after["A"][uid]
            after["A"][uid] = (token, flags | {word} if adds else flags - {word})
        await self._do("store", after, b"UID STORE %s %sFLAGS.SILENT (%s)" % (
            _set(uids), b"+" if adds else b"-", word.encode()))  # fmt: skip
        self.boxes = after

    async def _copy(self) -> None:
        uids = self._some()
        after = self._copied()
        for number, uid in enumerate(uids):
            after["B"][number - len(uids)] = after["A"][uid]
        answer, _ = await self._do("copy", after, b"UID COPY %s B" % _set(uids))
        self._learn(answer, uids)

    async def _move(self) -> None:
        uids = self._some()
        after = self._copied()
        for number, uid in enumerate(uids):
            after["B"][number - len(uids)] = after["A"].pop(uid)
        answer, before = await self._do("move", after, b"UID MOVE %s B" % _set(uids))
        self._learn(before + answer, uids)
        for uid in uids:
            del self.boxes["A"][uid]

    async def _expunge(self) -> None:
        after = self._copied()
        for uid, (_, flags) in self.boxes["A"].items():
            if "\\Deleted" in flags:
                del after["A"][uid]
        if len(after["A"]) > BOX_LETTERS_MAX:
            await self._store_all()
            return
        await self._do("expunge", after, b"EXPUNGE")
        self.boxes = after

    async def _store_all(self) -> None:
        after = self._copied()
        for uid, (token, flags) in after["A"].items():
            after["A"][uid] = (token, flags | {"\\Deleted"})
        await self._do("store", after, b"UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
        self.boxes = after

    async def _empty_b(self) -> None:
        await self._must(b"SELECT B")
        after = self._copied()
        for uid, (token, flags) in after["B"].items():
            after["B"][uid] = (token, flags | {"\\Deleted"})
        await self._do("store", after, b"UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
        self.boxes = after
        after = self._copied()
        after["B"] = {}
        await self._do("expunge", after, b"EXPUNGE")
        self.boxes = after
        await self._must(b"SELECT A")

    async def _do(self, kind: str, after: State, command: bytes) -> tuple[bytes, bytes]:
        self.doubt = after
        with self.world.flight(kind):
            found = await self._must(command)
        self.doubt = None
        self.world.done[kind] += 1
        return found

    def _learn(self, answer: bytes, uids: list[int]) -> None:
        found = re.search(rb"COPYUID (\d+) ([\d:,]+) ([\d:,]+)", answer)
        assert found is not None, answer
        assert _uids(found[2]) == uids, (answer, uids)
        for old, new in zip(uids, _uids(found[3]), strict=True):
            self.boxes["B"][new] = self.boxes["A"][old]
            token = self.boxes["A"][old][0]
            self.world.saw(self.account, "B", int(found[1]), new, token)

    def _some(self) -> list[int]:
        uids = sorted(self.boxes["A"])
        start = self.chance.randrange(len(uids))
        return uids[start : start + self.chance.choice([1, 1, 3, 8])]

    def _copied(self) -> State:
        return {name: dict(box) for name, box in self.boxes.items()}

    async def check_octets(self) -> None:
        """Every letter has the octets it was appended with."""
        for name in ("A", "B"):
            await self._must(b"SELECT " + name.encode())
            for uid, (token, _) in self.boxes[name].items():
                _, before = await self._must(b"UID FETCH %d (BODY.PEEK[])" % uid)
                if self.texts[token] not in before:
                    digest = hashlib.sha256(before).hexdigest()[:8]
                    self.world.problems.append(f"{self.account} {name} {uid}: octets {digest}")


def _same(found: State, expected: State) -> bool:
    """Known UIDs are equal; letters whose UIDs were not heard of are there in their order, above
    all that are known."""
    for name, box in expected.items():
        known = {uid: seen for uid, seen in box.items() if uid > 0}
        news = [seen for uid, seen in sorted(box.items()) if uid < 0]
        rest = {uid: seen for uid, seen in found[name].items() if uid not in known}
        if {uid: found[name].get(uid) for uid in known} != known:
            return False
        if [seen for _, seen in sorted(rest.items())] != news:
            return False
        if rest and known and min(rest) < max(known):
            return False
    return True


def _short(state: State | None) -> str:
    return str({name: dict(sorted(box.items())[-6:]) for name, box in (state or {}).items()})


def _set(uids: list[int]) -> bytes:
    return ",".join(map(str, uids)).encode()


def _uids(text: bytes) -> list[int]:
    found: list[int] = []
    for part in text.decode().split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found
