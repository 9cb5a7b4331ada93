"""A real mail server of somebody else beside us: started, looked into, stopped.

    with Neighbour(POSTFIX, folder, Settings(domain="b.example", routes={...})) as postfix:
        postfix.port, postfix.inbox("ann"), postfix.queue(), postfix.log_text()

It runs in namespaces of its own (mounts, processes, host name; inside.py) from packages that are
unpacked, never installed. It ends with its context, and with this process whatever happens. Its
network is that of `within`, or ours. Its spool and mailboxes stay in `folder`: it can stop and
start again.
"""

import dataclasses
import functools
import json
import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from outside.hosts import free_port
from outside.neighbours.packages import unpack
from outside.server import SECONDS_MAX, eventually

INSIDE: Final = Path(__file__).parent / "inside.py"
END_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""unshare holds SIGTERM back from itself; the kernel ends its namespace with it."""
PEOPLE_FROM: Final = 64_101


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a neighbour sends the mail of a domain."""

    port: int = 0
    address: str = "127.0.0.1"
    socket: str = ""
    """Path of a unix socket as the neighbour sees it, instead of address and port."""
    protocol: str = "smtp"
    """Or lmtp."""
    tls: bool = False
    """It must be there; otherwise it is not used."""
    user: str = ""
    """Who it logs in as, with TLS only."""
    password: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a neighbour shall be, whichever program it is."""

    domain: str
    more_domains: tuple[str, ...] = ()
    """The same people live there."""
    hostname: str = ""
    """Empty: mail. and the domain."""
    address: str = "127.0.0.1"
    port: int = 0
    """0: a free one is taken."""
    people: tuple[str, ...] = ("ann", "ben")
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Whole addresses of its domains, and the whole addresses they stand for."""
    routes: Mapping[str, Route] = field(default_factory=dict)
    """By domain; it takes mail for them from anybody. All others: by MX, of `name_server`."""
    relay_domains: tuple[str, ...] = ()
    """It takes mail for them from anybody too, and sends it by MX."""
    name_server: str = ""
    """An address, port 53. Empty: it asks nobody, and only routes lead anywhere."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Further lines of /etc/hosts: name, address."""
    deferred: tuple[str, ...] = ()
    """Addresses of its own that are told to come again: 451."""
    letter_octets_max: int = 20_000_000
    retry_seconds: int = 1
    binds: Mapping[str, Path] = field(default_factory=dict)
    """Folders that it sees: place (below /mnt), folder."""

    @property
    def domains(self) -> tuple[str, ...]:
        """All that are its own."""
        return (self.domain, *self.more_domains)

    @property
    def host(self) -> str:
        return self.hostname or f"mail.{self.domain}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What is written, owned and started inside."""

    files: Mapping[str, str]
    command: tuple[str, ...]
    folders: Mapping[str, str] = field(default_factory=dict)
    """Made if missing, with their owner."""
    secrets_of: str = "root"
    """Who reads its private key."""
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that prepare it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Further lines of /etc/hosts, as in `Settings`."""
    binds: Mapping[str, str] = field(default_factory=dict)
    """Folders of its own shown at another place too: place, folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Which program."""

    name: str
    packages: tuple[str, ...]
    """Of Debian; the first gives the folder its name."""
    users: Mapping[str, int]
    machine: Callable[[Settings], Machine]
    queue_command: tuple[str, ...]
    queue_is_empty: Callable[[str], bool]
    flush_command: tuple[str, ...]
    speaks_utf8: bool = False
    """RFC 6531."""


class Neighbour:
    """One of them. A context."""

    def __init__(
        self, kind: Kind, folder: Path, settings: Settings, within: tuple[str, ...] = ()
    ) -> None:
        self.kind = kind
        self.settings = settings
        self.folder = folder
        self.log = folder / "log"
        self.port = settings.port or free_port()
        self.within = within
        """A command before ours, as nsenter with the network namespace it shall live in."""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def change(self, **settings: Any) -> None:
        """Other settings from its next start on."""
        self.settings = dataclasses.replace(self.settings, **settings)

    def start(self) -> None:
        """Returns when it greets."""
        assert self._process is None, "it runs already"
        root = unpack(*self.kind.packages)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self._describe()
        words = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
        inside = (*words, sys.executable, "-I", "-S", INSIDE, self.folder, root)
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [*self.within, *END_WITH_US, *inside],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        try:
            eventually(self._greets, what=f"the greeting of {self.kind.name}")
        except BaseException as error:
            error.add_note(self.log_text())
            self.stop()
            raise

    def stop(self) -> None:
        """SIGTERM to the server; gone with all its processes when this returns."""
        process, self._process = self._process, None
        if process is None:
            return
        for pid in _children(process.pid):
            os.kill(pid, signal.SIGTERM)
        try:
            process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"it did not stop:\n{self.log_text()}") from None

    @functools.cached_property
    def serves_tls(self) -> bool:
        """Whether a handshake with it can succeed: OpenSMTPD 6.8 offers it and fails at it.

        That release came before OpenSSL 3, with which Debian 12 has built it.
        """
        with smtplib.SMTP(self.settings.address, self.port, timeout=SECONDS_MAX) as smtp:
            try:
                smtp.starttls()
            except (ssl.SSLError, OSError):
                smtp.close()
                return False
            return True

    # ---- what it has

    def inbox(self, name: str) -> list[bytes]:
        """Letters in a home, oldest first, with CRLF."""
        found = sorted((self.folder / "home" / name / "Maildir/new").glob("*"), key=_age)
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in found]

    def forget(self) -> None:
        """All letters of all people."""
        for name in self.settings.people:
            shutil.rmtree(self.folder / "home" / name / "Maildir", ignore_errors=True)

    def queue(self) -> str:
        """What its own command prints about letters that wait; empty when none does."""
        said = self.run(*self.kind.queue_command)
        return "" if self.kind.queue_is_empty(said) else said

    def flush(self) -> None:
        """It tries all that wait now."""
        self.run(*self.kind.flush_command)

    def run(self, *command: str, said: bytes = b"") -> str:
        """A command on its machine."""
        assert self._process is not None, "it does not run"
        (pid,) = _children(self._process.pid)
        words = ["nsenter", "--target", str(pid), "--mount", "--uts", "--pid", "--", *command]
        ran = subprocess.run(
            words, input=said, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
        printed = ran.stdout.decode("utf-8", "replace")
        assert ran.returncode == 0, f"{command}: {ran.returncode}\n{printed}"
        return printed

    def log_text(self) -> str:
        """Its log and what it printed."""
        files = (self.folder / "said", self.log)
        return "\n".join(f.read_text("utf-8", "replace") for f in files if f.exists())[-8000:]

    # ---- beneath

    def _describe(self) -> None:
        machine = self.kind.machine(dataclasses.replace(self.settings, port=self.port))
        people = {name: PEOPLE_FROM + n for n, name in enumerate(self.settings.people)}
        binds = {place: str(folder) for place, folder in self.settings.binds.items()}
        names = {**self.settings.names, **machine.names}
        text = json.dumps(
            {
                "host": self.settings.host,
                "users": dict(self.kind.users),
                "people": people,
                "files": {**_names(self.settings, names), **machine.files},
                "secrets_of": machine.secrets_of,
                "folders": dict(machine.folders),
                "binds": {**machine.binds, **binds},
                "before": machine.before,
                "command": machine.command,
            },
            indent=1,
        )
        (self.folder / "machine.json").write_text(text, "utf-8")

    def _greets(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.kind.name} ended:\n{self.log_text()}"
        if self.within:
            return self._greets_there()
        try:
            with smtplib.SMTP(self.settings.address, self.port, timeout=10) as smtp:
                return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _greets_there(self) -> bool:
        script = (
            "import smtplib, sys; s = smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=10);"
            "sys.exit(s.noop()[0] != 250)"
        )
        command = [sys.executable, "-S", "-c", script, self.settings.address, str(self.port)]
        ran = subprocess.run([*self.within, *command], check=False, capture_output=True)
        return ran.returncode == 0


def _names(settings: Settings, more: Mapping[str, str]) -> dict[str, str]:
    """How the machine looks names up: its own hosts, and one name server or none."""
    own = {settings.host: settings.address, "localhost": "127.0.0.1", **more}
    order = "files dns" if settings.name_server else "files"
    # Nobody listens at the port of the second: such questions fail at once.
    server = settings.name_server or "127.0.0.1"
    return {
        "/etc/hosts": "".join(f"{address}\t{name}\n" for name, address in own.items()),
        "/etc/resolv.conf": f"nameserver {server}\noptions timeout:2 attempts:1\n",
        "/etc/nsswitch.conf": f"passwd: files\ngroup: files\nhosts: {order}\naliases: files\n",
        "/etc/hostname": f"{settings.host}\n",
        "/etc/mailname": f"{settings.domain}\n",
    }


def _age(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def _children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
