"""Time, passed in. The only module that reads a clock; tests and the simulator bring their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where a part of the house gets its time from."""

    def now(self) -> float:
        """Wall time in seconds since 1970-01-01 UTC. May jump, also backwards."""

    def monotonic(self) -> float:
        """Seconds that only grow, for waits and rates. Not comparable between machines."""


class SystemClock:
    """The clock of this machine."""

    __slots__ = ()

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SetClock:
    """A clock that stands until it is moved; for tests and for runs that must repeat exactly."""

    __slots__ = ("_monotonic", "_now")

    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Both clocks go forward."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Only the wall clock moves, as when an administrator or NTP sets it."""
        self._now += seconds
