"""The lock on a maildrop: one session at a time has it, whichever worker serves it. RFC 1939 4

It is a lease in the store: renewed while the session lives, given back at its end, and over by
itself when the worker died. Never waits but in `take`; what fails is logged, and told at QUIT.
"""

from collections.abc import Coroutine
from typing import Any, Final

from posthouse.base.ids import id_text
from posthouse.net.steps import Steps
from posthouse.read.pop3.ports import Handle, Pop3House
from posthouse.store.contract import StoreFailure
from posthouse.store.values import AnyValue, DropLease, TakeLease, Why

RENEWALS: Final = 3
"""So often within the life of a lease: two may fail and it still holds."""
_PAUSE_SECONDS_FIRST: Final = 0.05


class Lease:
    """The drop of one account for one session."""

    __slots__ = ("_holder", "_house", "_name", "_timer")

    def __init__(self, house: Pop3House, account: int) -> None:
        self._house = house
        self._name = f"pop3/{account}"
        self._holder = id_text(house.ids.letter())  # never given twice
        self._timer: Handle | None = None

    async def take(self) -> None:
        """The drop is ours when this returns. Raises StoreFailure, IN_USE when it is another's.

        A client that comes back at once may find its own last session not quite gone: it waits.
        """
        house = self._house
        left = house.settings.busy_seconds_max
        pause = _PAUSE_SECONDS_FIRST
        while True:
            try:
                await house.store.commit(self.held())
                break
            except StoreFailure as failure:
                if failure.why is not Why.IN_USE or left <= 0:
                    raise
            await house.pause(min(pause, left))
            left -= pause
            pause *= 2
        self._wind_up()

    def held(self) -> TakeLease:
        """As part of a unit: the unit fails when the drop is not ours any more."""
        house = self._house
        until = int(house.clock.now() + house.settings.lease_seconds) + 1
        return TakeLease(self._name, self._holder, until)

    def dropped(self) -> DropLease:
        """As part of a unit: the drop is free for others."""
        return DropLease(self._name, self._holder)

    def end(self) -> None:
        """No renewal any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def release(self, *values: AnyValue) -> None:
        """Gives it back without waiting, with what else is to be done at the end of a session."""
        self.end()
        self._go(self._house.store.commit(*values, self.dropped()), "pop3.release_failed")

    def _wind_up(self) -> None:
        house = self._house
        self._timer = house.loop.call_later(house.settings.lease_seconds / RENEWALS, self._renew)

    def _renew(self) -> None:
        self._wind_up()
        self._go(self._house.store.commit(self.held()), "pop3.renewal_failed")

    def _go(self, commit: Coroutine[Any, Any, Any], failed: str) -> None:
        """Carries a commit on for which nobody waits."""

        def ended(_result: Any, error: BaseException | None) -> None:
            if error is not None:
                self._house.log.warning(failed, lease=self._name, reason=str(error))

        try:
            given = commit.send(None)
        except StopIteration:
            return
        except StoreFailure as error:
            ended(None, error)
        else:
            Steps(commit, given, ended, self._house.loop)
