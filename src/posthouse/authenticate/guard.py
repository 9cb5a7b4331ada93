"""Slows those who guess passwords, not those who know them. Counts failures a peer and an account.

The owner is not locked out: a right password is answered at once, whoever failed before from
elsewhere; only answers to wrong ones wait. A peer has only so many answers waiting; what it asks
meanwhile is not looked at, so that many connections guess no faster than one. Memory is bounded:
the oldest counts are forgotten first.
"""

from collections import Counter, OrderedDict
from typing import Final

from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import Clock

ENTRIES_MAX: Final = 50_000
DOUBLINGS_MAX: Final = 20


class Guard:
    """The counts of one process."""

    __slots__ = ("_clock", "_failures", "_settings", "_waiting")

    def __init__(self, settings: AuthSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._waiting: Counter[str] = Counter()

    def failed(self, peer: str, account: str = "") -> float:
        """Counts a failure of a peer, for an account by its name; gives the seconds that the
        answer shall wait."""
        if account:
            self._count(f"{peer} {account}")
            return max(self._count(peer), self._count(f"account {account}"))
        return self._count(peer)

    def succeeded(self, peer: str, account: str) -> None:
        """Forgives the peer what it failed for this account, and nothing else: an account of one's
        own shall not clear the way to guess at others. What others failed for it stays too."""
        forgiven, _last = self._failures.pop(f"{peer} {account}", (0, 0.0))
        if forgiven and peer in self._failures:
            count, last = self._failures[peer]
            self._failures[peer] = (max(0, count - forgiven), last)

    def waits(self, peer: str) -> bool:
        """Takes a place for an answer that waits, until `answered`. False: none is left."""
        if self._waiting.total() >= self._settings.waiting_max:
            return False
        self._waiting[peer] += 1
        return True

    def answered(self, peer: str) -> None:
        """The wait is over."""
        self._waiting[peer] -= 1
        if self._waiting[peer] <= 0:
            del self._waiting[peer]

    def is_busy_with(self, peer: str) -> bool:
        """Whether the peer has as many wrong guesses waiting as it may have, or has guessed wrong
        before and nobody else can wait any more."""
        if self._waiting[peer] >= self._settings.waiting_per_peer_max:
            return True
        is_full = self._waiting.total() >= self._settings.waiting_max
        return is_full and self._so_far(peer) >= self._settings.failures_free

    def _so_far(self, key: str) -> int:
        count, last = self._failures.get(key, (0, 0.0))
        return 0 if self._clock.monotonic() - last > self._settings.forget_seconds else count

    def _count(self, key: str) -> float:
        count = self._so_far(key) + 1
        self._failures.pop(key, None)
        self._failures[key] = (count, self._clock.monotonic())
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
