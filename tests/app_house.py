"""Starts a house of processes for a test and talks to it from outside."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posthouse.app.config import Listen
from posthouse.app.status import CONTROL_NAME

ROOT = Path(__file__).parents[1]
ECHO = [sys.executable, str(ROOT / "tests" / "echo_house.py")]
REAL = [sys.executable, "-m", "posthouse", "serve", "--config"]


def closed(config: str) -> dict[str, str]:
    """The environment that turns off what a config does not name, so that no test takes a port that
    another one has.
    """
    named = {line.split("=")[0].strip() for line in config.splitlines()}
    return {f"POSTHOUSE_LISTEN_{s.upper()}": "" for s in Listen.__slots__ if s not in named}


class Running:
    """One started program. A context: it is stopped at the end, whatever happened."""

    def __init__(
        self,
        folder: Path,
        config: str,
        program: list[str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.file = folder / "posthouse.toml"
        self.file.write_text(f'data = "{self.data}"\nhostname = "mail.test"\n{config}', "utf-8")
        self.began = time.monotonic()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("POSTHOUSE_")}
        self.process = subprocess.Popen(
            [*(program or ECHO), str(self.file)],
            cwd=folder,
            env=environ | closed(config) | {"PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=descriptors,
        )
        self.log: list[str] = []
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,))
        self._reader.start()
        self.addresses: dict[str, str] = {}
        self.ready_seconds = 0.0

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self, stream: Any) -> None:
        with contextlib.suppress(ValueError):
            for line in stream:
                self.log.append(line)

    def ready(self) -> "Running":
        """Waits for the line that says so."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_seconds = time.monotonic() - self.began
        assert line.startswith("posthouse ready "), (line, self.log)
        self.addresses = dict(pair.split("=", 1) for pair in line.split()[2:])
        return self

    def port(self, service: str = "smtp") -> int:
        return int(self.addresses[service].rpartition(":")[2])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped(self, seconds: float = 20) -> int:
        """The exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code

    def status(self) -> dict[str, Any]:
        """As the control socket gives it."""
        with socket.socket(socket.AF_UNIX) as way:
            way.settimeout(5)
            way.connect(str(self.data / CONTROL_NAME))
            answer = b"".join(iter(lambda: way.recv(65_536), b""))
        found: dict[str, Any] = json.loads(answer)
        return found

    def until_logged(self, event: str, count: int = 1, seconds: float = 10) -> None:
        wait_for(lambda: sum(event in line for line in list(self.log)) >= count, seconds)

    def connect(self, service: str = "smtp") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port(service)), timeout=10)

    def say(self, line: bytes, service: str = "smtp") -> bytes:
        """One line on a connection of its own; its answer behind the greeting."""
        with self.connect(service) as way:
            way.sendall(line + b"\nquit\n")
            return b"".join(iter(lambda: way.recv(65_536), b"")).splitlines()[1]


def wait_for(condition: Any, seconds: float = 10) -> None:
    """Until something outside is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Not gone, and no zombie either."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
