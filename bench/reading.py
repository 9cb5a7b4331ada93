"""The workloads of people who read by IMAP: fill, scan, commands, idle, login, storm."""

import argparse
import asyncio
import contextlib
import statistics
import time
from random import Random
from typing import Any

from imap_client import Imap, Refused, unchecked_tls
from letters import letter
from procfs import cpu_seconds, memory_kb

Figures = dict[str, Any]
USERS = 100
SETTLE_SECONDS = 2


async def fill(wanted: argparse.Namespace) -> Figures:
    """APPENDs until u0's mailbox "big" has --count messages; 50 at once where the server can."""
    client = await Imap().open(wanted.imap, "u0@bench.test")
    with contextlib.suppress(Refused):  # there from an earlier run
        await client.size_of("CREATE big")
    begun = time.perf_counter()
    cpu = cpu_seconds(wanted.pids)
    added = await append_until(client, "big", wanted.count, wanted.size)
    seconds = time.perf_counter() - begun
    cpu = cpu_seconds(wanted.pids) - cpu
    return {
        "messages": added,
        "seconds": round(seconds, 2),
        "per_second": round(added / seconds) if added else 0,
        "cpu_ms_per_message": round(1000 * cpu / max(1, added), 3),
    }


async def append_until(client: Imap, mailbox: str, count: int, size: int) -> int:
    """APPENDs until the mailbox has so many messages; gives how many were added."""
    chance = Random(1)
    next_one = have = await client.count(mailbox)
    capabilities = await client.answer_to("CAPABILITY")
    at_once = 50 if b"MULTIAPPEND" in capabilities else 1
    while next_one < count:
        numbers = range(next_one, min(next_one + at_once, count))
        batch = [letter(number, size, chance) for number in numbers]
        if b"LITERAL+" in capabilities:
            await _append_without_waiting(client, mailbox, batch)
        else:
            for one in batch:
                await client.size_of(f"APPEND {mailbox} ()", one)
        next_one += len(batch)
    return next_one - have


async def _append_without_waiting(client: Imap, mailbox: str, batch: list[bytes]) -> None:
    tag = client.tag()
    literals = b"".join(b" () {%d+}\r\n" % len(one) + one for one in batch)
    client.writer.write(tag + b"APPEND " + mailbox.encode() + literals + b"\r\n")
    await client.writer.drain()
    while not (answer := await client.reader.readline()).startswith(tag):
        if not answer:
            raise EOFError("server closed")
    if not answer.startswith(tag + b"OK"):
        raise Refused(repr(answer))


async def scan(wanted: argparse.Namespace) -> Figures:
    """One session over the big mailbox: each command three times, its median and its first."""
    client = await Imap().open(wanted.imap, "u0@bench.test")
    count = await client.count("big")
    figures: Figures = {"messages": count}

    async def timed(name: str, line: str, runs: int = 3) -> None:
        seconds: list[float] = []
        size = 0
        for _ in range(runs):
            begun = time.perf_counter()
            try:
                size = await client.size_of(line)
            except Refused as refused:
                figures[name] = f"refused: {str(refused)[-80:]}"
                return
            seconds.append(time.perf_counter() - begun)
        figures[name] = {
            "ms": round(1000 * statistics.median(seconds), 1),
            "first_ms": round(1000 * seconds[0], 1),
            "kb": size >> 10,
        }

    some = min(count, 10000)
    await timed("select", "SELECT big")
    await timed("fetch_flags", "UID FETCH 1:* (FLAGS)")
    await timed(
        "fetch_envelope_10k", f"FETCH 1:{some} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"
    )
    await timed(
        "fetch_headers_10k",
        f"FETCH 1:{some} (UID BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])",
    )
    await timed("fetch_1000_bodies", f"FETCH {max(1, count - 999)}:{count} (BODY.PEEK[])")
    await timed("fetch_structure_1000", f"FETCH 1:{min(count, 1000)} (BODYSTRUCTURE)")
    await timed("store_all", "STORE 1:* +FLAGS.SILENT (\\Flagged)", 1)
    await timed("unstore_all", "STORE 1:* -FLAGS.SILENT (\\Flagged)", 1)
    await timed("search_from", "SEARCH FROM s13@outside.test")
    await timed("search_unseen", "SEARCH UNSEEN")
    await timed("search_body_word", "SEARCH BODY needleinhaystack")
    await timed("search_since", "SEARCH SINCE 20-Nov-2026")
    await timed("sort_subject", "SORT (SUBJECT DATE) UTF-8 ALL")
    await timed("thread", "THREAD REFERENCES UTF-8 ALL")
    return figures


async def commands(wanted: argparse.Namespace) -> Figures:
    """--sessions clients, each its own user, a fixed mix of commands for --seconds."""
    stop = time.perf_counter() + wanted.seconds
    done = 0
    one_letter = letter(7, 2000, Random(2))

    async def client(number: int) -> None:
        nonlocal done
        chance = Random(number)
        imap = await Imap().open(wanted.imap, f"u{number % USERS}@bench.test")
        for _ in range(5):
            await imap.size_of("APPEND INBOX ()", one_letter)
        await imap.size_of("SELECT INBOX")
        while time.perf_counter() < stop:
            if chance.random() < 0.05:
                await imap.count()
            for line in (
                f"FETCH {chance.randint(1, 5)} (UID FLAGS ENVELOPE)",
                f"FETCH {chance.randint(1, 5)} BODY.PEEK[]",
                f"STORE {chance.randint(1, 5)} {chance.choice('+-')}FLAGS (\\Seen)",
                "NOOP",
                f"UID SEARCH {chance.choice(['UNSEEN', 'SEEN', 'FROM s7'])}",
                "FETCH 1:5 (UID FLAGS)",
                f"FETCH {chance.randint(1, 5)} BODYSTRUCTURE",
            ):
                await imap.size_of(line)
                done += 1
            if chance.random() < 0.1:
                await imap.size_of("APPEND INBOX ()", one_letter)
                done += 1

    cpu = cpu_seconds(wanted.pids)
    begun = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(wanted.sessions)))
    seconds = time.perf_counter() - begun
    cpu = cpu_seconds(wanted.pids) - cpu
    return {
        "commands": done,
        "per_second": round(done / seconds),
        "cpu_ms_per_command": round(1000 * cpu / done, 4),
    }


async def idle(wanted: argparse.Namespace) -> Figures:
    """The server's memory for each of --sessions idling sessions, as proportional set size."""
    tls = unchecked_tls() if wanted.tls else None
    rest = memory_kb(wanted.pids)
    sessions = []
    for number in range(wanted.sessions):
        user = f"u{number % USERS}@bench.test"
        session = await Imap().open(wanted.imap, user, tls)
        await session.idle()
        sessions.append(session)
    await asyncio.sleep(SETTLE_SECONDS)
    full = memory_kb(wanted.pids)
    return {
        "opened": len(sessions),
        "rest_mb": round(rest / 1024, 1),
        "full_mb": round(full / 1024, 1),
        "kb_per_session": round((full - rest) / len(sessions), 1),
    }


async def login(wanted: argparse.Namespace) -> Figures:
    """Log-ins a second: connect, LOGIN, LOGOUT."""
    done = 0
    stop = time.perf_counter() + wanted.seconds

    async def one(number: int) -> None:
        nonlocal done
        while time.perf_counter() < stop:
            session = await Imap().open(wanted.imap, f"u{number % USERS}@bench.test")
            await session.size_of("LOGOUT")
            session.writer.close()
            done += 1

    cpu = cpu_seconds(wanted.pids)
    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(wanted.sessions)))
    seconds = time.perf_counter() - begun
    cpu = cpu_seconds(wanted.pids) - cpu
    return {
        "logins": done,
        "per_second": round(done / seconds),
        "cpu_ms_per_login": round(1000 * cpu / max(1, done), 3),
    }


async def storm(wanted: argparse.Namespace) -> Figures:
    """--sessions clients come at once, several of each user; each logs in and selects INBOX."""
    tls = unchecked_tls() if wanted.tls else None
    sessions: list[Imap] = []
    refused = 0

    async def one(number: int) -> None:
        nonlocal refused
        try:
            session = await Imap().open(wanted.imap, f"u{number % USERS}@bench.test", tls)
            await session.size_of("SELECT INBOX")
        except (Refused, OSError, EOFError):
            refused += 1
            return
        sessions.append(session)

    cpu = cpu_seconds(wanted.pids)
    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(wanted.sessions)))
    seconds = time.perf_counter() - begun
    cpu = cpu_seconds(wanted.pids) - cpu
    return {
        "served": len(sessions),
        "refused": refused,
        "seconds": round(seconds, 2),
        "cpu_ms_per_client": round(1000 * cpu / max(1, len(sessions)), 2),
    }
