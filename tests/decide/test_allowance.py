"""Limits of an account."""

from posthouse.base.clock import SetClock
from posthouse.decide import allowance
from posthouse.decide.allowance import Allowance
from posthouse.decide.settings import SubmissionSettings


def spent(clock: SetClock, **settings: int) -> Allowance:
    made = Allowance(SubmissionSettings(**settings), clock)
    for _ in range(3):
        made.count_letter(1)
        made.count_recipient(1)
    return made


def test_letters_at_the_limit_and_one_beyond() -> None:
    """The third of three was the last; others are not touched; an hour later it begins anew."""
    clock = SetClock()
    limited = spent(clock, letters_per_hour_max=3)
    refusal = limited.letter(1)

    assert refusal is not None
    assert (refusal.code, refusal.status) == (450, "4.7.1")
    assert refusal.say == "at most 3 letters in an hour, try again in 60 minutes"
    assert limited.letter(2) is None
    assert limited.recipient(1) is None
    clock.advance(3599)
    assert limited.letter(1) is not None
    clock.advance(1)
    assert limited.letter(1) is None


def test_recipients_in_a_day() -> None:
    """The day's count outlasts the hour's."""
    clock = SetClock()
    limited = spent(clock, recipients_per_hour_max=100, recipients_per_day_max=3)
    clock.advance(7200)
    refusal = limited.recipient(1)

    assert refusal is not None
    assert refusal.say == "at most 3 recipients in a day, try again in 1320 minutes"
    clock.advance(86_400)
    assert limited.recipient(1) is None


def test_zero_is_no_limit() -> None:
    """For sites that count elsewhere."""
    free = dict.fromkeys(
        ("letters_per_hour_max", "letters_per_day_max", "recipients_per_hour_max",
         "recipients_per_day_max"), 0,
    )  # fmt: skip
    limited = spent(SetClock(), **free)

    assert limited.letter(1) is None
    assert limited.recipient(1) is None


def test_memory_is_bounded() -> None:
    """The account that was quiet longest is forgotten first."""
    clock = SetClock()
    limited = spent(clock, letters_per_hour_max=3)
    for account in range(2, allowance.ACCOUNTS_MAX + 1):
        limited.count_letter(account)
    assert limited.letter(1) is not None
    for account in range(2, allowance.ACCOUNTS_MAX + 2):
        limited.count_letter(account)
    assert limited.letter(1) is None
