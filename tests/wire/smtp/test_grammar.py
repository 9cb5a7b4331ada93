"""The patterns beside the ABNF; the commands around them are in transcripts."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.smtp import grammar

ATOMS = st.from_regex(rb"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,9}", fullmatch=True)
LABELS = st.from_regex(rb"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)
QUOTED = st.from_regex(rb'"([ !#-\[\]-~]|\\[ -~]){0,9}"', fullmatch=True)
LOCALS = st.lists(ATOMS, min_size=1, max_size=4).map(b".".join) | QUOTED
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(b".".join)
ROUTES = st.lists(DOMAINS, max_size=3).map(
    lambda hops: b",".join(b"@" + hop for hop in hops) + b":" if hops else b""
)


@given(ROUTES, LOCALS, DOMAINS | st.just(b"[192.0.2.1]") | st.just(b"[IPv6:::1]"))
def test_every_path_of_the_abnf_is_taken(route: bytes, local: bytes, domain: bytes) -> None:
    """The mailbox comes out whole, the source route does not. RFC 5321 4.1.2, appendix C"""
    mailbox = local + b"@" + domain
    match = grammar.MAIL.match(b" FROM:<" + route + mailbox + b"> SIZE=5")
    assert match is not None
    assert match.groups() == (b"<" + route + mailbox + b">", mailbox, b" SIZE=5")
    match = grammar.RCPT.match(b" to: <" + route + mailbox + b">  ")
    assert match is not None
    assert match[2] == mailbox


@pytest.mark.parametrize(
    ("literal", "is_address"),
    [
        (b"[192.0.2.1]", True),
        (b"[192.0.2]", False),
        (b"[192.0.2.256]", False),
        (b"[IPv6:2001:db8::1]", True),
        (b"[ipv6:::ffff:192.0.2.1]", True),
        (b"[IPv6:2001:db8:::1]", False),
        (b"[IPv6:192.0.2.1]", False),
        (b"[IPv7:1]", False),
        (b"[2001:db8::1]", False),
    ],
)
def test_address_literals(literal: bytes, is_address: bool) -> None:
    """IPv4 bare, IPv6 with its tag, nothing else. RFC 5321 4.1.3"""
    assert grammar.literal_is_address(b"ann@" + literal) is is_address


@pytest.mark.parametrize(
    ("octets", "is_utf8"),
    [
        (b"a", True),
        ("é例".encode(), True),
        (b"\xff", False),
        (b"\xc0\xaf", False),
        (b"\xed\xa0\x80", False),
    ],
)
def test_utf8(octets: bytes, is_utf8: bool) -> None:
    """Overlong forms and surrogates are none. RFC 3629 3"""
    assert grammar.is_utf8(octets) is is_utf8


@pytest.mark.parametrize(
    "start", [b" FROM:<", b' FROM:<"', b" FROM:<@", b" FROM:<a@", b" FROM:<a@b> "]
)
@pytest.mark.parametrize(
    "part", [b"a", b"a.", b"a-", b"@a,", b"\\\\", b" ", b"a ", b"-", b"[", b"\xff"]
)
def test_no_line_takes_long(start: bytes, part: bytes) -> None:
    """Time grows with the length of a line, not with its square. A full line stays below 5 ms."""
    line = start + part * (65_000 // len(part)) + b"\x00"
    begun = process_time()
    assert grammar.MAIL.match(line) is None
    assert process_time() - begun < 0.1
