import time
from email.headerregistry import Address, Group
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mailboxes import (
    ADDRESSES_MAX,
    GROUP_END,
    LOCAL_OCTETS_MAX,
    Mailbox,
    address_text,
    display_name,
    parse_mailboxes,
)


def box(
    name: bytes | None, local: bytes, host: bytes | None, route: bytes | None = None
) -> Mailbox:
    return Mailbox(name, route, local, host)


A = box(None, b"a", b"b")

TABLE = [
    (b"", []),
    (b"  ", []),
    (b",, ,", []),
    (b"a@b", [A]),
    (b"<a@b>", [A]),
    (b" a@b , <a@b>,a@b,", [A, A, A]),
    (b"Ann Lee <a@b>", [box(b"Ann Lee", b"a", b"b")]),
    (b"Ann   Lee <a@b>", [box(b"Ann Lee", b"a", b"b")]),
    (b"Ann  \t Lee <a@b>", [box(b"Ann Lee", b"a", b"b")]),
    (b'"Lee, Ann" <a@b>', [box(b"Lee, Ann", b"a", b"b")]),
    (b'"" <a@b>', [A]),
    (b'"Ann \\"A\\" Lee" <a@b>', [box(b'Ann "A" Lee', b"a", b"b")]),
    (b'"Ann" Lee <a@b>', [box(b"Ann Lee", b"a", b"b")]),
    (b"John Q. Public <a@b>", [box(b"John Q. Public", b"a", b"b")]),
    (b"=?utf-8?B?5Lit5paH?= <a@b>", [box(b"=?utf-8?B?5Lit5paH?=", b"a", b"b")]),
    ("李明 <李@例子.中国>".encode(), [box("李明".encode(), "李".encode(), "例子.中国".encode())]),
    (b"\xd6\xd0 <a@b>", [box(b"\xd6\xd0", b"a", b"b")]),
    # quoted and dotted local parts, with comments and spaces. RFC 5322 4.4
    (b'"john doe"@example.org', [box(None, b"john doe", b"example.org")]),
    (b'<"a\\"b"@c>', [box(None, b'a"b', b"c")]),
    (b"john . doe @ example . org", [box(None, b"john.doe", b"example.org")]),
    (b'"john". doe@example.org', [box(None, b"john.doe", b"example.org")]),
    (b"a(one)@(two)b(three)", [box(b"three", b"a", b"b")]),
    (b"a@b (Ann Lee)", [box(b"Ann Lee", b"a", b"b")]),
    (b"Ann <a@b> (comment)", [box(b"Ann", b"a", b"b")]),
    (b"(x (nested) \\) y) a@b", [box(b"x (nested) ) y", b"a", b"b")]),
    (b"a@b (never closed, c@d", [A]),
    (
        b"a@[192.0.2.1], <a@[IPv6:::1]>",
        [box(None, b"a", b"[192.0.2.1]"), box(None, b"a", b"[IPv6:::1]")],
    ),
    # routes. RFC 5322 4.4
    (b"<@x,@y:a@b>", [box(None, b"a", b"b", b"@x,@y")]),
    (b"Ann <@x:a@b>", [box(b"Ann", b"a", b"b", b"@x")]),
    (b"<@:a@b>", [A]),
    (b"<@x,a@b>", [box(None, b"a", b"b", b"@x")]),
    (b"<@b>", [box(None, b"", b"b")]),
    (b"<@x,@b", [box(None, b"", b"x,@b")]),
    (b"<@x:@b>", [box(None, b"", b"b", b"@x")]),
    (b"<x:a@b>", [A]),
    # groups
    (
        b"friends: a@b, Ann <a@b>;",
        [box(None, b"friends", None), A, box(b"Ann", b"a", b"b"), GROUP_END],
    ),
    (b"undisclosed-recipients:;", [box(None, b"undisclosed-recipients", None), GROUP_END]),
    (b"My Friends:;, a@b", [box(None, b"My Friends", None), GROUP_END, A]),
    (b"open: a@b", [box(None, b"open", None), A, GROUP_END]),
    (b"g: a@b: c@d;", [box(None, b"g", None), box(None, b"a@bc", b"d"), GROUP_END]),
    # what mailers write all the same
    (b"a@b; a@b;", [A, A]),
    (b"undisclosed", [box(None, b"undisclosed", b"")]),
    (b"Ann Lee", [box(None, b"Ann Lee", b"")]),
    (b"Ann <>", [box(b"Ann", b"", b"")]),
    (b"<>", [box(None, b"", b"")]),
    (b"<ann>", [box(None, b"ann", b"")]),
    (b"Ann Lee a@b", [box(b"Ann Lee", b"a", b"b")]),
    (b"a@c <a@b>", [box(b"a @ c", b"a", b"b")]),
    (b"<a@c@b>", [box(None, b"a@c", b"b")]),
    (b"<a@b", [A]),
    (b"<a@b, c@d", [A, box(None, b"c", b"d")]),
    (b"<<a@b>>", [A]),
    (b"a@b>", [A]),
    (b"@b", [box(None, b"", b"b")]),
    (b"a@", [box(None, b"a", b"")]),
    (b'"never closed <a@b>', [box(b"never closed", b"a", b"b")]),
    (b'"a" "never \\" closed" x <a@b>', [box(b'a never " closed x', b"a", b"b")]),
    (b"a@b\\ ] [ ) , a@b", [A, A]),
    (b"a@b\0,\x01a@b", [A, A]),
    (b"Ann [X] <a@b>", [box(b"Ann [X]", b"a", b"b")]),
]


@pytest.mark.parametrize(("value", "expected"), TABLE)
def test_table(value: bytes, expected: list[Mailbox]) -> None:
    """Address lists of the standard, the old standard and of mailers are read as meant."""
    assert parse_mailboxes(value) == expected


PHRASE = st.text(
    st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=20
)
WORD = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9-]+)*", fullmatch=True)


@settings(max_examples=30)
@given(st.lists(st.tuples(PHRASE, WORD, st.from_regex(r"[a-z]+(\.[a-z]+)*", fullmatch=True))))
def test_what_the_standard_library_writes(people: list[tuple[str, str, str]]) -> None:
    """Names and addresses come back from the form in which the standard library writes them."""
    written = ", ".join(
        str(Address(name.strip(), local, host)) for name, local, host in people
    ).encode()
    expected = [(" ".join(name.split()), local, host) for name, local, host in people]
    found = [
        (
            " ".join((box.name or b"").decode().split()),
            (box.local or b"").decode(),
            (box.host or b"").decode(),
        )
        for box in parse_mailboxes(written)
    ]
    assert found == expected


@pytest.mark.parametrize(
    "value",
    [
        "Ann Lee <ann@example.org>, bob@example.net",
        '"Lee, Ann" <ann@example.org>',
        "friends: ann@example.org, Bob <bob@example.net>;",
        "ann@example.org (Ann)",
        '"john doe"@example.org',
        "a@[192.0.2.1]",
        "(a) Ann (b) <(c) ann (d) @ (e) example.org (f)> (g)",
    ],
)
def test_like_the_standard_library(value: str) -> None:
    """On sane lists the standard library's parser sees the same addresses."""
    groups: list[Group] = SMTP.header_factory("To", value).groups
    theirs = [(a.username, a.domain) for group in groups for a in group.addresses]
    ours = [
        ((box.local or b"").decode(), box.host.decode())
        for box in parse_mailboxes(value.encode())
        if box.host is not None
    ]
    assert ours == theirs


def test_for_people() -> None:
    """Names are decoded, domains shown in their script."""
    mailbox = parse_mailboxes(b"=?gbk?B?1tDOxA==?= <a@xn--fiqs8s>")[0]
    assert display_name(mailbox) == "中文"
    assert address_text(mailbox) == "a@中国"
    assert display_name(A) == ""
    assert address_text(A) == "a@b"
    assert address_text(GROUP_END) == ""
    assert address_text(box(None, b"ann\r\nlee", b"")) == "ann  lee"


def test_many_signs() -> None:
    """A local part does not grow with every further sign."""
    (mailbox,) = parse_mailboxes(b"a@" * 50_000 + b"b")
    assert mailbox.host == b"b"
    assert len(mailbox.local or b"") <= LOCAL_OCTETS_MAX + 2


def test_limit() -> None:
    """No more elements than the limit are read, in the quick and in the careful way."""
    assert len(parse_mailboxes(b"a@b," * ADDRESSES_MAX)) == ADDRESSES_MAX
    assert len(parse_mailboxes(b"a@b," * (ADDRESSES_MAX + 1))) == ADDRESSES_MAX
    assert len(parse_mailboxes(b"a (x)," * (ADDRESSES_MAX + 1))) == ADDRESSES_MAX


SPECIALS = [
    b'"',
    b"\\",
    b"(",
    b")",
    b"<",
    b">",
    b"@",
    b",",
    b":",
    b";",
    b" ",
    b".",
    b"[",
    b"]",
    b"a",
]


@given(st.lists(st.sampled_from(SPECIALS) | st.binary(max_size=3)).map(b"".join))
def test_never_raises(value: bytes) -> None:
    """Any octets are a list, and each element has a form that IMAP can tell."""
    depth = 0
    for mailbox in parse_mailboxes(value):
        if mailbox.host is None:
            depth += 1 if mailbox.local is not None else -1
            assert depth in {0, 1}
        else:
            assert mailbox.local is not None
        display_name(mailbox)
        address_text(mailbox)
    assert depth == 0


@pytest.mark.parametrize(
    "unit", [*SPECIALS, b'"\\"', b"(\\)", b"a@b ", b"a <", b"<@", b"[a", b"a,"]
)
def test_linear(unit: bytes) -> None:
    """Whatever is repeated, the time grows with the length only."""
    begun = time.process_time()
    parse_mailboxes(unit * 40_000)
    parse_mailboxes(b'"' + unit * 40_000)
    assert time.process_time() - begun < 4


def test_five_thousand_addresses() -> None:
    """A field of 5,000 addresses costs milliseconds, and so do 2,000 nested comments."""
    begun = time.process_time()
    assert len(parse_mailboxes(b"Ann Lee <ann.lee@example.org>, " * 5000)) == 5000
    assert parse_mailboxes(b"(" * 2000 + b")" * 2000 + b" a@b")[0].local == b"a"
    assert time.process_time() - begun < 0.5
