"""Slows those who guess passwords, not those who know them. Counts failures a peer and an account.

The owner is not locked out: a right password is answered at once, whoever failed before from
elsewhere; only answers to
wrong ones wait. Memory is bounded: the oldest counts are forgotten first.
"""

from collections import OrderedDict
from typing import Final

from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import Clock

ENTRIES_MAX: Final = 50_000
DOUBLINGS_MAX: Final = 20


class Guard:
    """The counts of one process."""

    __slots__ = ("_clock", "_failures", "_settings")

    def __init__(self, settings: AuthSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, *keys: str) -> float:
        """Counts a failure for each key; gives the seconds that the answer shall wait."""
        return max(self._count(key) for key in keys)

    def succeeded(self, key: str) -> None:
        """Forgets the failures of one key (the peer's, never the account's: others may be guessing
        at it)."""
        self._failures.pop(key, None)

    def _count(self, key: str) -> float:
        now = self._clock.monotonic()
        count, last = self._failures.pop(key, (0, now))
        if now - last > self._settings.forget_seconds:
            count = 0
        count += 1
        self._failures[key] = (count, now)
        if len(self._failures) > ENTRIES_MAX:
            self._failures.popitem(last=False)
        beyond = count - self._settings.failures_free
        if beyond <= 0:
            return 0.0
        delay = self._settings.delay_seconds_first * 2.0 ** min(beyond - 1, DOUBLINGS_MAX)
        return min(delay, self._settings.delay_seconds_max)


def peer_key(address: str) -> str:
    """What counts as one peer: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    groups = address.split("::")[0].split(":")
    return ":".join([*groups, "0", "0", "0", "0"][:4])
