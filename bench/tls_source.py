#!/usr/bin/env python3
"""Sends letters over STARTTLS, one a connection: where tls_source.c cannot be compiled.

    tls_source.py -s SESSIONS -m MESSAGES -l OCTETS -f SENDER -t RECIPIENT [-a BASE64] HOST:PORT

Takes smtp-source's options; -a is the token of AUTH PLAIN. Python, so it may be the limit.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator

from imap_client import unchecked_tls

TLS = unchecked_tls()


async def say(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, code: bytes
) -> None:
    """Says a line and reads its answer, which must begin with the code."""
    writer.write(line)
    while True:
        answer = await reader.readline()
        if not answer.startswith(code):
            raise RuntimeError(f"{line[:60]!r}: {answer!r}")
        if answer[3:4] == b" ":
            return


def compose(wanted: argparse.Namespace, number: int) -> bytes:
    """A letter of about the size asked for, each with a Message-ID of its own."""
    head = (
        f"From: <{wanted.f}>\r\nTo: <{wanted.t}>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        f"Message-Id: <{os.getpid()}.{number}@bench.test>\r\nSubject: bench\r\n\r\n"
    ).encode()
    lines: int = max(0, wanted.l - len(head)) // 80
    return head + (b"X" * 78 + b"\r\n") * lines + b".\r\n"


async def send(wanted: argparse.Namespace, number: int) -> None:
    """One connection with one letter."""
    host, port = wanted.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    await say(reader, writer, b"", b"220")
    await say(reader, writer, b"EHLO bench.test\r\n", b"250")
    await say(reader, writer, b"STARTTLS\r\n", b"220")
    await writer.start_tls(TLS)
    await say(reader, writer, b"EHLO bench.test\r\n", b"250")
    if wanted.a:
        await say(reader, writer, f"AUTH PLAIN {wanted.a}\r\n".encode(), b"235")
    await say(reader, writer, f"MAIL FROM:<{wanted.f}>\r\n".encode(), b"250")
    await say(reader, writer, f"RCPT TO:<{wanted.t}>\r\n".encode(), b"250")
    await say(reader, writer, b"DATA\r\n", b"354")
    await say(reader, writer, compose(wanted, number), b"250")
    await say(reader, writer, b"QUIT\r\n", b"221")
    writer.close()


async def session(wanted: argparse.Namespace, numbers: Iterator[int]) -> None:
    """Sends until the common counter is used up."""
    for number in numbers:
        await send(wanted, number)


async def main() -> None:
    """All sessions at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-s", type=int, default=1)
    parser.add_argument("-m", type=int, default=1)
    parser.add_argument("-l", type=int, default=2000)
    parser.add_argument("-f", default="bench@outside.test")
    parser.add_argument("-t", default="u0@bench.test")
    parser.add_argument("-a", default="", help="the token of AUTH PLAIN")
    parser.add_argument("address")
    wanted = parser.parse_args()
    numbers = iter(range(wanted.m))
    await asyncio.gather(*(session(wanted, numbers) for _ in range(wanted.s)))


if __name__ == "__main__":
    asyncio.run(main())
