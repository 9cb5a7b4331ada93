"""Columns of values, and dates that are those of the calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.read.imap.fetch_items import Plan, date_time
from posthouse.read.imap.view import View
from posthouse.store.contract import Mailbox
from posthouse.wire.imap.answers import internaldate
from posthouse.wire.imap.commands import BodySection

BOX = Mailbox(1, "INBOX", True, "", 7, 5, 5, 4, 0, 0, 0, 1)


def view() -> View:
    return View(1, BOX, 5, read_only=False)


@given(st.integers(-2_000_000_000, 250_000_000_000))
def test_a_date_is_that_of_the_calendar(seconds: int) -> None:
    """Our own calendar agrees with the library's, before 1970 and in far years."""
    assert date_time(seconds) == internaldate(seconds)
    assert datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S") in date_time(seconds).decode()


def test_a_plan_joins_columns() -> None:
    """Each item has its value in each line, in the order asked for; fields are asked for once."""
    plan = Plan(("UID", "FLAGS", "MODSEQ", "RFC822.SIZE", "UID"), view())

    rows = [(3, 5, "", 9, 100), (4, 0, "work", 8, 7)]
    assert plan.fields == ["uid", "flags", "keywords", "modseq", "size"]
    assert plan.lines((1, 2), rows) == (
        b"* 1 FETCH (UID 3 FLAGS (\\Seen \\Flagged) MODSEQ (9) RFC822.SIZE 100 UID 3)\r\n"
        b"* 2 FETCH (UID 4 FLAGS (work) MODSEQ (8) RFC822.SIZE 7 UID 4)\r\n"
    )


def test_recent_is_a_flag_of_this_session() -> None:
    """It is added where this session may see it."""
    seen = view()
    seen.recent = ((4, 9),)

    lines = Plan(("FLAGS",), seen).lines((1, 2), [(3, 1, ""), (4, 1, "a b")])
    assert lines == (b"* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen \\Recent a b))\r\n")


@pytest.mark.parametrize("name", ["X%d", "100%"])
def test_a_label_may_hold_anything(name: str) -> None:
    """A percent sign in a field name is no place for a value."""
    label = b"BODY[HEADER.FIELDS (%b)]" % name.encode()
    plan = Plan((BodySection(True, (), "HEADER.FIELDS", (name,), None, label),), view())

    octets = name.encode() + b": y\r\n\r\n"
    row = (1, octets, len(octets), b"id", len(octets))
    assert plan.fields == ["uid", "octets", "header_octets", "body", "size"]
    assert plan.lines((1,), [row]) == b"* 1 FETCH (%b {%d}\r\n%b)\r\n" % (
        label,
        len(octets),
        octets,
    )
