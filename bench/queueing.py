#!/usr/bin/env python3
"""What dead and slow destinations cost the living ones, and what a long queue costs: `make queue`.

    queueing.py [--letters 100000] [--destinations 1000] [--dead 100] [--slow 100]
                [--long 1000000] [--rounds N] [--no-page]

A queue of --letters to --destinations, of which some are dead or slow (many_hosts.py), is worked
off twice: all of it, and the letters of the good destinations alone. The good ones should lose at
most a tenth of their throughput. Then the server stands on a queue of --long letters that nobody
takes: its memory should be what it is with a thousand.
"""

import argparse
import contextlib
import datetime
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import house
import report
from filling import fill_queue
from procfs import cpu_seconds, memory_kb

HOSTS = Path(__file__).with_name("many_hosts.py")
PORT = house.BASE + 26
DNS = house.BASE + 53
SLOW_SECONDS = 3
RUN_SECONDS_MAX = 600
SETTLE_SECONDS = 20
"""How long the server stands on a queue before its memory is read."""


class Run(NamedTuple):
    """What became of the letters for good destinations."""

    per_second: float
    first_seconds: float
    """From the ready line to the first letter."""
    cpu_ms: float
    slow: int
    """Letters that slow hosts took meanwhile."""
    memory_mb: float


@contextlib.contextmanager
def hosts(wanted: Namespace) -> Iterator["subprocess.Popen[str]"]:
    """The world outside, between its first line and its end."""
    command = [sys.executable, str(HOSTS), "--port", str(PORT), "--dns", str(DNS)]
    command += ["--good", str(good(wanted)), "--slow", str(wanted.slow)]
    command += ["--dead", str(wanted.dead), "--seconds", str(SLOW_SECONDS)]
    world = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert world.stdin is not None
    assert world.stdout is not None
    try:
        world.stdout.readline()
        yield world
    finally:
        world.stdin.close()
        world.stdout.read()  # until it has heard of the end
        world.stdout.close()
        world.wait(10)


def good(wanted: Namespace) -> int:
    return int(wanted.destinations - wanted.dead - wanted.slow)


def domains(wanted: Namespace, *, with_bad: bool) -> list[str]:
    """All destinations, mixed as they would come."""
    names = [f"g{n}.test" for n in range(good(wanted))]
    if with_bad:
        names += [f"s{n}.test" for n in range(wanted.slow)]
        names += [f"d{n}.test" for n in range(wanted.dead)]
    return sorted(names, key=lambda name: hash(name[1:] + name[0]))


def serving(
    folder: Path, fill: Callable[[Path], None]
) -> contextlib.AbstractContextManager[house.House]:
    """A server on a full queue that finds the hosts of the test."""
    return house.running(
        folder,
        users=0,
        fill=fill,
        relay=f"port = {PORT}",
        more=f'[dns]\nservers = ["127.0.0.1:{DNS}"]',
    )


def work_off(wanted: Namespace, folder: Path, *, with_bad: bool) -> Run:
    """Starts the server on a full queue; the clock runs from the first good letter to the last."""
    names = domains(wanted, with_bad=with_bad)
    each = wanted.letters // wanted.destinations
    asked = each * good(wanted)

    def fill(data: Path) -> None:
        fill_queue(data, [names[n % len(names)] for n in range(each * len(names))])

    with hosts(wanted) as world, serving(folder, fill) as at:
        now = ready = time.monotonic()
        cpu = cpu_seconds(at.pids)
        begun, before, taken, slow = 0.0, 0, 0, 0
        memory = 0
        assert world.stdout is not None
        for line in world.stdout:
            moment, *counts = line.split()
            now = float(moment)
            taken, slow = map(int, counts)
            if not begun and taken:
                begun, before = now, taken
            if taken >= asked or now - ready > RUN_SECONDS_MAX:
                break
            if int(now * 10) % 20 == 0:
                memory = max(memory, memory_kb(at.pids))
        cpu = cpu_seconds(at.pids) - cpu
    if taken < asked:
        print(f"    only {taken} of {asked} arrived", flush=True)
    seconds = max(now - begun, 0.001)
    found = Run(
        (taken - before) / seconds, begun - ready, 1000 * cpu / max(1, taken), slow, memory / 1024
    )
    print(f"    {'all' if with_bad else 'good alone'}: {found}", flush=True)
    return found


def memory_with(wanted: Namespace, folder: Path, letters: int) -> float:
    """MB of the server on a queue of so many letters for hosts that are all dead."""
    names = [f"d{n}.test" for n in range(0, wanted.destinations, 2)]

    def fill(data: Path) -> None:
        fill_queue(data, (names[n % len(names)] for n in range(letters)), one_body=True)

    nobody = Namespace(**(vars(wanted) | {"destinations": 0, "slow": 0, "dead": 0}))
    with hosts(nobody), serving(folder, fill) as at:
        most = 0
        for _ in range(SETTLE_SECONDS):
            time.sleep(1)
            most = max(most, memory_kb(at.pids))
    found = most / 1024
    print(f"    {letters:,} letters: {found:.0f} MB", flush=True)
    return found


def in_folder(work: Callable[[Path], Run]) -> Run:
    with tempfile.TemporaryDirectory(prefix="posthouse-queue-") as folder:
        return work(Path(folder) / "house")


def table(wanted: Namespace, alone: Run, both: Run, memory: dict[int, float]) -> list[str]:
    """Side by side."""
    kept = both.per_second / alone.per_second
    bad = f"beside {wanted.dead} dead and {wanted.slow} slow ones"
    lines = [
        f"| letters to {good(wanted)} good destinations | alone | {bad} | kept | aim | met |",
        "| --- | ---: | ---: | ---: | --- | --- |",
        f"| {wanted.letters // wanted.destinations * good(wanted):,} letters "
        f"| {alone.per_second:,.0f}/s | {both.per_second:,.0f}/s | {kept:.0%} | at least 90% "
        f"| {'yes' if kept >= 0.9 else '**no**'} |",
        f"| CPU of the server | {alone.cpu_ms:.2f} ms | {both.cpu_ms:.2f} ms | | | |",
        "",
    ]
    if memory:
        lines += ["| memory of the server, nobody takes a letter | MB |", "| --- | ---: |"]
    return lines + [f"| {n:,} letters in the queue | {mb:.0f} |" for n, mb in memory.items()]


def main() -> int:
    """Runs both by turns, prints and writes the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--destinations", type=int, default=1000)
    parser.add_argument("--dead", type=int, default=100)
    parser.add_argument("--slow", type=int, default=100)
    parser.add_argument("--long", type=int, default=1_000_000, help="0: no look at memory")
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many")
    parser.add_argument("--no-page", action="store_true", help="print only")
    wanted = parser.parse_args()
    alone: list[Run] = []
    both: list[Run] = []
    for number in range(wanted.rounds):
        print(f"round {number + 1}", flush=True)
        alone.append(in_folder(lambda folder: work_off(wanted, folder, with_bad=False)))
        both.append(in_folder(lambda folder: work_off(wanted, folder, with_bad=True)))
    memory: dict[int, float] = {}
    for letters in (1000, wanted.long // 10, wanted.long) if wanted.long else ():
        with tempfile.TemporaryDirectory(prefix="posthouse-queue-") as folder:
            memory[letters] = memory_with(wanted, Path(folder) / "house", letters)
    middle = [Run(*map(median, zip(*runs, strict=True))) for runs in (alone, both)]
    lines = table(wanted, middle[0], middle[1], memory)
    print("\n".join(lines))
    if not wanted.no_page:
        today = datetime.datetime.now(datetime.UTC).date()
        words = f" ARGS='{a}'" if (a := os.environ.get("ARGS")) else ""
        head = f"Made by `make queue{words}` on {today}: {report.machine()}."
        report.write("queue", [head, "", *lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
