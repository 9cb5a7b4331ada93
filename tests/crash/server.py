"""The real server for crash tests: started by its command, asked for its pids, killed in part."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[2]
PASSWORD = "a password for tests"
DOMAIN = "example.org"
CONFIG = """\
hostname = "mail.example.org"
data = "{data}"
workers = {workers}
[listen]
smtp = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
submission = ["127.0.0.1:0"]
submissions = []
lmtp = []
imaps = []
pop3 = ["127.0.0.1:0"]
pop3s = []
managesieve = []
http = []
[tls]
allow_plaintext_auth = true
[pop3]
lease_seconds = 10
busy_seconds_max = 0
[net]
connections_per_address_max = 10000
drain_seconds_max = 5
[submission]
letters_per_hour_max = 0
letters_per_day_max = 0
recipients_per_hour_max = 0
recipients_per_day_max = 0
[queue]
retry_seconds_first = 0.5
retry_seconds_max = 1
pause_seconds_first = 0.2
pause_seconds_max = 1
idle_seconds_max = 0.2
[log]
level = "{level}"
"""
ROUTE = """\
[[route]]
domain = "{domain}"
to = "127.0.0.1:{port}"
tls = "never"
"""
EXIT_TEMPORARY = 75


class Server:
    """One data directory and the server on it. Ports are free ones and change with each start.

    `before` are words before the command, as strace; `spoils` is a program to be run in the server
    before it serves, to see that a spoiled server is found out. `routes` are domains of others and
    the ports where they are served.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        level: str = "info",
        before: tuple[str, ...] = (),
        spoils: str = "",
        routes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.config = folder / "posthouse.toml"
        ways = [ROUTE.format(domain=domain, port=port) for domain, port in routes.items()]
        text = CONFIG.format(data=self.data, workers=workers, level=level)
        self.config.write_text(text + "".join(ways))
        self.log = folder / "log"
        self.ports: dict[str, int] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._program = [*before, sys.executable, "-m", "posthouse"]
        if spoils:
            ends = "from posthouse.cli.main import main\nraise SystemExit(main())\n"
            self._program = [*before, sys.executable, "-c", spoils + ends]
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith("POSTHOUSE_")}
        self._environ["PYTHONPATH"] = str(ROOT / "src")

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A subcommand of posthouse, to its end; it must succeed."""
        command = [sys.executable, "-m", "posthouse", *words, "--config", str(self.config)]
        run = subprocess.run(
            command, input=stdin, text=True, capture_output=True, env=self._environ, timeout=60
        )
        assert run.returncode == 0, (words, run.stdout, run.stderr)
        return run

    def add_accounts(self, names: list[str]) -> None:
        """NAME@example.org, each with the same password."""
        self.command("domain", "add", DOMAIN)
        for name in names:
            self.command("account", "add", f"{name}@{DOMAIN}", "--password-stdin", stdin=PASSWORD)

    def start(self, seconds: float = 40) -> float:
        """Starts it, again and again while an old one still holds the data directory; gives the
        seconds until it is ready."""
        began = time.monotonic()
        while True:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [*self._program, "serve", "--config", str(self.config)],
                    stdout=subprocess.PIPE, stderr=log, env=self._environ,
                )  # fmt: skip
            assert self.process.stdout is not None
            line = self.process.stdout.readline().decode()
            if line.startswith("posthouse ready"):
                self.ports = {
                    name: int(port) for name, port in re.findall(r"(\w+)=127\.0\.0\.1:(\d+)", line)
                }
                return time.monotonic() - began
            code = self.process.wait()
            self.process.stdout.close()
            assert code == EXIT_TEMPORARY, f"exit {code}, see {self.log}"
            assert time.monotonic() < began + seconds, "the data directory does not become free"
            time.sleep(0.05)

    def status(self) -> dict[str, Any]:
        """As `posthouse status --json` has it, by the same socket."""
        with socket.socket(socket.AF_UNIX) as way:
            way.settimeout(5)
            way.connect(str(self.data / "control.sock"))
            answer = b"".join(iter(lambda: way.recv(65_536), b""))
        found: dict[str, Any] = json.loads(answer)
        return found

    def pids(self) -> dict[str, list[int]]:
        """Of each kind of process."""
        status = self.status()
        return {
            "supervisor": [status["supervisor"]],
            "scribe": [status["scribe"]],
            "worker": status["workers"],
        }

    def holders(self) -> dict[int, str]:
        """How the claims of each worker begin, by its pid."""
        return {p["pid"]: f"w{p['number']}:" for p in self.status()["processes"]
                if p["kind"] == "worker"}  # fmt: skip

    def is_whole(self, without: list[int]) -> bool:
        """All processes are there and ready, and none of these is among them."""
        try:
            processes = self.status()["processes"]
        except (OSError, ValueError):
            return False
        pids = [process["pid"] for process in processes]
        ready = all(process["is_ready"] for process in processes)
        wanted = int(re.findall(r"workers = (\d+)", self.config.read_text())[0]) + 1
        return ready and len(pids) == wanted and not set(pids) & set(without)

    @staticmethod
    def signal(pid: int, number: signal.Signals) -> None:
        """To one of its processes."""
        os.kill(pid, number)

    def reap(self) -> None:
        """After the supervisor was killed."""
        assert self.process is not None
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> int:
        """In good order; gives the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(60)
        finally:
            self.kill_all()
        self.reap()
        return code

    def kill_all(self) -> list[int]:
        """Every process that is ours at once, as when the machine stops."""
        with contextlib.suppress(OSError, ValueError):
            pids = [pid for found in self.pids().values() for pid in found]
            for pid in pids:
                kill(pid)
            return pids
        if self.process is not None:
            self.process.kill()
        return []


def kill(pid: int) -> None:
    """SIGKILL; it may be gone already."""
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Not gone, and no zombie either."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(true: Any, seconds: float, what: str) -> float:
    """Gives the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() < began + seconds, f"not in {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - began
