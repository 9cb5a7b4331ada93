"""Another host, as it should be and as it should not: an SMTP server in the test's own loop.

    remote = Remote(extensions=["PIPELINING"], script={"RCPT": [b"250 ok", b"550 no"]})
    await remote.start()

`script` gives replies by verb (GREETING, EHLO, HELO, MAIL, RCPT, DATA, DOT, BDAT, RSET, STARTTLS,
QUIT), one after the other, the last one stays. DROP closes, HANG never answers, ENDLESS never ends
its line, GARBAGE is no reply; octets without CRLF get one.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final

DROP: Final = b"<drop>"
HANG: Final = b"<hang>"
ENDLESS: Final = b"<endless>"
GARBAGE: Final = b"\x80\x81 what is this\r\n"

GOOD: Final = {
    "GREETING": b"220 mx.example ESMTP",
    "HELO": b"250 mx.example",
    "DATA": b"354 go ahead",
    "DOT": b"250 2.0.0 kept",
    "BDAT": b"250 2.0.0 kept",
    "STARTTLS": b"220 go ahead",
    "QUIT": b"221 bye",
}


@dataclass(slots=True)
class Taken:
    """A letter that was answered with 250."""

    sender: str
    recipients: list[str]
    octets: bytes
    tls: bool


class Gone(Exception):
    """This connection is over."""


@dataclass(slots=True)
class Remote:
    """One host."""

    extensions: list[str] = field(default_factory=lambda: ["PIPELINING", "8BITMIME", "SIZE"])
    script: dict[str, list[bytes]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    letters: list[Taken] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    seconds: float = 0.0
    """Before each answer to a letter."""
    port: int = 0
    _server: asyncio.AbstractServer | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, port: int = 0) -> "Remote":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await Talk(self, reader, writer).run()
        except (Gone, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.open_now -= 1
            self._tasks.discard(task)
            writer.close()

    def reply(self, verb: str) -> bytes:
        """The next one of the script."""
        found = self.script.get(verb)
        if found is None:
            return GOOD.get(verb, b"250 ok")
        return found.pop(0) if len(found) > 1 else found[0]


class Talk:
    """One connection."""

    def __init__(
        self, remote: Remote, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.remote = remote
        self.reader = reader
        self.writer = writer
        self.tls = False
        self.sender = ""
        self.recipients: list[str] = []

    async def say(self, reply: bytes) -> bytes:
        """Gives the reply back, if it was one."""
        if reply == DROP:
            raise Gone
        if reply == HANG:
            await asyncio.sleep(3600)
        if reply == ENDLESS:
            while True:
                self.writer.write(b"220" + b"x" * 10_000)
                await self.writer.drain()
        self.writer.write(reply if reply.endswith(b"\r\n") else reply + b"\r\n")
        await self.writer.drain()
        if reply[:3] == b"421":
            raise Gone
        return reply

    async def run(self) -> None:
        await self.say(self.remote.reply("GREETING"))
        while True:
            line = (await self.reader.readuntil(b"\r\n")).decode()
            self.remote.said.append(line.rstrip())
            verb = line.split(" ")[0].strip().upper()
            if verb == "EHLO" and "EHLO" not in self.remote.script:
                await self.hello()
            elif verb == "BDAT":
                size = int(line.split()[1])
                body = await self.reader.readexactly(size)
                await self.end(body, "BDAT")
            else:
                reply = await self.say(self.remote.reply(verb))
                await self.after(verb, line, reply)

    async def hello(self) -> None:
        words = [*self.remote.extensions]
        if self.remote.tls is not None and not self.tls:
            words.append("STARTTLS")
        lines = ["mx.example", *words]
        text = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        await self.say(text.encode())

    async def after(self, verb: str, line: str, reply: bytes) -> None:
        is_yes = reply[:1] == b"2"
        if verb == "MAIL" and is_yes:
            self.sender, self.recipients = line.split("<")[1].split(">")[0], []
        elif verb == "RCPT" and is_yes:
            self.recipients.append(line.split("<")[1].split(">")[0])
        elif verb == "DATA" and reply[:3] == b"354":
            body = await self.reader.readuntil(b"\r\n.\r\n")
            await self.end(body[:-3].replace(b"\r\n..", b"\r\n."), "DOT")
        elif verb == "STARTTLS" and is_yes:
            await self.start_tls()
        elif verb == "QUIT":
            raise Gone

    async def start_tls(self) -> None:
        if self.remote.tls is None:
            await self.say(GARBAGE)
            raise Gone
        await self.writer.start_tls(self.remote.tls)
        self.tls = True

    async def end(self, body: bytes, verb: str) -> None:
        if self.remote.seconds:
            await asyncio.sleep(self.remote.seconds)
        reply = self.remote.reply(verb)
        if not self.recipients:
            reply = b"554 5.5.1 no recipients"
        if reply[:1] == b"2":
            self.remote.letters.append(Taken(self.sender, self.recipients, body, self.tls))
        await self.say(reply)
