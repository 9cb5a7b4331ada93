#!/usr/bin/env python3
"""What a store costs as it grows: `make growth`.

    growth.py [--accounts 1000] [--letters 1000] [--small 10] [--no-page]

Two stores, filled by SMTP: --small accounts and --accounts accounts with --letters letters each. In
both, the same things are done to accounts drawn by lot, and their time and CPU are compared:
deliver one letter, SELECT, STORE of one message, FETCH of one. The large one takes some minutes.
"""

import argparse
import asyncio
import datetime
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from statistics import median

import house
import peers
import private_root
import report
from imap_client import Imap
from letters import letter
from procfs import cpu_seconds
from sending import smtp_session

TIMES = 1000
"""How often each thing is done; the account is another one each time."""
SELECTED = 300
"""Mailboxes that are read and changed; the letters of the delivery go to all."""
SESSIONS_PER_FILL = 25
Costs = dict[str, tuple[float, float]]
"""What is done: its median in ms, and CPU in ms of the whole server."""


def fill(at: house.House, accounts: int, letters: int) -> None:
    """So many letters of 2 KB for each account, two generators at a time."""
    begun = time.monotonic()
    waiting: list[subprocess.Popen[bytes]] = []
    for number in range(accounts):
        waiting.append(
            subprocess.Popen(
                ["smtp-source", "-d", "-s", str(SESSIONS_PER_FILL), "-m", str(letters),
                 "-l", "2000", "-f", "fill@outside.test", "-t", f"u{number}@bench.test", at.smtp],
            )
        )  # fmt: skip
        if len(waiting) == 2 and waiting.pop(0).wait():
            sys.exit(f"smtp-source failed at account {number}")
        if number % 100 == 99:
            print(f"    {number + 1} accounts, {time.monotonic() - begun:.0f} s", flush=True)
    for source in waiting:
        if source.wait():
            sys.exit("smtp-source failed")


async def repeated(
    pids: list[int], work: Callable[[int], Awaitable[object]], accounts: int, chance: Random
) -> tuple[float, float]:
    """The median time and the mean CPU of one piece of work."""
    seconds: list[float] = []
    cpu = cpu_seconds(pids)
    for _ in range(TIMES):
        number = chance.randrange(accounts)
        begun = time.perf_counter()
        await work(number)
        seconds.append(time.perf_counter() - begun)
    cpu = cpu_seconds(pids) - cpu
    return 1000 * median(seconds), 1000 * cpu / TIMES


async def costs(at: house.House, accounts: int, letters: int) -> Costs:
    """What each thing costs in this store."""
    chance = Random(4)
    sessions: dict[int, Imap] = {}

    async def session(number: int) -> Imap:
        if number not in sessions:
            sessions[number] = await Imap().open(at.imap, f"u{number}@bench.test")
            await sessions[number].size_of("SELECT INBOX")
        return sessions[number]

    writer, say = await smtp_session(at.smtp)

    async def deliver(number: int) -> None:
        await say(b"MAIL FROM:<one@outside.test>\r\n")
        await say(b"RCPT TO:<u%d@bench.test>\r\n" % number)
        await say(b"DATA\r\n")
        answer = await say(letter(number, 2000, chance) + b".\r\n")
        assert answer.startswith(b"250"), answer

    async def select(number: int) -> None:
        await (await session(number)).size_of("SELECT INBOX")

    async def store(number: int) -> None:
        one = chance.randint(1, letters)
        await (await session(number)).size_of(f"STORE {one} +FLAGS (\\Flagged)")

    async def fetch(number: int) -> None:
        one = chance.randint(1, letters)
        await (await session(number)).size_of(f"FETCH {one} (UID FLAGS ENVELOPE BODY.PEEK[])")

    few = min(accounts, SELECTED)
    for number in range(few):  # log-ins are not what is measured
        await session(number)
    found = {
        "deliver one letter": await repeated(at.pids, deliver, accounts, chance),
        "SELECT": await repeated(at.pids, select, few, chance),
        "STORE of one": await repeated(at.pids, store, few, chance),
        "FETCH of one": await repeated(at.pids, fetch, few, chance),
    }
    writer.close()
    for imap in sessions.values():
        imap.writer.close()
    return found


def measure(accounts: int, letters: int) -> tuple[Costs, float]:
    """Fills a store, measures it and says how large it became, in MB."""
    with tempfile.TemporaryDirectory(prefix="posthouse-growth-") as folder:
        print(f"{accounts} accounts of {letters} letters", flush=True)
        with house.running(Path(folder) / "house", users=accounts) as at:
            fill(at, accounts, letters)
            found = asyncio.run(costs(at, accounts, letters))
            octets = sum(p.stat().st_size for p in at.data.rglob("*") if p.is_file())
    return found, octets / 1e6


def table(wanted: Namespace, small: Costs, large: Costs, sizes: tuple[float, float]) -> list[str]:
    """Both stores side by side."""
    few, many = wanted.small * wanted.letters, wanted.accounts * wanted.letters
    lines = [
        f"| work | {few:,} letters | {many:,} letters | time | CPU |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, (ms, cpu) in small.items():
        large_ms, large_cpu = large[name]
        lines.append(
            f"| {name} | {ms:.2f} ms, {cpu:.2f} ms CPU | {large_ms:.2f} ms, {large_cpu:.2f} ms CPU "
            f"| {large_ms / ms:.2f}x | {large_cpu / max(cpu, 0.01):.2f}x |"
        )
    return [*lines, f"| the store's files | {sizes[0]:,.0f} MB | {sizes[1]:,.0f} MB | | |"]


def main() -> int:
    """Measures both stores, prints and writes the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--letters", type=int, default=1000)
    parser.add_argument("--small", type=int, default=10)
    parser.add_argument("--no-page", action="store_true", help="print only")
    wanted = parser.parse_args()
    if shutil.which("smtp-source") is None:
        private_root.enter(peers.UNPACKED)
    small, small_mb = measure(wanted.small, wanted.letters)
    large, large_mb = measure(wanted.accounts, wanted.letters)
    lines = table(wanted, small, large, (small_mb, large_mb))
    print("\n".join(lines))
    if not wanted.no_page:
        today = datetime.datetime.now(datetime.UTC).date()
        head = f"Made by `make growth` on {today}: {report.machine()}."
        report.write("growth", [head, "", *lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
