"""The reckoning of relayed letters itself: what it lets pass and what it finds."""

import random
from collections import Counter
from typing import Any

import pytest
from tests.crash.clients import Sent
from tests.crash.sink import REFUSE_AT_DOT, Sink, Taken
from tests.crash.submitters import Outcome, Submitted, other_octets, reports_in, wrong_relays

TO = "ok0.token1@far0.example"
NEVER = "never0.token1@far0.example"

RECKONINGS = [
    # promised, lost, refused; copies, excused, waiting; is that right
    (1, 0, 0, 1, 0, 0, True),
    (1, 0, 0, 0, 0, 0, False),
    (1, 0, 0, 0, 0, 1, True),
    (1, 0, 0, 2, 0, 0, False),
    (1, 0, 0, 2, 1, 0, True),
    (1, 0, 0, 3, 1, 0, False),
    (0, 1, 0, 0, 0, 0, True),
    (0, 1, 0, 1, 0, 0, True),
    (0, 1, 0, 2, 0, 0, False),
    (1, 1, 0, 2, 0, 0, True),
    (0, 0, 1, 0, 0, 0, True),
    (0, 0, 1, 1, 0, 0, False),
]


def submitted(
    *, promised: int = 0, lost: int = 0, refused: int = 0, here: tuple[str, ...] = (), **given: Any
) -> dict[str, Submitted]:
    """One letter, token1."""
    sent = Sent(here, given.pop("text", b"text"), promised, lost, refused)
    return {"token1": Submitted("sam", sent, given.pop("outside", (TO,)), **given)}


def wrong(letters: dict[str, Submitted], here: int = 0, **counts: dict[str, int]) -> list[str]:
    """With counts by recipient."""
    outcome = Outcome(
        **{
            name: Counter({("token1", to): count for to, count in found.items()})
            for name, found in counts.items()
        }
    )
    return wrong_relays(letters, {"token1": Counter({"ann": here} if here else {})}, outcome)


@pytest.mark.parametrize(
    ("promised", "lost", "refused", "copies", "excused", "waiting", "is_right"), RECKONINGS
)
def test_copies(
    promised: int,
    lost: int,
    refused: int,
    copies: int,
    excused: int,
    waiting: int,
    *,
    is_right: bool,
) -> None:
    """A promise is kept at least once, and more often only with an excuse; a refusal never."""
    letters = submitted(promised=promised, lost=lost, refused=refused)
    found = wrong(
        letters,
        accepted={TO: copies} if copies else {},
        excused={TO: excused},
        waiting={TO: waiting} if waiting else {},
    )

    assert (found == []) is is_right


def test_one_report_for_each_refusal() -> None:
    """Who is refused by his host is reported once for each time that the letter was taken."""
    for letters in (
        submitted(promised=1, outside=(NEVER,)),
        submitted(promised=1, outside=(TO,), text=REFUSE_AT_DOT),
    ):
        (to,) = letters["token1"].outside
        assert wrong(letters, failed={to: 1}) == []
        assert wrong(letters) != []
        assert wrong(letters, failed={to: 2}) != []
        assert wrong(letters, accepted={to: 1}, failed={to: 1}) != []
    letters = submitted(lost=1, outside=(NEVER,))
    assert wrong(letters) == wrong(letters, failed={NEVER: 1}) == []
    assert wrong(submitted(promised=1), accepted={TO: 1}, failed={TO: 1}) != []


def test_one_report_for_each_success_that_was_asked_for() -> None:
    """And none where nobody asked."""
    letters = submitted(promised=1, wants_success=True)
    assert wrong(letters, accepted={TO: 1}, relayed={TO: 1}) == []
    assert wrong(letters, accepted={TO: 1}) != []
    assert wrong(letters, accepted={TO: 1}, relayed={TO: 2}) != []
    letters = submitted(promised=1)
    assert wrong(letters, accepted={TO: 1}, relayed={TO: 1}) != []


def test_people_here_and_elsewhere_have_it_together() -> None:
    """One unit takes the letter for all: it is not known here and unknown there."""
    letters = submitted(lost=1, here=("ann",), outside=(NEVER,))
    assert wrong(letters, here=1, failed={NEVER: 1}) == []
    assert wrong(letters) == []
    assert wrong(letters, here=1) != []
    assert wrong(letters, failed={NEVER: 1}) != []


def test_strangers_are_found() -> None:
    """Nobody gets or is told of what was not meant for him."""
    letters = submitted(promised=1)
    assert wrong(letters, accepted={TO: 1, "eve@far0.example": 1}) != []
    assert wrong({}, accepted={TO: 1}) != []
    assert wrong({}, failed={TO: 1}) != []


def test_octets_are_compared() -> None:
    """What the sink has must hold what was sent."""
    letters, sink = (
        submitted(promised=1, text=b"X-Token: a\r\n\r\ntext"),
        Sink(random.Random(0), []),
    )
    sink.taken.append(Taken("token1", (TO,), b"Received: x\r\nX-Token: a\r\n\r\ntext"))
    assert other_octets(letters, sink) == []
    sink.taken.append(Taken("token1", (TO,), b"X-Token: a\r\n\r\ntex"))
    assert other_octets(letters, sink) != []


def test_reports_are_read() -> None:
    """Each recipient of a report counts; what is no report is told."""
    report = (
        b"Original-Recipient: rfc822; x\r\nFinal-Recipient: rfc822; a@b.example\r\n"
        b"Action: failed\r\nStatus: 5.0.0\r\n\r\nFinal-Recipient: rfc822; c@d.example\r\n"
        b"Action: relayed\r\n"
    )
    outcome = Outcome()
    assert reports_in([("token1", [report])], outcome) == []
    assert outcome.failed == Counter({("token1", "a@b.example"): 1})
    assert outcome.relayed == Counter({("token1", "c@d.example"): 1})
    assert reports_in([("token1", [b"a letter"])], outcome) != []
    assert reports_in([("token1", [report.replace(b"failed", b"delayed")])], outcome) != []
