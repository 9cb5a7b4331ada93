"""The workloads of letters on their way: deliver, relay, latency, busy."""

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from generators import plain_token, tls_source
from imap_client import Imap
from letters import letter
from procfs import cpu_seconds

Figures = dict[str, Any]
POLL_SECONDS = 0.05
ANSWER_SECONDS_MAX = 60


async def _sources(
    wanted: argparse.Namespace, sources: int, sessions: int, count: int, domain: str, name: str
) -> None:
    """So many generators at once, each with so many messages for one recipient of the domain
    through so many parallel sessions. With --auth the sender is our own user, logged in."""
    running: list[Process] = []
    for number in range(sources):
        sender = f"u{number}@bench.test" if wanted.auth else "bench@outside.test"
        if wanted.auth:
            program = [*tls_source(), "-a", plain_token(sender)]
        elif wanted.starttls:
            program = tls_source()
        else:
            program = ["smtp-source", *(["-d"] if wanted.keep else [])]
        options = ["-s", str(sessions), "-m", str(count), "-l", str(wanted.size)]
        way = ["-f", sender, "-t", f"{name}{number}@{domain}"]
        place = wanted.submission if wanted.auth else wanted.smtp
        running.append(await asyncio.create_subprocess_exec(*program, *options, *way, place))
    for source in running:
        if await source.wait():
            raise RuntimeError("a generator failed")


def _throughput(begun: float, cpu: float, done: int, asked: int, accepted: float) -> Figures:
    seconds = time.perf_counter() - begun
    return {
        "messages": done,
        "asked": asked,
        "seconds": round(seconds, 3),
        "accepted_s": round(accepted, 3),
        "per_second": round(done / seconds),
        "cpu_ms_per_message": round(1000 * cpu / max(1, done), 3),
    }


async def deliver(wanted: argparse.Namespace) -> Figures:
    """SMTP to mailboxes; the clock stops when STATUS shows every message."""
    boxes = wanted.boxes
    readers = [await Imap().open(wanted.imap, f"u{i}@bench.test") for i in range(boxes)]
    before = sum([await r.count() for r in readers])
    if wanted.sessions < boxes:
        sources, sessions, count = wanted.sessions, 1, wanted.count // wanted.sessions
    else:
        sources, sessions, count = boxes, wanted.sessions // boxes, wanted.count // boxes
    cpu = cpu_seconds(wanted.pids)
    begun = time.perf_counter()
    await _sources(wanted, sources, sessions, count, "bench.test", "u")
    accepted = time.perf_counter() - begun
    asked = count * sources
    while True:
        arrived = sum([await r.count() for r in readers]) - before
        if arrived >= asked or time.perf_counter() - begun > wanted.limit:
            break
        await asyncio.sleep(POLL_SECONDS)
    return _throughput(begun, cpu_seconds(wanted.pids) - cpu, arrived, asked, accepted)


async def relay(wanted: argparse.Namespace) -> Figures:
    """SMTP in, durable queue, SMTP out to smtp-sink; the clock stops when the sink has all."""
    with tempfile.NamedTemporaryFile() as log:
        sink = await asyncio.create_subprocess_exec(
            "smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{wanted.sink}", "2000",
            stdout=log, stderr=log,
        )  # fmt: skip
        await asyncio.sleep(0.5)

        def arrived() -> int:
            counts = re.findall(rb"\bmesg=(\d+)", Path(log.name).read_bytes()[-200:])
            return int(counts[-1]) if counts else 0

        sources = min(5, wanted.sessions)
        count = wanted.count // sources
        cpu = cpu_seconds(wanted.pids)
        begun = time.perf_counter()
        await _sources(wanted, sources, max(1, wanted.sessions // 5), count, "sink.test", "x")
        accepted = time.perf_counter() - begun
        asked = count * sources
        while arrived() < asked and time.perf_counter() - begun < wanted.limit:
            await asyncio.sleep(POLL_SECONDS)
        figures = _throughput(begun, cpu_seconds(wanted.pids) - cpu, arrived(), asked, accepted)
        sink.terminate()
        await sink.wait()
        return figures


async def smtp_session(
    address: str,
) -> tuple[asyncio.StreamWriter, Callable[[bytes], Awaitable[bytes]]]:
    """A session after EHLO, and how to say a line and get its last answer line."""
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    await reader.readline()

    async def say(line: bytes) -> bytes:
        writer.write(line)
        while True:
            answer = await reader.readline()
            if not answer:
                raise EOFError("server closed")
            if answer[3:4] == b" ":
                return answer

    await say(b"EHLO bench\r\n")
    return writer, say


def _p99(values: list[float]) -> float:
    return round(sorted(values)[max(0, int(len(values) * 0.99) - 1)], 2)


async def latency(wanted: argparse.Namespace, until: float = float("inf")) -> Figures:
    """From the 250 of a letter to the untagged EXISTS of an idling session, one after the other."""
    reader = await Imap().open(wanted.imap, "u3@bench.test")
    await reader.idle()
    writer, say = await smtp_session(wanted.smtp)
    seen: list[float] = []
    answered: list[float] = []
    for number in range(wanted.count):
        if time.perf_counter() > until:
            break
        await say(b"MAIL FROM:<b@outside.test>\r\n")
        await say(b"RCPT TO:<u3@bench.test>\r\n")
        await say(b"DATA\r\n")
        sent = time.perf_counter()
        await say(letter(number, 2000, Random(number)) + b"\r\n.\r\n")
        accepted = time.perf_counter()
        answered.append(1000 * (accepted - sent))
        while b"EXISTS" not in await asyncio.wait_for(reader.reader.readline(), ANSWER_SECONDS_MAX):
            pass
        seen.append(1000 * (time.perf_counter() - accepted))
    writer.close()
    return {
        "letters": len(seen),
        "median_ms": round(statistics.median(seen), 2),
        "p99_ms": _p99(seen),
        "answer_median_ms": round(statistics.median(answered), 2),
        "answer_p99_ms": _p99(answered),
    }


async def busy(wanted: argparse.Namespace) -> Figures:
    """The latency workload while another process keeps --sessions clients at the command mix."""
    load = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("mailbench.py")), "commands",
        "--name", wanted.name, "--imap", wanted.imap,
        "--sessions", str(wanted.sessions), "--seconds", str(wanted.seconds),
        stdout=PIPE,
    )  # fmt: skip
    await asyncio.sleep(2)  # until all clients are in
    figures = await latency(wanted, until=time.perf_counter() + wanted.seconds - 3)
    said, _ = await load.communicate()
    with contextlib.suppress(json.JSONDecodeError):
        figures["commands_per_second"] = json.loads(said).get("per_second")
    return figures
