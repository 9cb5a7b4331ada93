#!/usr/bin/env python3
"""Sends letters over STARTTLS, one a connection: the generator for the TLS row.

    tls_source.py -s SESSIONS -m MESSAGES -l OCTETS -f SENDER -t RECIPIENT HOST:PORT

Takes smtp-source's options. Python, so it may be the limit: the row compares servers, no more.
"""

import argparse
import asyncio
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


async def send(wanted: argparse.Namespace, letter: bytes) -> None:
    """One connection with one letter."""
    host, port = wanted.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    await say(reader, writer, b"", b"220")
    await say(reader, writer, b"EHLO bench\r\n", b"250")
    await say(reader, writer, b"STARTTLS\r\n", b"220")
    await writer.start_tls(TLS)
    await say(reader, writer, b"EHLO bench\r\n", b"250")
    await say(reader, writer, f"MAIL FROM:<{wanted.f}>\r\n".encode(), b"250")
    await say(reader, writer, f"RCPT TO:<{wanted.t}>\r\n".encode(), b"250")
    await say(reader, writer, b"DATA\r\n", b"354")
    await say(reader, writer, letter, b"250")
    writer.write(b"QUIT\r\n")
    writer.close()


async def session(wanted: argparse.Namespace, letter: bytes, numbers: Iterator[int]) -> None:
    """Sends until the common counter is used up."""
    for _ in numbers:
        await send(wanted, letter)


async def main() -> None:
    """All sessions at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-s", type=int, default=1)
    parser.add_argument("-m", type=int, default=1)
    parser.add_argument("-l", type=int, default=2000)
    parser.add_argument("-f", default="bench@outside.test")
    parser.add_argument("-t", default="u0@bench.test")
    parser.add_argument("address")
    wanted = parser.parse_args()
    head = f"From: <{wanted.f}>\r\nTo: <{wanted.t}>\r\nSubject: bench\r\n\r\n".encode()
    lines = max(0, wanted.l - len(head)) // 80
    letter = head + (b"x" * 78 + b"\r\n") * lines + b".\r\n"
    numbers = iter(range(wanted.m))
    await asyncio.gather(*(session(wanted, letter, numbers) for _ in range(wanted.s)))


if __name__ == "__main__":
    asyncio.run(main())
