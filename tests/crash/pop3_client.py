"""The part of the load that fetches by POP3: an account of its own, known to the last letter.

What QUIT answered with +OK is gone, all of it; when the answer was lost all that was marked is gone
or all is there; a session that ended in any other way deleted nothing.
"""

import asyncio
import random

from tests.crash.clients import ANSWER_SECONDS_MAX, CALM_SECONDS, Ended, Line, World
from tests.crash.server import DOMAIN, PASSWORD

LETTERS_MAX = 40
FREE_SECONDS_MAX = 40.0
"""After this the lease of a dead worker must have run out."""


class Busy(Exception):
    """Another session has the drop: that of a worker that was killed."""


class Pop3Client:
    """Sends itself letters by SMTP, fetches and deletes them."""

    def __init__(self, world: World, chance: random.Random, account: str) -> None:
        self.world = world
        self.chance = chance
        self.address = f"{account}@{DOMAIN}".encode()
        self.present: set[str] = set()
        self.maybe: set[str] = set()
        """Letters whose 250 was lost."""
        self.doubt: set[str] = set()
        """Marked, and the answer to QUIT was lost."""
        self.ids: dict[bytes, str] = {}
        """Unique id, and the token of the letter that had it first."""

    async def run(self) -> None:
        """Until the load is over."""
        while not self.world.is_over:
            try:
                if len(self.present) < LETTERS_MAX:
                    await self._send()
                await self._fetch()
            except Ended:
                await asyncio.sleep(CALM_SECONDS)
            except Busy:
                await asyncio.sleep(0.2)
            except TimeoutError:
                self._wrong(f"no answer in {ANSWER_SECONDS_MAX} s")

    async def reckon(self) -> None:
        """At the end: a last look, when the last lease has run out."""
        end = asyncio.get_running_loop().time() + FREE_SECONDS_MAX
        while True:
            try:
                line, _ = await self._open()
            except Busy:
                if asyncio.get_running_loop().time() > end:
                    self._wrong("the drop never becomes free")
                    return
                await asyncio.sleep(0.3)
            else:
                line.close()
                return

    def _wrong(self, problem: str) -> None:
        self.world.problems.append(f"{self.address.decode()}: {problem}")

    # ---- SMTP

    async def _send(self) -> None:
        line = await Line.open(self.world, "smtp")
        try:
            await line.reply()
            line.send(b"EHLO client.example.net\r\n")
            await line.reply()
            for _ in range(self.chance.randrange(1, 6)):
                await self._send_one(line)
        finally:
            line.close()

    async def _send_one(self, line: Line) -> None:
        token = self.world.token()
        size = self.chance.choice([1] * 9 + [3000])
        text = f"Subject: {token}\r\n\r\n{token} .\r\n".encode() + b".dots\r\n..\r\n" * size
        line.send(b"MAIL FROM:<me@example.net>\r\nRCPT TO:<%b>\r\nDATA\r\n" % self.address)
        replies = [await line.reply() for _ in range(3)]
        if replies[-1][0] != 354:
            raise EOFError
        self.maybe.add(token)
        line.send(text.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        code, _ = await line.reply()
        if code == 250:
            self.maybe.discard(token)
            self.present.add(token)

    # ---- POP3

    async def _open(self) -> tuple[Line, dict[str, int]]:
        """A session that found what must be there: each letter's token and its number."""
        line = await Line.open(self.world, "pop3")
        try:
            return line, await self._log_in(line)
        except BaseException:
            line.close()
            raise

    async def _log_in(self, line: Line) -> dict[str, int]:
        await line.line()
        line.send(b"USER %b\r\nPASS %b\r\n" % (self.address, PASSWORD.encode()))
        said = [await line.line() for _ in range(2)][1]
        if not said.startswith(b"+OK"):
            raise Busy if said.startswith(b"-ERR [IN-USE]") else EOFError
        line.send(b"UIDL\r\n")
        found = {}
        for row in await _lines(line):
            number, unique_id = row.split()
            found[await self._token(line, int(number), unique_id)] = int(number)
        self._compare(set(found))
        return found

    async def _token(self, line: Line, number: int, unique_id: bytes) -> str:
        known = self.ids.get(unique_id)
        if known is not None and self.chance.random() < 0.8:
            return known
        line.send(b"TOP %d 1\r\n" % number)
        token = (await _lines(line))[-1].split()[0].decode()
        if known not in (None, token):
            self._wrong(f"{unique_id!r} was {known} and is {token}")
        self.ids[unique_id] = token
        return token

    def _compare(self, found: set[str]) -> None:
        if lost := self.present - found:
            self._wrong(f"promised and lost: {lost}")
        if strange := found - self.present - self.maybe - self.doubt:
            self._wrong(f"deleted or never sent, and there: {strange}")
        if self.doubt & found and self.doubt - found:
            self._wrong(f"QUIT deleted a part: {self.doubt - found} of {self.doubt}")
        self.present = found
        self.maybe -= found
        self.doubt = set()

    async def _fetch(self) -> None:
        line, found = await self._open()
        try:
            if found:
                await self._read(line, self.chance.choice(sorted(found)), found)
            marked = {token for token in sorted(found) if self.chance.random() < 0.5}
            line.send(b"".join(b"DELE %d\r\n" % found[token] for token in sorted(marked)))
            for _ in marked:
                if not (await line.line()).startswith(b"+OK"):
                    raise EOFError
            await asyncio.sleep(self.chance.random() * 0.1)
            if self.chance.random() < 0.3:
                self.world.done["pop3 cut"] += 1
                return
            await self._quit(line, marked)
        finally:
            line.close()

    async def _read(self, line: Line, token: str, found: dict[str, int]) -> None:
        line.send(b"RETR %d\r\n" % found[token])
        rows = await _lines(line)
        body = rows[rows.index(b"") + 1 :]
        dots = set(body[1:])
        if body[0] != token.encode() + b" ." or not dots <= {b".dots", b".."}:
            self._wrong(f"{token}: other octets, {body[:3]}")
        self.world.done["pop3 retr"] += 1

    async def _quit(self, line: Line, marked: set[str]) -> None:
        with self.world.flight("pop3"):
            line.send(b"QUIT\r\n")
            self.present -= marked
            self.doubt = marked  # until the answer is there
            said = await line.line()
        self.doubt = set()
        if said.startswith(b"+OK"):
            self.world.done["pop3 quit"] += 1
        elif b"storage is away" in said:
            self.doubt = marked
        else:
            self.present |= marked


async def _lines(line: Line) -> list[bytes]:
    """The lines of an answer, dots taken off; raises one of Ended where there is none."""
    if not (await line.line()).startswith(b"+OK"):
        raise EOFError
    found = []
    while (row := await line.line()) != b".":
        found.append(row.removeprefix(b"."))
    return found
