"""The cursor."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imap_parsing import EVERYTHING, parse
from posthouse.wire.imap.answers import astring, internaldate, string
from posthouse.wire.imap.grammar import BadCommand, Cursor, Declined
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.table import COMMANDS


def cursor(text: bytes, *, utf8: bool = False) -> Cursor:
    """A cursor at the start."""
    return Cursor(text, 0, EVERYTHING, ImapLimits(), utf8)


@given(st.binary(max_size=40).filter(lambda octets: b"\0" not in octets))
def test_strings_there_and_back(octets: bytes) -> None:
    """What answers write as string or astring is read back."""
    for text in (string(octets), astring(octets)):
        reader = cursor(text + b" ")
        assert reader.astring("a string") == octets
        assert reader.at == len(text)


def test_literal_forms() -> None:
    """A literal counts its octets, whatever they are but NUL; both forms of the mark are known."""
    assert cursor(b'{3}\r\n"\r\n').string("") == b'"\r\n'
    assert cursor(b"{0+}\r\n").string("") == b""
    for text in (b"{3}\r\nab", b"{99999999999999999999}\r\nab", b"{-1}\r\n", b"{1}", b"{1}\na"):
        with pytest.raises(BadCommand):
            cursor(text).string("a string")
    with pytest.raises(BadCommand, match="NUL"):
        cursor(b"{1}\r\n\0").string("a string")


def test_utf8_in_quotes() -> None:
    """Octets above 127 stand in quotes only where UTF-8 was enabled. RFC 3501 4.3, 6855 3"""
    assert cursor('"ü"'.encode(), utf8=True).mailbox() == "ü"
    with pytest.raises(BadCommand, match="7-bit"):
        cursor('"ü"'.encode()).mailbox()
    with pytest.raises(BadCommand, match="no end"):
        cursor('"ü'.encode()).mailbox()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (
            b'"01-Feb-1994 21:52:25 -0800"',
            datetime(1994, 2, 1, 21, 52, 25, tzinfo=timezone(timedelta(hours=-8))),
        ),
        (b'" 1-jan-2026 00:00:00 +0000"', datetime(2026, 1, 1, tzinfo=UTC)),
        (b'"1-JAN-2026 00:00:60 +0000"', datetime(2026, 1, 1, 0, 0, 59, tzinfo=UTC)),
        (
            b'"29-Feb-2024 12:00:00 +1345"',
            datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=13, minutes=45))),
        ),
    ],
)
def test_date_times(text: bytes, moment: datetime) -> None:
    """A date-time has its zone; a leap second is the second before. RFC 3501 9"""
    assert cursor(text).date_time() == moment


@pytest.mark.parametrize(
    "text",
    [
        b'"01-Feb-1994 21:52:25"',
        b'"01-Feb-1994 24:00:00 +0000"',
        b'"01-Feb-1994 21:52:61 +0000"',
        b'"30-Feb-1994 21:52:25 +0000"',
        b'"01-Foo-1994 21:52:25 +0000"',
        b'"01-Feb-0000 21:52:25 +0000"',
        b'"01-Feb-1994 21:52:25 +2400"',
        b"01-Feb-1994 21:52:25 +0000",
    ],
)
def test_no_date_times(text: bytes) -> None:
    """What is no moment is BAD."""
    with pytest.raises(BadCommand):
        cursor(text).date_time()


@given(st.integers(0, 4_000_000_000), st.integers(-1439, 1439))
def test_internal_dates_there_and_back(seconds: int, zone_minutes: int) -> None:
    """What answers write as INTERNALDATE, APPEND reads back."""
    moment = cursor(internaldate(seconds, zone_minutes)).date_time()

    assert moment.timestamp() == seconds
    assert moment.utcoffset() == timedelta(minutes=zone_minutes)


@given(st.dates(date(1000, 1, 1)))
def test_dates(day: date) -> None:
    """Every day is read, quoted or not."""
    text = f"{day.day}-{day:%b}-{day.year}".encode()

    assert cursor(text).date() == cursor(b'"%b"' % text).date() == day


def test_messages_show_what_was_found() -> None:
    """A BAD says what was expected and what stood there, no more than thirty octets of it."""
    with pytest.raises(BadCommand, match="Expected a space, found the end of the command"):
        parse("SELECT")
    with pytest.raises(BadCommand) as caught:
        parse("NOOP " + "x" * 99)
    assert caught.value.text == "Expected the end of the command, found:  " + "x" * 29


ATOMS = [
    b" ", b"(", b")", b'"', b"\\", b"{1}\r\n", b"*", b"1", b":", b"FLAGS", b"BODY[", b"]", b"<0.1>",
    b"INBOX", b"\xff", b"\0", b"&", b"%", b"UID", b"RETURN", b"STATUS", b"CHARSET", b"USE", b"NIL",
    b"1-Jan-2026", b"+FLAGS", b"$", b"QRESYNC",
]  # fmt: skip


@given(
    st.sampled_from(sorted(COMMANDS)),
    st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(ATOMS), max_size=15).map(b"".join)),
    st.booleans(),
)
def test_no_octets_break_a_parser(name: bytes, rest: bytes, utf8: bool) -> None:
    """Whatever follows a command's name, it is read, BAD or NO, and nothing else is raised."""
    with suppress(BadCommand, Declined):
        parse(name + b" " + rest, utf8=utf8)
