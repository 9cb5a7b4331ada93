"""The processes of the supervisor: forked, seen to be ready, started again when they die.

A child never returns from `start`: it ends by `os._exit`. Signals are held back until it has its
own handlers, so none of the supervisor's ever runs in it.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.base.clock import Clock
from posthouse.base.log import Log

HEALTHY_SECONDS: Final = 10.0
"""Who lived so long and dies is started again at once; who did not, with growing pauses."""
PAUSE_SECONDS_FIRST: Final = 0.2
PAUSE_SECONDS_MAX: Final = 10.0
EXIT_FAULT: Final = 70
"""sysexits.h EX_SOFTWARE"""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Child:
    """One process and its place."""

    kind: str
    number: int
    row: int
    """Of the metrics page."""
    pid: int
    started: float
    is_ready: bool = False
    is_retiring: bool = False
    """Told to end: nobody takes its place when it does."""


@dataclass(slots=True)
class _Place:
    """Someone is missing here."""

    kind: str
    number: int
    due: float


class Children:
    """Who runs. `main(kind, number, row)` is what a child does; its result is its exit code."""

    __slots__ = ("_clock", "_deaths", "_fork", "_log", "_main", "_missing", "living")

    def __init__(
        self,
        main: Callable[[str, int, int], int],
        *,
        clock: Clock,
        log: Log,
        fork: Callable[[], int] = os.fork,
    ) -> None:
        self._main = main
        self._fork = fork
        self._clock = clock
        self._log = log
        self.living: dict[int, Child] = {}
        self._missing: list[_Place] = []
        self._deaths: dict[tuple[str, int], int] = {}

    def of(self, kind: str) -> Iterator[Child]:
        """Those of one kind, also the retiring."""
        return (child for child in list(self.living.values()) if child.kind == kind)

    def start(self, kind: str, number: int, row: int) -> Child | None:
        """Forks one. None: the machine has no room for it now; its place is tried again later."""
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        now = self._clock.monotonic()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = self._fork()
        except OSError as error:
            self._log.error("serve.no_fork", kind=kind, number=number, reason=error.strerror)
            self._missing.append(_Place(kind, number, now + PAUSE_SECONDS_MAX))
            return None
        finally:
            if os.getpid() == parent:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        if pid == 0:
            os._exit(self._in_child(kind, number, row, parent))
        child = Child(kind, number, row, pid, now)
        self.living[pid] = child
        self._log.info("serve.started", kind=kind, number=number, child=pid)
        return child

    def reap(self) -> list[Child]:
        """Those that ended; the places of those that should not have are noted as missing."""
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            child = self.living.pop(pid, None)
            if child is None:
                continue
            ended.append(child)
            if child.is_retiring:
                self._log.info("serve.ended", kind=child.kind, number=child.number, child=pid)
            else:
                self._miss(child, status)
        return ended

    def due(self) -> list[tuple[str, int]]:
        """Places that are to be filled now; they are no longer missing."""
        now = self._clock.monotonic()
        due = [place for place in self._missing if place.due <= now]
        self._missing = [place for place in self._missing if place.due > now]
        return [(place.kind, place.number) for place in due]

    def next_due(self) -> float | None:
        """Seconds until a place is to be filled."""
        if not self._missing:
            return None
        return max(0.0, min(place.due for place in self._missing) - self._clock.monotonic())

    def forget_missing(self) -> None:
        """Nobody is started any more."""
        self._missing.clear()

    def deaths_in_a_row(self) -> int:
        """The most early deaths that one place has seen."""
        return max(self._deaths.values(), default=0)

    def signal(self, child: Child, number: signal.Signals) -> None:
        """Only those that were not reaped: a pid is ours until then."""
        if child.pid in self.living:
            os.kill(child.pid, number)

    def _miss(self, child: Child, status: int) -> None:
        place = child.kind, child.number
        now = self._clock.monotonic()
        deaths = 0 if now - child.started >= HEALTHY_SECONDS else self._deaths.get(place, 0) + 1
        self._deaths[place] = deaths
        pause = 0.0 if deaths < 2 else PAUSE_SECONDS_FIRST * 2 ** min(deaths - 2, 20)
        pause = min(pause, PAUSE_SECONDS_MAX)
        self._missing.append(_Place(*place, now + pause))
        self._log.error(
            "serve.died",
            kind=child.kind,
            number=child.number,
            child=child.pid,
            how=_how(status),
            again_seconds=pause,
        )

    def _in_child(self, kind: str, number: int, row: int, parent: int) -> int:
        try:
            for name in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(name, signal.SIG_DFL)
            # Ctrl-C and a lost terminal are the supervisor's to understand: its own group keeps a
            # child from hearing of them too early, while others still need it.
            os.setpgid(0, 0)
            for name in (signal.SIGINT, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            end_with_parent(parent)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return self._main(kind, number, row)
        except BaseException as error:  # noqa: BLE001 - a child ends here, whatever happened
            self._log.fault("serve.child_failed", error, kind=kind, number=number)
            return EXIT_FAULT


def end_with_parent(parent: int) -> None:
    """When the supervisor dies, however it does, its children get SIGTERM. prctl(2)"""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(EXIT_FAULT)


def close_all_but(needed: Collection[int]) -> None:
    """Closes every other file descriptor of this process."""
    names = [path.name for path in Path("/proc/self/fd").iterdir()]
    for number in map(int, names):
        if number not in needed:
            with contextlib.suppress(OSError):
                os.close(number)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
