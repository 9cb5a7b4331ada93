"""What follows from an attempt: rows and reports."""

import pytest
from tests.letters import RECEIVED

from posthouse.queue.lane import Attempt
from posthouse.queue.settings import QueueSettings
from posthouse.queue.settle import Action, decide, decide_aged, give_back
from posthouse.store.values_queue import (
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    Settlement,
)
from posthouse.wire.smtp.remote_replies import RemoteReply

SETTINGS = QueueSettings()
YES = RemoteReply(250, "2.0.0", "kept")
LATER = RemoteReply(451, "4.2.1", "later")
NO = RemoteReply(550, "5.1.1", "nobody")
TOO_MANY = RemoteReply(452, "4.5.3", "too many")


def letter(*wishes: tuple[str, ...], sender: str = "ann@x", attempts: int = 0) -> QueueLetter:
    rows = tuple(
        QueueRecipient(n, f"r{n}@y", "y", QueueState.TAKEN, 9, attempts, "before", "w0", wish, "")
        for n, wish in enumerate(wishes or ((),))
    )
    return QueueLetter(b"l" * 16, 0, b"b", 1, sender, "m", QueueEnvelope(), RECEIVED, 0, rows)


def test_yes_no_and_later() -> None:
    """2xx goes, 5xx goes and is told, 4xx waits with the answer and one attempt more."""
    found = decide(
        letter((), (), ()),
        [Attempt(0, YES, "mx"), Attempt(1, NO, "mx"), Attempt(2, LATER, "mx")],
        SETTINGS,
        RECEIVED + 60,
    )

    assert [row.what for row in found.rows] == [
        Settlement.DELIVERED, Settlement.FAILED, Settlement.AGAIN,
    ]  # fmt: skip
    again = found.rows[2]
    assert (again.attempts, again.answer) == (1, "mx: 451 4.2.1 later")
    assert again.due >= RECEIVED + 360
    assert [(t.recipient.number, t.action, t.host) for t in found.told] == [
        (1, Action.FAILED, "mx")
    ]


@pytest.mark.parametrize(
    ("wish", "is_told"),
    [((), True), (("FAILURE",), True), (("NEVER",), False), (("SUCCESS", "DELAY"), False)],
)
def test_failures_are_told_by_wish(wish: tuple[str, ...], is_told: bool) -> None:
    """RFC 3461 4.1"""
    assert bool(decide(letter(wish), [Attempt(0, NO)], SETTINGS, RECEIVED).told) is is_told


def test_a_success_is_told_where_the_next_host_will_not() -> None:
    """RFC 3461 5.2.2: relayed, and only when the sender asked."""
    relayed = decide(letter(("SUCCESS",)), [Attempt(0, YES, "mx", True)], SETTINGS, RECEIVED)
    assert [t.action for t in relayed.told] == [Action.RELAYED]
    assert decide(letter(("SUCCESS",)), [Attempt(0, YES, "mx")], SETTINGS, RECEIVED).told == []
    assert decide(letter(()), [Attempt(0, YES, "mx", True)], SETTINGS, RECEIVED).told == []


def test_nothing_is_told_about_a_report() -> None:
    """A letter without a sender has nobody to be told. RFC 5321 6.1"""
    for reply in (NO, YES):
        attempt = Attempt(0, reply, "mx", True)
        assert decide(letter(("SUCCESS",), sender=""), [attempt], SETTINGS, RECEIVED).told == []
    aged, _ = decide_aged(letter(sender=""), SETTINGS, RECEIVED + 10**7)
    assert aged.told == []
    assert aged.rows[0].what == Settlement.FAILED


def test_too_many_recipients_go_at_once() -> None:
    """When others were taken the rest is due now; alone it waits like any 4xx."""
    both = [Attempt(0, YES), Attempt(1, TOO_MANY)]
    assert decide(letter((), ()), both, SETTINGS, RECEIVED).rows[1].due == RECEIVED
    assert decide(letter(), [Attempt(0, TOO_MANY)], SETTINGS, RECEIVED).rows[0].due > RECEIVED


def test_an_attempt_after_the_end_is_the_last() -> None:
    """A 4xx then fails."""
    found = decide(letter(), [Attempt(0, LATER)], SETTINGS, RECEIVED + 5 * 86_400)
    assert found.rows[0].what == Settlement.FAILED
    assert found.told[0].reply is LATER


def test_age_warns_once_and_then_ends() -> None:
    """Before the warning nothing is told, at it the delay, at the end the failure."""
    early, look = decide_aged(letter(), SETTINGS, RECEIVED + 60)
    assert (early.told, look) == ([], RECEIVED + 14_400)
    assert early.rows[0].what == Settlement.AGAIN
    late, look = decide_aged(letter((), ("DELAY",), ("FAILURE",)), SETTINGS, RECEIVED + 14_400)
    assert look == RECEIVED + 5 * 86_400
    assert [(t.recipient.number, t.action) for t in late.told] == [
        (0, Action.DELAYED), (1, Action.DELAYED),
    ]  # fmt: skip
    assert late.told[0].tries_until == look
    assert late.rows[0].answer == "before"
    end, _ = decide_aged(letter((), ("DELAY",)), SETTINGS, look)
    assert [row.what for row in end.rows] == [Settlement.FAILED] * 2
    assert [(t.action, t.reply.status, t.reply.text) for t in end.told] == [
        (Action.FAILED, "4.4.7", "before"),
    ]  # fmt: skip


def test_what_was_not_tried_goes_back_as_it_was() -> None:
    """Due at once, attempts and answer untouched, perhaps elsewhere."""
    (row,) = give_back(letter(attempts=3), RECEIVED, "via:x:25")
    assert (row.what, row.due, row.attempts) == (Settlement.AGAIN, RECEIVED, 3)
    assert (row.answer, row.destination) == ("before", "via:x:25")
