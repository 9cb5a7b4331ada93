"""The hosts that our letters are relayed to, in the process that is never killed.

A letter that a sink answered with 250 is remembered for ever, and whether the other side heard that
answer: whoever gives another command on the connection did. While `is_moody` a sink refuses for a
while, says 421, and hangs up before or after the dot. Recipients say by their names how they fare:
ok1@, later1@ (refused for a while first), never1@ (refused for good).
"""

import asyncio
import random
import re
import socket
from collections import Counter
from dataclasses import dataclass, field

LATER_TIMES = 2
"""So often is a recipient who comes later put off."""
REFUSE_AT_DOT = b"X-Fate: refused at the dot"
SECONDS_MAX = 60.0


@dataclass(eq=False)
class Taken:
    """A letter that was kept here."""

    token: str
    recipients: tuple[str, ...]
    octets: bytes
    is_heard: bool = False
    """The other side went on after our 250."""


class Over(Exception):
    """The sink ends this connection."""


@dataclass
class Sink:
    """Some hosts, each with a port of its own, that share what they have taken."""

    chance: random.Random
    hosts: list[socket.socket]
    taken: list[Taken] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    """What went wrong on purpose, how often."""
    is_moody: bool = True
    open_letters: int = 0
    """Between DATA and our answer to the dot."""
    _later: Counter[tuple[str, str]] = field(default_factory=Counter)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _talks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @classmethod
    def of(cls, chance: random.Random, hosts: int) -> "Sink":
        """With so many hosts."""
        return cls(chance, [socket.create_server(("127.0.0.1", 0)) for _ in range(hosts)])

    @property
    def ports(self) -> list[int]:
        """One a host."""
        return [host.getsockname()[1] for host in self.hosts]

    async def start(self) -> None:
        self._servers = [
            await asyncio.start_server(self._serve, sock=host, limit=2**24) for host in self.hosts
        ]

    async def stop(self) -> None:
        """Takes no more and ends the connections there are."""
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def accepted(self) -> Counter[tuple[str, str]]:
        """Copies by token and recipient."""
        return Counter((t.token, to) for t in self.taken for to in t.recipients)

    def unheard(self) -> Counter[tuple[str, str]]:
        """Copies whose 250 nobody may have heard."""
        return Counter((t.token, to) for t in self.taken if not t.is_heard for to in t.recipients)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        try:
            await _Talk(self, reader, writer).run()
        except (Over, OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            writer.close()

    def mood(self, **moods: float) -> str:
        """One of these with its probability, or ""."""
        if self.is_moody:
            left = self.chance.random()
            for name, share in moods.items():
                left -= share
                if left < 0:
                    self.refusals[name] += 1
                    return name
        return ""

    def is_early(self, token: str, recipient: str) -> bool:
        """Who comes later is put off now."""
        self._later[token, recipient] += 1
        return recipient.startswith("later") and self._later[token, recipient] <= LATER_TIMES


class _Talk:
    """One connection."""

    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._has_sender = False
        self._recipients: list[str] = []
        self._chunks = b""
        self._last: Taken | None = None

    async def run(self) -> None:
        await self._say(b"220 sink.example ESMTP", busy=0.03, hangs_up=0.02)
        while True:
            line = await asyncio.wait_for(self._reader.readuntil(b"\r\n"), SECONDS_MAX)
            if self._last is not None:
                self._last.is_heard, self._last = True, None
            verb = line.split()[0].upper()
            if verb in (b"EHLO", b"HELO"):
                chunking = b"250-CHUNKING\r\n" if self._sink.chance.random() < 0.3 else b""
                await self._say(chunking + b"250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME")
            elif verb == b"MAIL":
                self._recipients, self._chunks = [], b""
                self._has_sender = await self._say(b"250 ok", busy=0.02, later=0.03)
            elif verb == b"RCPT":
                await self._recipient(line.split(b"<")[1].split(b">")[0].decode())
            elif verb == b"DATA":
                await self._data()
            elif verb == b"BDAT":
                await self._chunk(line)
            elif verb == b"QUIT":
                await self._say(b"221 bye")
                raise Over
            else:
                await self._say(b"250 ok")

    async def _recipient(self, recipient: str) -> None:
        if not self._has_sender:
            await self._say(b"503 5.5.1 no sender")
        elif recipient.startswith("never"):
            await self._say(b"550 5.1.1 nobody of this name")
        elif self._sink.is_early("", recipient):
            await self._say(b"451 4.2.0 come later")
        elif await self._say(b"250 ok", busy=0.01):
            self._recipients.append(recipient)

    async def _data(self) -> None:
        if not self._recipients:
            await self._say(b"554 5.5.1 no recipients")
            return
        if not await self._say(b"354 go ahead", busy=0.02, later=0.01):
            return
        if self._sink.mood(hangs_up_before_the_dot=0.03):
            await self._reader.read(100)
            raise Over
        self._sink.open_letters += 1
        try:
            ends = self._reader.readuntil(b"\r\n.\r\n")
            body = await asyncio.wait_for(ends, SECONDS_MAX)
            await self._end((b"\r\n" + body[:-3]).replace(b"\r\n..", b"\r\n.")[2:])
        finally:
            self._sink.open_letters -= 1

    async def _chunk(self, line: bytes) -> None:
        words = line.split()
        self._sink.open_letters += 1
        try:
            self._chunks += await self._reader.readexactly(int(words[1]))
            if not self._recipients:
                await self._say(b"554 5.5.1 no recipients")
            elif len(words) == 2:
                await self._say(b"250 ok")
            else:
                await self._end(self._chunks)
        finally:
            self._sink.open_letters -= 1

    async def _end(self, octets: bytes) -> None:
        """The whole letter is here; from the next line on it may be ours."""
        sink = self._sink
        await asyncio.sleep(sink.chance.choice([0, 0.01, 0.05, 0.1, 0.3]))
        if REFUSE_AT_DOT in octets:
            await self._say(b"554 5.6.0 not this one")
            return
        mood = sink.mood(busy_at_the_dot=0.02, later_at_the_dot=0.03, hangs_up_after_the_dot=0.03)
        if mood == "later_at_the_dot":
            await self._say(b"451 4.3.0 not now")
            return
        if mood == "busy_at_the_dot":
            await self._say(b"421 4.3.2 good bye")
            raise Over
        found = re.search(rb"(?m)^X-Token: (\w+)", octets)
        token = found[1].decode() if found else ""
        self._last = Taken(token, tuple(self._recipients), octets)
        sink.taken.append(self._last)
        if mood:
            raise Over
        await self._say(b"250 2.0.0 kept")

    async def _say(self, reply: bytes, **moods: float) -> bool:
        """Says it, or what the mood wants; False: it was refused for now."""
        mood = self._sink.mood(**moods)
        if mood == "hangs_up":
            raise Over
        if mood:
            reply = b"421 4.3.2 good bye" if mood == "busy" else b"451 4.3.0 not now"
        self._writer.write(reply + b"\r\n")
        await self._writer.drain()
        if mood == "busy":
            raise Over
        return not mood
