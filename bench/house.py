"""Starts a Posthouse of its own for a measurement, with users u0, u1, ...@bench.test."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import peer_settings

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("posthouse")
BASE = int(os.environ.get("BENCH_BASE", "22000")) + 1000
SINK = peer_settings.PORTS["sink"]
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
PASSWORD = b"secret\n"

# All clients of a measurement come from one address; the peers have no limit for it either, nor
# for what an account sends in an hour.
_SETTINGS = """
hostname = "mail.bench.test"
data = "{data}"
workers = {workers}

[listen]
smtp = ["127.0.0.1:{smtp}"]
imap = ["127.0.0.1:{imap}"]
imaps = ["127.0.0.1:{imaps}"]
pop3 = ["127.0.0.1:{pop3}"]
pop3s = []
submission = ["127.0.0.1:{submission}"]
submissions = []
lmtp = []
managesieve = []
http = []

[net]
connections_per_address_max = 5000

[submission]
letters_per_hour_max = 0
letters_per_day_max = 0
recipients_per_hour_max = 0
recipients_per_day_max = 0

[relay]
networks = ["127.0.0.0/8"]
{relay}

[[route]]
domain = "sink.test"
to = "127.0.0.1:{sink}"

[tls]
allow_plaintext_auth = true

{more}
"""


@dataclass(frozen=True, slots=True)
class House:
    """A running server: its supervisor's pid and where it listens."""

    pids: list[int]
    smtp: str
    submission: str
    imap: str
    imaps: str
    pop3: str
    settings: Path
    data: Path


def posthouse(settings: Path, *words: str, said: bytes = b"") -> None:
    """Runs one subcommand; its trouble ends the measurement."""
    command = [str(COMMAND), "--config", str(settings), *words]
    ran = subprocess.run(command, input=said, capture_output=True, check=False)
    if ran.returncode:
        sys.exit(f"posthouse {' '.join(words)}: {ran.stderr.decode()[-2000:]}")


def add_users(settings: Path, first: int, last: int) -> None:
    """Accounts u<first> to u<last - 1>, password "secret"; two at a time, for two cores."""
    with ThreadPoolExecutor(2) as pool:

        def add(number: int) -> None:
            address = f"u{number}@bench.test"
            posthouse(settings, "account", "add", address, "--password-stdin", said=PASSWORD)

        list(pool.map(add, range(first, last)))


@contextlib.contextmanager
def running(
    folder: Path,
    *,
    users: int = 100,
    workers: int = 2,
    relay: str = "",
    more: str = "",
    fill: Callable[[Path], None] | None = None,
) -> Iterator[House]:
    """A server on fresh data, between its ready line and its stop. `relay` goes to that section of
    the configuration, `more` to its end; `fill` puts something into the data before it starts."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = folder / "posthouse.toml"
    ports = {
        "smtp": BASE + 25,
        "submission": BASE + 587,
        "imap": BASE + 143,
        "imaps": BASE + 993,
        "pop3": BASE + 110,
    }
    settings.write_text(
        _SETTINGS.format(
            data=folder / "data", workers=workers, sink=SINK, relay=relay, more=more, **ports
        )
    )
    if fill is not None:
        fill(folder / "data")
    log = folder / "log"
    with log.open("wb") as errors:
        server = subprocess.Popen(
            [COMMAND, "serve", "--config", settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        _await_ready(server, log)
        if users:
            posthouse(settings, "domain", "add", "bench.test")
        add_users(settings, 0, users)
        at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        yield House(pids=[server.pid], settings=settings, data=folder / "data", **at)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_ready(server: "subprocess.Popen[bytes]", log: Path) -> None:
    assert server.stdout is not None
    begun = time.monotonic()
    watchdog = threading.Timer(READY_SECONDS_MAX, server.kill)
    watchdog.start()
    try:
        for line in server.stdout:
            if line.startswith(b"posthouse ready"):
                return
    finally:
        watchdog.cancel()
    seconds = time.monotonic() - begun
    sys.exit(f"no server after {seconds:.0f} s: {log.read_text()[-2000:]}")
