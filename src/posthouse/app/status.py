"""What `posthouse status` tells: made by the supervisor from the page of figures.

The control socket answers each connection with one JSON document and closes. Only the user who
owns the data directory can open it.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from posthouse.base.clock import Clock
from posthouse.base.metrics import METRICS, Metrics

CONTROL_NAME: Final = "control.sock"
ANSWER_SECONDS_MAX: Final = 5.0
SAMPLE_SECONDS: Final = 5.0
SAMPLES: Final = 13
"""Rates are means over the last minute."""


class ProcessStatus(msgspec.Struct, frozen=True):
    """One process."""

    kind: str
    number: int
    pid: int
    is_ready: bool
    uptime_seconds: float
    sessions: int


class Status(msgspec.Struct, frozen=True):
    """`posthouse status --json`."""

    version: str
    hostname: str
    data: str
    config: str
    supervisor: int
    scribe: int
    """Its pid; 0: it is just being started again."""
    workers: list[int]
    """Pids, in the order of their numbers."""
    processes: list[ProcessStatus]
    listeners: dict[str, list[str]]
    sessions: dict[str, int]
    """Open now, by protocol."""
    rates: dict[str, float]
    """A second, over the last minute."""
    totals: dict[str, float]
    store: dict[str, int]
    """Octets of the files of the store."""
    uptime_seconds: float


class Rates:
    """Counters sampled now and then."""

    __slots__ = ("_clock", "_metrics", "_samples")

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[tuple[float, dict[str, float]]] = deque(maxlen=SAMPLES)
        self.sample()

    def sample(self) -> None:
        """Call it every SAMPLE_SECONDS."""
        self._samples.append((self._clock.monotonic(), totals(self._metrics)))

    def rates(self) -> dict[str, float]:
        """A second, since the oldest sample."""
        since, before = self._samples[0]
        seconds = max(self._clock.monotonic() - since, 0.001)
        now = totals(self._metrics)
        return {
            name.removesuffix("_total"): round((figure - before[name]) / seconds, 3)
            for name, figure in now.items()
        }


def totals(metrics: Metrics) -> dict[str, float]:
    """All counters since the start."""
    found: dict[str, float] = {}
    for metric in METRICS:
        if metric.kind == "counter":
            figure = metrics.total(metric.name)
            found[metric.name] = figure / 1e6 if "_seconds" in metric.name else figure
    return found


def sessions(metrics: Metrics) -> dict[str, int]:
    """Sessions open now, by protocol."""
    return {
        metric.name.removesuffix("_sessions"): metrics.total(metric.name)
        for metric in METRICS
        if metric.name.endswith("_sessions")
    }


def sessions_of(metrics: Metrics, row: int) -> int:
    """Sessions open now in one process."""
    return sum(metrics.of(row, m.name) for m in METRICS if m.name.endswith("_sessions"))


def store_octets(data: Path) -> dict[str, int]:
    """Sizes of the files that hold the mail; bodies in files are not walked here."""
    found = {}
    for key, name in (("database_octets", "mail.db"), ("log_octets", "mail.db-wal")):
        with contextlib.suppress(OSError):
            found[key] = (data / name).stat().st_size
    return found


def answer_all(listener: socket.socket, answer: bytes) -> None:
    """Answers everyone who waits; one who does not read at once gets nothing."""
    with contextlib.suppress(BlockingIOError):
        while True:
            peer, _address = listener.accept()
            with contextlib.suppress(OSError), peer:
                peer.setblocking(False)
                peer.send(answer)


def ask_status(data: Path) -> Status | None:
    """The status of the server of this data directory; None: none answers."""
    path = data / CONTROL_NAME
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.settimeout(ANSWER_SECONDS_MAX)
            way.connect(str(path))
            answer = b"".join(iter(lambda: way.recv(65_536), b""))
        return msgspec.json.decode(answer, type=Status)
    except (OSError, msgspec.DecodeError):
        return None


def as_json(status: Status) -> bytes:
    return msgspec.json.encode(status)


def as_text(status: Status) -> str:
    """For people."""
    lines = [
        f"posthouse {status.version} on {status.hostname}, up {_span(status.uptime_seconds)}",
        f"data {status.data}   config {status.config or '(none: defaults)'}",
        f"supervisor {status.supervisor}   scribe {status.scribe}   workers "
        + _list(str(pid) for pid in status.workers),
        *(f"{service:12} {_list(where)}" for service, where in status.listeners.items()),
        "sessions     " + _list(f"{name} {count}" for name, count in status.sessions.items()),
        "a minute     "
        + _list(f"{name} {rate * 60:.0f}" for name, rate in status.rates.items() if rate),
        "store        "
        + _list(f"{name} {octets / 1e6:.1f} MB" for name, octets in status.store.items()),
    ]
    return "\n".join(lines)


def _list(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min {rest} s"
