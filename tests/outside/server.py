"""The real program, started by its command for tests that speak to it over its sockets.

Each server has a folder, a configuration and ports of its own (the kernel chooses free ones), so
that any number of them run side by side. It ends with its test: by SIGTERM to its pid, and with
this process whatever happens. At the end its log must not hold a fault of ours.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from posthouse.app.status import Status, ask_status

ROOT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 60.0
"""How long anything may take before we say it hangs; never a measure of speed."""
PASSWORD: Final = "correct horse"
HOSTNAME: Final = "mail.example.org"
LOOPBACK: Final = "127.0.0.1:0"
END_WITH_US: Final = ("setpriv", "--pdeathsig", "TERM")
"""Before a command: when the process of the tests dies, however it does, it gets SIGTERM."""
SILENT: Final = ("submission", "submissions", "lmtp", "managesieve")

Settings = Mapping[str, Mapping[str, object]]
"""By section; "" are the keys before the first."""

BASE: Final[Settings] = {
    "": {"hostname": HOSTNAME, "workers": 2},
    "listen": {
        **dict.fromkeys(("smtp", "imap", "imaps", "pop3", "pop3s", "http"), (LOOPBACK,)),
        **dict.fromkeys(SILENT, ()),
    },
    "log": {"level": "info"},
}


class Server:
    """One server and all its processes. `with Server(folder) as server:` starts and stops it."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "posthouse.toml"
        self.log = folder / "log"
        self.ports: dict[str, int] = {}
        self.may_fault = False
        """Set by a test that makes the machine fail under the server."""
        self.around: list[str] = []
        """Words before every command of it: in which namespace."""
        self.before: list[str] = []
        """Words before `serve` alone: who starts it."""
        self.environment: dict[str, str] = {}
        self.descriptors: list[int] = []
        """What it inherits open beside stdin, stdout and stderr."""
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(settings or {})

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        if error[0] is None:
            self.expect_no_faults()

    # ---- its configuration

    def configure(self, settings: Settings) -> None:
        """Writes the configuration; a running server reads it at SIGHUP."""
        sections = {name: dict(BASE.get(name, {})) for name in {**BASE, **settings}}
        sections[""]["data"] = str(self.data)
        for name, keys in settings.items():
            sections[name].update(keys)
        self.config.write_text(toml(sections), "utf-8")

    # ---- its life

    def start(self) -> None:
        """Returns when every listener accepts."""
        assert self._process is None, "it runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*END_WITH_US, *self.around, *self.before, *command(), *self._serve],
                env=environment() | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=self.descriptors,
            )
        line = self._ready_line(self._process)
        self.ports = {
            service: int(where.rpartition(":")[2])
            for service, all_of_it in re.findall(r"(\w+)=(\S+)", line)
            for where in all_of_it.split(",")
            if not where.startswith("unix:")
        }

    def stop(self) -> int:
        """SIGTERM; gives the exit code when all its processes are gone."""
        process, self._process = self._process, None
        if process is None:
            return 0
        children = self._children(process.pid)
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            _kill_all(children)
            raise AssertionError(f"it did not stop:\n{self.log_text()[-4000:]}") from None
        finally:
            assert process.stdout is not None
            process.stdout.close()
        _kill_all(children)
        return code

    def kill(self) -> None:
        """kill -9 of all its processes, as near to a power cut as a process can see."""
        process, self._process = self._process, None
        assert process is not None, "it runs"
        assert process.stdout is not None
        children = self._children(process.pid)
        process.kill()
        _kill_all(children)
        process.wait()
        process.stdout.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def signal(self, number: signal.Signals) -> None:
        """To the supervisor."""
        assert self._process is not None, "it runs"
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, when it ends by itself."""
        assert self._process is not None, "it runs"
        code = self._process.wait(SECONDS_MAX)
        self.stop()
        return code

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None, "it runs"
        return self._process.pid

    def status(self) -> Status:
        status = ask_status(self.data)
        assert status is not None, f"no answer on the control socket:\n{self.log_text()[-4000:]}"
        return status

    @contextlib.contextmanager
    def only_worker(self, number: int) -> Iterator[int]:
        """Meanwhile every new connection goes to this one: the others stand still."""
        pids = [p.pid for p in self.status().processes if p.kind == "worker"]
        chosen = next(
            p.pid for p in self.status().processes if p.kind == "worker" and p.number == number
        )
        others = [pid for pid in pids if pid != chosen]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield chosen
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)

    # ---- its command line

    def run(
        self, *words: str, said: str = "", code: int | None = 0
    ) -> "subprocess.CompletedProcess[str]":
        """One subcommand in a process of its own, with this server's configuration."""
        ran = subprocess.run(
            [*self.around, *command(), "--config", str(self.config), *words],
            env=environment(),
            input=said,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS_MAX,
            check=False,
        )
        if code is not None:
            assert ran.returncode == code, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def add_domain(self, name: str) -> None:
        self.run("domain", "add", name)

    def add_account(self, address: str, *words: str, password: str = PASSWORD) -> None:
        self.run("account", "add", address, "--password-stdin", *words, said=password)

    # ---- what it wrote

    def log_text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def events(self, name: str) -> list[str]:
        """Lines of the log with this event."""
        return [line for line in self.log_text().splitlines() if f" {name} " in line]

    def await_event(self, name: str, count: int = 1) -> list[str]:
        return eventually(
            lambda: found if len(found := self.events(name)) >= count else None, what=name
        )

    def expect_no_faults(self) -> None:
        """No traceback is in the log: nothing from outside may lead to one."""
        faults = [line for line in self.log_text().splitlines() if "traceback" in line.lower()]
        assert self.may_fault or not faults, "\n".join(faults[:5])

    # ---- beneath

    @property
    def _serve(self) -> tuple[str, ...]:
        return "serve", "--config", str(self.config)

    def _ready_line(self, process: "subprocess.Popen[bytes]") -> str:
        assert process.stdout is not None
        lines: list[str] = []
        deadline = time.monotonic() + SECONDS_MAX
        os.set_blocking(process.stdout.fileno(), False)
        text = b""
        while time.monotonic() < deadline:
            text += process.stdout.read() or b""
            *lines, _ = text.decode("utf-8", "replace").split("\n")
            for line in lines:
                if line.startswith("posthouse ready"):
                    return line
            if process.poll() is not None:
                break
            time.sleep(0.01)
        process.kill()
        process.wait()
        process.stdout.close()
        self._process = None
        raise AssertionError(f"it was never ready: {lines}\n{self.log_text()[-4000:]}")

    def _children(self, pid: int) -> list[int]:
        path = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            return [int(word) for word in path.read_text().split()]
        except OSError:
            return []


def eventually(look: Callable[[], Any], *, what: str, seconds: float = SECONDS_MAX) -> Any:
    """What `look` gives, as soon as it is true; fails when that never comes."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"this never came: {what}"
        time.sleep(0.02)
    return found


def command() -> list[str]:
    """The program as a user starts it, whether or not it is installed."""
    return [sys.executable, "-m", "posthouse"]


def environment() -> dict[str, str]:
    """That of the tests, with the source folder on Python's path and no other configuration."""
    kept = {k: v for k, v in os.environ.items() if k != "POSTHOUSE_CONFIG"}
    path = [str(ROOT / "src"), kept.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(part for part in path if part)}


def toml(sections: Settings) -> str:
    """A TOML file of keys with plain values, the nameless section first."""
    lines: list[str] = []
    for name in sorted(sections):
        lines += [f"[{name}]"] if name else []
        lines += [f"{key} = {toml_value(value)}" for key, value in sections[name].items()]
        lines.append("")
    return "\n".join(lines)


def toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def pss_octets(pids: list[int]) -> int:
    """Memory of these processes, shared pages by halves: proportional set size. proc(5)"""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024  # type: ignore[index]
    return total


def _kill_all(pids: list[int]) -> None:
    """Whoever of them is still there; they were the server's own."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS_MAX
    while any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {pids}"
        time.sleep(0.01)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
