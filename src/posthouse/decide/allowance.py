"""How many letters and recipients an account may send in an hour and in a day.

In memory, so a restart forgets, and each worker counts for itself: an account reaches at most the
limit times the number of workers. Memory is bounded: the accounts quiet longest are forgotten.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from posthouse.base.clock import Clock
from posthouse.base.errors import Refusal
from posthouse.decide.settings import SubmissionSettings

ACCOUNTS_MAX: Final = 50_000
HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400


@dataclass(slots=True)
class Window:
    """What was sent since `begun`."""

    begun: float
    letters: int = 0
    recipients: int = 0


class Allowance:
    """The counts of one worker. An hour and a day begin with the first letter after the last."""

    __slots__ = ("_clock", "_settings", "_windows")

    def __init__(self, settings: SubmissionSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: OrderedDict[int, tuple[Window, Window]] = OrderedDict()

    def letter(self, account: int) -> Refusal | None:
        """May it begin another letter?"""
        s = self._settings
        hour, day = self._of(account)
        return self._look(hour.letters, s.letters_per_hour_max, hour, HOUR_SECONDS, "letters") or (
            self._look(day.letters, s.letters_per_day_max, day, DAY_SECONDS, "letters")
        )

    def recipient(self, account: int) -> Refusal | None:
        """May it name another recipient?"""
        s = self._settings
        hour, day = self._of(account)
        most = s.recipients_per_hour_max
        return self._look(hour.recipients, most, hour, HOUR_SECONDS, "recipients") or (
            self._look(day.recipients, s.recipients_per_day_max, day, DAY_SECONDS, "recipients")
        )

    def count_letter(self, account: int) -> None:
        """One was accepted."""
        for window in self._of(account):
            window.letters += 1

    def count_recipient(self, account: int) -> None:
        """One was taken; it counts though the letter may never come, or trying would be free."""
        for window in self._of(account):
            window.recipients += 1

    def _look(
        self, count: int, most: int, window: Window, seconds: int, what: str
    ) -> Refusal | None:
        if not most or count < most:
            return None
        left = max(1, round((window.begun + seconds - self._clock.monotonic()) / 60))
        span = "an hour" if seconds == HOUR_SECONDS else "a day"
        say = f"at most {most} {what} in {span}, try again in {left} minutes"
        return Refusal(450, "4.7.1", say, f"limit of {what} in {span}")

    def _of(self, account: int) -> tuple[Window, Window]:
        now = self._clock.monotonic()
        windows = self._windows
        found = windows.get(account)
        if found is None:
            found = windows[account] = (Window(now), Window(now))
            if len(windows) > ACCOUNTS_MAX:
                windows.popitem(last=False)
        else:
            windows.move_to_end(account)
        for window, seconds in zip(found, (HOUR_SECONDS, DAY_SECONDS), strict=True):
            if now - window.begun >= seconds:
                window.begun, window.letters, window.recipients = now, 0, 0
        return found
