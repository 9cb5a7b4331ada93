"""Whether the scribe waits a moment before a commit, so that more units share its sync.

Under load from many sessions a commit at once takes only the few units that happen to be there,
and pays the sync and its own
turn for each few. A wait of a few milliseconds makes batches several times larger; but for few
sessions that all wait for their
answers it only makes everybody slower. Nobody can tell the two apart from outside, so it is tried:
now and then a few commits
with the wait are compared with a few without, and the wait stays only while it makes batches
larger.
"""

from enum import Enum
from typing import Final

WAIT_SECONDS: Final = 0.003
SAMPLE_COMMITS: Final = 12
"""Commits that one try looks at."""
HOLD_COMMITS: Final = 200
"""Commits before it is tried again."""
UNITS_LEAST: Final = 1.5
"""Units a batch below which it is not worth trying."""
GROWTH_LEAST: Final = 1.6
"""How many times larger the batches must become."""
ALONE_COMMITS_MAX: Final = 3
"""Waits in a row that brought nothing: then the load is over, whatever was decided."""
RATE_LEAST: Final = 0.9
"""How much of the units a second must be left; sessions that wait for each answer lose half."""


class _Phase(Enum):
    """What the next commits are."""

    PLAIN = "a sample without the wait"
    TRIED = "a sample with the wait"
    HELD = "as the last try decided"


class Gather:
    """Counts batches and decides; pure."""

    __slots__ = ("_alone", "_began", "_left", "_phase", "_rate", "_size", "_units", "waits")

    def __init__(self, now: float) -> None:
        """Times are seconds of a monotonic clock."""
        self.waits = False
        """Whether to wait before the next commit."""
        self._phase = _Phase.PLAIN
        self._left = SAMPLE_COMMITS
        self._units = 0
        self._alone = 0
        self._began = now
        self._size = self._rate = 0.0

    def committed(self, units: int, now: float) -> None:
        """A batch of so many units is done."""
        self._units += units
        self._left -= 1
        self._alone = self._alone + 1 if self.waits and units <= 1 else 0
        if self._alone == ALONE_COMMITS_MAX:
            self._begin(now, _Phase.PLAIN, waits=False)
            return
        if self._left > 0:
            return
        size = self._units / SAMPLE_COMMITS
        rate = self._units / max(now - self._began, 1e-6)
        if self._phase is _Phase.PLAIN:
            self._size, self._rate = size, rate
            is_worth_it = size >= UNITS_LEAST
            self._begin(now, _Phase.TRIED if is_worth_it else _Phase.HELD, waits=is_worth_it)
        elif self._phase is _Phase.TRIED:
            pays = size >= GROWTH_LEAST * self._size and rate >= RATE_LEAST * self._rate
            self._begin(now, _Phase.HELD, waits=pays)
        else:
            self._begin(now, _Phase.PLAIN, waits=False)

    def _begin(self, now: float, phase: _Phase, *, waits: bool) -> None:
        self._began = now
        self._phase = phase
        self.waits = waits
        self._alone = 0
        self._left = HOLD_COMMITS if phase is _Phase.HELD else SAMPLE_COMMITS
        self._units = 0
