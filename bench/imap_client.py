"""Just enough of an IMAP client to measure with: raw lines, counted literals, whole answers."""

import asyncio
import re
import ssl
from typing import Self

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
BUFFER_OCTETS_MAX = 1 << 26


class Refused(Exception):
    """The server answered NO or BAD."""


def unchecked_tls() -> ssl.SSLContext:
    """TLS to a server with a certificate of its own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Imap:
    """One session."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __init__(self) -> None:
        self.commands = 0

    async def open(
        self, address: str, user: str | None = None, tls: ssl.SSLContext | None = None
    ) -> Self:
        """Connects, and logs in where a user is named."""
        host, port = address.rsplit(":", 1)
        self.reader, self.writer = await asyncio.open_connection(
            host, int(port), limit=BUFFER_OCTETS_MAX, ssl=tls
        )
        await self.reader.readline()
        if user:
            await self.size_of(f"LOGIN {user} secret")
        return self

    def tag(self) -> bytes:
        """The next tag, with the space behind it."""
        self.commands += 1
        return b"a%d " % self.commands

    async def size_of(self, line: str, literal: bytes | None = None) -> int:
        """Sends a command, reads its whole answer and says how many octets that was."""
        return await self._run(line, literal, None)

    async def answer_to(self, line: str) -> bytes:
        """Sends a command and returns its answer without the octets of literals."""
        kept: list[bytes] = []
        await self._run(line, None, kept)
        return b"".join(kept)

    async def _run(self, line: str, literal: bytes | None, kept: list[bytes] | None) -> int:
        tag = self.tag()
        if literal is None:
            self.writer.write(tag + line.encode() + b"\r\n")
        else:
            self.writer.write(tag + line.encode() + b" {%d}\r\n" % len(literal))
            while not (await self.reader.readline()).startswith(b"+"):
                pass
            self.writer.write(literal + b"\r\n")
        size = 0
        while True:
            answer = await self.reader.readline()
            if not answer:
                raise EOFError("server closed")
            size += len(answer)
            if kept is not None:
                kept.append(answer)
            if answer.startswith(tag):
                if not answer.startswith(tag + b"OK"):
                    raise Refused(f"{line[:60]!r}: {answer!r}")
                return size
            if answer.endswith(b"}\r\n") and (match := _LITERAL.search(answer)):
                size += len(await self.reader.readexactly(int(match[1])))

    async def count(self, mailbox: str = "INBOX") -> int:
        """How many messages a mailbox holds."""
        answer = await self.answer_to(f"STATUS {mailbox} (MESSAGES)")
        match = re.search(rb"MESSAGES (\d+)", answer)
        assert match is not None, answer
        return int(match[1])

    async def idle(self) -> None:
        """Selects INBOX and begins IDLE."""
        await self.size_of("SELECT INBOX")
        self.writer.write(b"x IDLE\r\n")
        await self.reader.readline()
