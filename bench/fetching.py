"""The workloads of people who fetch by POP3: pop3, drop."""

import argparse
import asyncio
import statistics
import time
from typing import Any

from imap_client import Imap, Refused
from procfs import cpu_seconds
from reading import append_until

Figures = dict[str, Any]
RETR_MAX = 1000
DROP_USER = "u98@bench.test"
"""Who gets no letters by the other workloads."""
DROP_SIZE = 1000
OPENED = 5


class Pop3:
    """One session, command by command."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def open(self, address: str, user: str) -> float:
        """Logs in; gives the seconds from PASS to its answer."""
        host, port = address.rsplit(":", 1)
        self.reader, self.writer = await asyncio.open_connection(host, int(port), limit=1 << 26)
        await self.reader.readline()
        await self.say(f"USER {user}".encode())
        begun = time.perf_counter()
        await self.say(b"PASS secret")
        return time.perf_counter() - begun

    async def say(self, line: bytes) -> bytes:
        """One line, and one in answer."""
        self.writer.write(line + b"\r\n")
        answer = await self.reader.readline()
        if not answer.startswith(b"+OK"):
            raise Refused(f"{line!r}: {answer!r}")
        return answer

    async def many(self, line: bytes) -> bytes:
        """The lines of an answer."""
        await self.say(line)
        return await self.reader.readuntil(b"\r\n.\r\n")

    async def quit(self) -> None:
        await self.say(b"QUIT")
        self.writer.close()


async def pop3(wanted: argparse.Namespace) -> Figures:
    """One session: UIDL, then RETR of up to 1,000 messages of u0's INBOX."""
    client = Pop3()
    opened = await client.open(wanted.pop3, "u0@bench.test")
    count = int((await client.say(b"STAT")).split()[1])
    begun = time.perf_counter()
    await client.many(b"UIDL")
    listed = time.perf_counter() - begun
    some = min(count, RETR_MAX)
    size = 0
    cpu = cpu_seconds(wanted.pids)
    begun = time.perf_counter()
    for number in range(1, some + 1):
        size += len(await client.many(b"RETR %d" % number))
    seconds = time.perf_counter() - begun
    cpu = cpu_seconds(wanted.pids) - cpu
    await client.quit()
    return {
        "messages": count,
        "open_ms": round(1000 * opened, 1),
        "uidl_ms": round(1000 * listed, 1),
        "retr": some,
        "per_second": round(some / seconds),
        "cpu_ms_per_letter": round(1000 * cpu / max(1, some), 3),
        "mb_per_second": round(size / seconds / 1e6, 1),
    }


async def drop(wanted: argparse.Namespace) -> Figures:
    """Opens a drop of --count letters: PASS and STAT, LIST, UIDL; medians, and the first time."""
    imap = await Imap().open(wanted.imap, DROP_USER)
    await append_until(imap, "INBOX", wanted.count, DROP_SIZE)
    imap.writer.close()
    count = 0
    seconds: dict[str, list[float]] = {"open": [], "list": [], "uidl": []}
    for _ in range(OPENED):
        client = Pop3()
        opened = await client.open(wanted.pop3, DROP_USER)
        begun = time.perf_counter()
        count = int((await client.say(b"STAT")).split()[1])
        seconds["open"].append(opened + time.perf_counter() - begun)
        for name in ("list", "uidl"):
            begun = time.perf_counter()
            await client.many(name.upper().encode())
            seconds[name].append(time.perf_counter() - begun)
        await client.quit()
    found: Figures = {"messages": count, "first_ms": round(1000 * seconds["open"][0], 1)}
    return found | {
        f"{name}_ms": round(1000 * statistics.median(times), 1) for name, times in seconds.items()
    }
