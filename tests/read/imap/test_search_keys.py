"""Keys as conditions, what they cost, and where MODSEQ hides."""

from datetime import date
from typing import Any

import pytest

from posthouse.read.imap.search_keys import NEVER, all_of, asks_modseq, conditions_of, cost_of
from posthouse.store.contract import Condition
from posthouse.store.values import SEEN
from posthouse.wire.imap.search_keys import (
    AllMessages,
    And,
    Compare,
    Day,
    HasFlag,
    HasKeyword,
    HasObjectId,
    InBody,
    InHeader,
    InText,
    IsLarger,
    IsSmaller,
    ModSeqAtLeast,
    Not,
    OnDay,
    Or,
    WithinSeconds,
)

SECOND_DAY = date(1970, 1, 2)


def on(day: Day, compare: Compare) -> OnDay:
    return OnDay(day, compare, SECOND_DAY)


CASES: list[tuple[Any, list[tuple[str, str, Any]] | None]] = [
    (HasFlag(SEEN, True), [("flags", "bits_on", 1)]),
    (Not(HasFlag(SEEN, True)), [("flags", "bits_off", 1)]),
    (Not(Not(HasFlag(SEEN, True))), [("flags", "bits_on", 1)]),
    (HasKeyword("work", False), [("keywords", "no_word", "work")]),
    (Not(HasKeyword("work", False)), [("keywords", "word", "work")]),
    (InHeader("SUBJECT", "Straße"), [("subject_text", "contains", "strasse")]),
    (InHeader("SUBJECT", ""), None),
    (InHeader("X-OTHER", "x"), None),
    (Not(InHeader("FROM", "x")), None),
    (on(Day.SENT, Compare.ON), [("sent_day", "at_least", 1), ("sent_day", "less", 2)]),
    (on(Day.SENT, Compare.BEFORE), [("sent_day", "less", 1)]),
    (on(Day.RECEIVED, Compare.SINCE), [("received", "at_least", 86_400)]),
    (Not(on(Day.RECEIVED, Compare.SINCE)), [("received", "less", 86_400)]),
    (on(Day.SAVED, Compare.BEFORE), [("saved", "less", 86_400)]),
    (Not(on(Day.SENT, Compare.ON)), None),
    (IsLarger(10), [("size", "at_least", 11)]),
    (Not(IsSmaller(10)), [("size", "at_least", 10)]),
    (WithinSeconds(60, True), [("received", "at_least", 940)]),
    (WithinSeconds(60, False), [("received", "less", 941)]),
    (ModSeqAtLeast(7), [("modseq", "at_least", 7)]),
    (HasObjectId(False, "e12"), [("email", "equal", 12)]),
    (HasObjectId(True, "t3"), [("thread", "equal", 3)]),
    (InBody("x"), None),
    (Or(HasFlag(1, True), HasFlag(2, True)), None),
]


@pytest.mark.parametrize(("key", "expected"), CASES, ids=str)
def test_a_key_is_these_conditions(key: Any, expected: Any) -> None:
    """What the store can meet by its columns is said exactly; the rest is None."""
    if expected is not None:
        expected = tuple(Condition(*parts) for parts in expected)

    assert expected == conditions_of(key, 1000.7)


@pytest.mark.parametrize("text", ["", "e", "t1", "e1x", "e²", "e" + "9" * 19])
def test_an_id_that_nothing_has(text: str) -> None:
    """A foreign id matches nothing, and breaks nothing."""
    assert conditions_of(HasObjectId(False, text), 0) == NEVER


def test_ands_are_laid_flat() -> None:
    """However they nest."""
    a, b, c = HasFlag(1, True), InBody("x"), AllMessages()

    assert [a, b, c] == all_of(And((a, And((b, c)))))


def test_the_dear_keys_come_last() -> None:
    """Columns, then headers, then whole letters."""
    keys = [
        HasFlag(1, True),
        InHeader("X-A", "x"),
        Or(InHeader("X-A", "x"), InHeader("FROM", "x")),
        And((InText("x"), HasFlag(1, True))),
        Or(Not(InBody("x")), InText("y")),
    ]

    assert keys == sorted(keys, key=cost_of)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ModSeqAtLeast(1), True),
        (Not(ModSeqAtLeast(1)), True),
        (Or(AllMessages(), And((AllMessages(), ModSeqAtLeast(1)))), True),
        (Or(AllMessages(), InBody("x")), False),
    ],
)
def test_modseq_is_found_wherever_it_is(key: Any, expected: bool) -> None:
    """RFC 7162 3.1.5: a search by MODSEQ has it in the answer."""
    assert expected is asks_modseq(key)
