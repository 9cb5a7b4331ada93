import mmap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.header import (
    FIELDS_MAX,
    HEADER_OCTETS_MAX,
    Header,
    header_end,
    pick_fields,
    unfold,
)

LETTER = (
    b"Received: one\r\n"
    b"Subject: a\r\n"
    b"  folded\r\n"
    b"\tline\r\n"
    b"received:two\r\n"
    b"no field at all\r\n"
    b"  nor its continuation\r\n"
    b"To :  bob@example.org  \r\n"
    b"Empty:\r\n"
    b": nameless\r\n"
    b"Bad\xffName: x\r\n"
    b"Last: end\r\n"
    b"\r\n"
)


def test_fields() -> None:
    """Fields are found with their offsets; what is none is passed over."""
    header = Header(LETTER)
    assert [field.name for field in header.fields] == [
        b"received",
        b"subject",
        b"received",
        b"to",
        b"empty",
        b"last",
    ]
    assert header.first(b"subject") == b"a  folded\tline"
    assert header.first(b"to") == b"bob@example.org"
    assert header.first(b"empty") == b""
    assert header.first(b"from") is None
    assert header.all(b"received") == [b"one", b"two"]
    assert header.all(b"from") == []
    assert b"last" in header
    assert b"from" not in header
    subject = header.fields[1]
    assert header.raw(subject) == b"Subject: a\r\n  folded\r\n\tline\r\n"
    assert header.value(subject) == b"a  folded\tline"


@pytest.mark.parametrize(
    ("octets", "names", "others", "picked"),
    [
        (LETTER, {b"to", b"x"}, False, b"To :  bob@example.org  \r\n\r\n"),
        (LETTER, {b"received"}, False, b"Received: one\r\nreceived:two\r\n\r\n"),
        (LETTER, {b"subject"}, False, b"Subject: a\r\n  folded\r\n\tline\r\n\r\n"),
        (LETTER, set(), False, b"\r\n"),
        (
            LETTER,
            {b"received", b"subject", b"to"},
            True,
            b"Empty:\r\nLast: end\r\n\r\n",
        ),
        (b"", {b"a"}, False, b"\r\n"),
        (b"a: 1", {b"a"}, False, b"a: 1\r\n\r\n"),
    ],
)
def test_pick_fields(octets: bytes, names: set[bytes], others: bool, picked: bytes) -> None:
    """Picked fields keep their octets, and an empty line ends them."""
    assert pick_fields(octets, names, others=others) == picked


def test_joined() -> None:
    """A list field that is there twice is one list."""
    header = Header(b"To: a@b, \r\nCc: c@d\r\nTo: e@f\r\n")
    assert header.joined(b"to") == b"a@b, e@f"
    assert header.joined(b"cc") == b"c@d"
    assert header.joined(b"bcc") is None


@pytest.mark.parametrize(
    ("octets", "names"),
    [
        (b"", []),
        (b"\r\n", []),
        (b"a: 1", [b"a"]),
        (b"a: 1\r\n b", [b"a"]),
        (b" folded first\r\na: 1\r\n", [b"a"]),
        (b"no end of line", []),
        (b"From x@y Tue Sep\nA: 1\nB: 2\n\n", [b"a", b"b"]),
    ],
)
def test_odd_headers(octets: bytes, names: list[bytes]) -> None:
    """Bare line feeds, missing ends and mbox lines do no harm."""
    assert [field.name for field in Header(octets).fields] == names


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (b"", b""),
        (b" a \r\n", b"a"),
        (b"a\r\n b", b"a b"),
        (b"a\r\n\tb\r\n", b"a\tb"),
        (b"a\n b", b"a b"),
        (b"a\rb\0c", b"abc"),
    ],
)
def test_unfold(value: bytes, plain: bytes) -> None:
    """Line ends go, the white space behind them stays. RFC 5322 2.2.3"""
    assert unfold(value) == plain


@pytest.mark.parametrize(
    ("octets", "end"),
    [
        (b"", 0),
        (b"\r\nbody", 2),
        (b"\nbody", 1),
        (b"a: 1\r\n\r\nbody", 8),
        (b"a: 1\n\nbody", 6),
        (b"a: 1\n\r\nbody", 7),
        (b"a: 1\r\n\nbody", 7),
        (b"a: 1\r\nbody", 10),
        (b"a: 1\n\nb\r\n\r\n", 6),
    ],
)
def test_header_end(octets: bytes, end: int) -> None:
    """The header ends behind the first empty line, else with the letter."""
    assert header_end(octets) == end
    assert header_end(b"x" + octets, 1) == end + 1
    if octets:
        with mmap.mmap(-1, len(octets)) as mapped:
            mapped.write(octets)
            assert header_end(mapped) == end


def test_limits() -> None:
    """Fields are looked for up to a number and up to so many octets."""
    assert len(Header(b"a: 1\r\n" * FIELDS_MAX).fields) == FIELDS_MAX
    assert len(Header(b"a: 1\r\n" * (FIELDS_MAX + 1)).fields) == FIELDS_MAX
    long = b"a: " + b"x" * HEADER_OCTETS_MAX + b"\r\nb: 1\r\n"
    assert [field.name for field in Header(long).fields] == [b"a"]


@given(st.lists(st.sampled_from([b"a", b":", b"\r\n", b"\n", b" ", b"\0"]) | st.binary()))
def test_never_raises(pieces: list[bytes]) -> None:
    """Any octets have fields whose offsets follow each other."""
    octets = b"".join(pieces)
    last = 0
    header = Header(octets)
    for field in header.fields:
        assert last <= field.start < field.value_start <= field.end <= len(octets)
        last = field.end
        assert not set(header.value(field)) & set(b"\r\n\0")
        assert field.name == field.name.lower()


@pytest.mark.parametrize(
    "octets",
    [
        b"x" * 500_000,
        b"a:" + b"x" * 100_000 + b"\r\n" + b"b: 1\r\n",
        b" " * 500_000,
        b"a" * 100_000 + b" " * 100_000,
        b"a:\r\n" + b" \r\n" * 100_000,
        b"\r" * 300_000,
        b"a: b\n" * 100_000,
    ],
)
def test_linear(octets: bytes) -> None:
    """Long lines and many lines take no long time."""
    begun = time.process_time()
    Header(octets).first(b"a")
    assert time.process_time() - begun < 2
