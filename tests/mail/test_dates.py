import datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.dates import DATE_OCTETS_MAX, parse_date

DAY = 19969  # 2024-09-03
MORNING = DAY * 86_400 + 10 * 3600

GOOD = [
    (b"Tue, 3 Sep 2024 10:00:00 +0000", MORNING),
    (b"Tue, 03 Sep 2024 10:00:00 +0200", MORNING - 7200),
    (b"Tue, 3 Sep 2024 10:00:00 -0330", MORNING + 12_600),
    (b"3 Sep 2024 10:00 +0000", MORNING),
    (b"Tue,3 Sep 2024 10:00:00 GMT", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00 UT", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00 EST", MORNING + 5 * 3600),
    (b"Tue, 3 Sep 2024 10:00:00 pdt", MORNING + 7 * 3600),
    (b"Tue, 3 Sep 2024 10:00:00 Z", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00 A", MORNING),  # RFC 5322 4.3: military zones mean nothing
    (b"Tue, 3 Sep 2024 10:00:00 CEST", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00 +0800 (CST)", MORNING - 28_800),
    (b"Tue (a day), 3 Sep 2024 10:00:00 +0000", MORNING),
    (b"Tue, 3 Sep 24 10:00:00 +0000", MORNING),
    (b"Tue, 3 September 2024 10:00:00 +0000", MORNING),
    (b"tuesday 3-sep-2024 10:00:00 GMT+02:00", MORNING - 7200),
    (b"Tue, 3 Sep 2024 10.00.00 +0000", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00.123 +0000", MORNING),
    (b"Tue, 3 Sep 2024 10:00:00 +9900", MORNING),
    (b"Tue, 3 Sep 2024 10:00:60 +0000", MORNING + 60),
    (b"Tue Sep  3 10:00:00 2024", MORNING),
    (b"Tue Sep  3 10:00:00 UTC 2024", MORNING),
    (b"Sep 3, 10:00:00 2024 +0200", MORNING - 7200),
    (b"2024-09-03T10:00:00Z", MORNING),
    (b"2024-09-03 10:00:00 +02:00", MORNING - 7200),
]


@pytest.mark.parametrize(("value", "seconds"), GOOD)
def test_good(value: bytes, seconds: int) -> None:
    """Dates of the standard, of the old standard and of mailers are read; the day is as written."""
    assert parse_date(value) == (seconds, DAY)


def test_years() -> None:
    """Two digits are this century below 50, three are counted from 1900. RFC 5322 4.3"""
    for text, year in ((b"49", 2049), (b"50", 1950), (b"99", 1999), (b"124", 2024)):
        found = parse_date(b"1 Jan %b 00:00:00 +0000" % text)
        assert found is not None
        assert found[1] == datetime.date(year, 1, 1).toordinal() - 719_163


def test_day_as_written() -> None:
    """The zone moves the moment, not the day. RFC 3501 6.4.4"""
    assert parse_date(b"Tue, 3 Sep 2024 23:30:00 -0800") == (DAY * 86_400 + 113_400, DAY)
    assert parse_date(b"Tue, 3 Sep 2024 00:30:00 +0800") == (DAY * 86_400 - 27_000, DAY)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"yesterday",
        b"31 Feb 2024 10:00:00 +0000",
        b"3 Foo 2024 10:00:00 +0000",
        b"3 Sep 2024 25:00:00 +0000",
        b"3 Sep 2024 10:61:00 +0000",
        b"3 Sep 2024 10:00:61 +0000",
        b"3 Sep 0000 10:00:00 +0000",
        b"Tue Foo  3 10:00:00 2024",
        b"2024-13-03T10:00:00Z",
        b"(" * 300,
        b" " * DATE_OCTETS_MAX + b"3 Sep 2024 10:00:00 +0000",
        b"\xff\0",
    ],
)
def test_bad(value: bytes) -> None:
    """What is no date is None."""
    assert parse_date(value) is None


@given(
    st.datetimes(
        timezones=st.integers(-14 * 60, 14 * 60).map(
            lambda east: datetime.timezone(datetime.timedelta(minutes=east))
        )
    )
)
def test_like_the_standard_library(moment: datetime.datetime) -> None:
    """What the standard library writes is read as it was meant."""
    moment = moment.replace(microsecond=0)
    found = parse_date(format_datetime(moment).encode())
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    assert found == (
        (moment - epoch) // datetime.timedelta(seconds=1),
        moment.toordinal() - 719_163,
    )


@given(st.binary() | st.text('0123456789 :-+,JanFebMon()GMTT"').map(str.encode))
def test_never_raises(value: bytes) -> None:
    """Whatever stands in the field, a date or None."""
    found = parse_date(value)
    assert found is None or isinstance(found[0], int)
