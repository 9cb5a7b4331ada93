"""How many connections a destination is trusted with. Pure.

It begins with one. Each letter that goes through quickly earns one more, each failure halves the
trust. So a host that is slow or dead never holds more than one or two of the worker's connections.
"""

from typing import Final

QUICK_SECONDS: Final = 2.0
"""A letter that took longer earns nothing."""
SHARE_FOR_MORE: Final = 0.75
"""Of all connections; beyond it a destination that has one gets no second."""
SHARE_FOR_SUSPECTS: Final = 0.25
"""Of all connections; destinations that failed last time have no more together."""


class Pace:
    """Of one destination."""

    __slots__ = ("_allowed", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = 1

    @property
    def allowed(self) -> int:
        """Connections now."""
        return self._allowed

    def succeeded(self, seconds: float) -> None:
        """A letter went through in that time."""
        if seconds <= QUICK_SECONDS and self._allowed < self._most:
            self._allowed += 1

    def failed(self) -> None:
        """A connection could not be had, or was cut."""
        self._allowed = max(1, self._allowed // 2)


def may_open(
    *, mine: int, allowed: int, is_suspect: bool, open_now: int, suspects_now: int, most: int
) -> bool:
    """Whether a destination with so many connections may have another one now."""
    if mine >= allowed or open_now >= most:
        return False
    if is_suspect:
        return mine == 0 and suspects_now < max(1, int(most * SHARE_FOR_SUSPECTS))
    return mine == 0 or open_now < most * SHARE_FOR_MORE
