"""The inspector of the header, rule by rule."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.base.errors import Refusal
from posthouse.decide.inspector import ONCE, complete, inspect, title

WHOLE = (
    b"Date: Wed, 18 Nov 2026 11:06:40 +0000\r\nFrom: Ann <ann@example.org>\r\n"
    b"To: bob@example.net\r\nMessage-ID: <a@b>\r\nSubject: hello\r\n"
)


def completed(header: bytes, *, has_utf8: bool = False) -> bytes:
    found = inspect(header, has_utf8=has_utf8)
    return complete(found, sender="ann@example.org", date="(now)", message_id="new@house")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (WHOLE, WHOLE),
        (
            b"",
            b"Date: (now)\r\nFrom: ann@example.org\r\nMessage-ID: <new@house>\r\n"
            b"To: undisclosed-recipients:;\r\n",
        ),
        (WHOLE.replace(b"Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n", b""), b"Date: (now)\r\n"
         + WHOLE.replace(b"Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n", b"")),
        (WHOLE.replace(b"To:", b"Cc:"), WHOLE.replace(b"To:", b"Cc:")),
        (WHOLE.replace(b"To:", b"Resent-To:"), WHOLE.replace(b"To:", b"Resent-To:")),
        (b"Bcc: x@y.example\r\n" + WHOLE + b"bcc:\r\n z\r\n", WHOLE),
        (WHOLE + b"Return-Path: <x>\r\nResent-Bcc: y\r\n", WHOLE),
        (WHOLE.replace(b"To:", b"Bcc:"), b"To: undisclosed-recipients:;\r\n"
         + WHOLE.replace(b"To: bob@example.net\r\n", b"")),
    ],
)  # fmt: skip
def test_what_is_completed(header: bytes, expected: bytes) -> None:
    """What is missing comes on top, Bcc goes, all else stays as it is. RFC 6409 8, 5322 3.6.3"""
    assert completed(header) == expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        # structure
        ("hello", "header: each line is a field, as Subject: hello"),
        ("X Y: z", "header: each line is a field"),
        (":x", "header: each line is a field"),
        ("From ann@example.org Wed Nov 18", "header: each line is a field"),
        ("Subject : x", "Subject: no space stands before the colon"),
        ("X-Long: " + "y" * 991, "X-Long: a line has at most 998 octets"),
        ("X-Bell: \x07", "X-Bell: visible characters only, found '\\x07'"),
        ("X-Nul: \x00", "X-Nul: visible characters only"),
        ("X-Bare: a\rb", "X-Bare: visible characters only"),
        ("X-Bare: a\nY: b", "visible characters only"),
        # eight bits
        ("Subject: 你好", "Subject: ASCII with encoded words"),
        # once
        ("From: ann@example.org", "From: this field stands in a letter once"),
        ("date: Wed, 18 Nov 2026 11:06:40 +0000", "Date: this field stands in a letter once"),
        ("message-id: <a@b>", "Message-ID: this field stands in a letter once"),
        ("TO: x@y.example", "To: this field stands in a letter once"),
        ("Subject: again", "Subject: this field stands in a letter once"),
        # addresses
        ("Cc: bob", "Cc: expected an address as name <local@domain>, found 'bob'"),
        ("Cc:", "Cc: expected an address as name <local@domain>, found nothing"),
        ("Reply-To: a@b.example c", "Reply-To: a comma stands between addresses, found 'c'"),
        ("Sender: a@b.example, c@d.example", "Sender: one mailbox stands here"),
        ("Sender: x:;", "Sender: one mailbox stands here"),
        ("Resent-From: x:;", "Resent-From: mailboxes and no groups stand here"),
        ("Resent-To: a@b..example", "Resent-To: a domain has no empty label"),
        ("Cc: =?utf-8?B?5LiJ?=@b.example", "Cc: an encoded word is a name"),
        ("Cc: =?utf-8?X?5LiJ?= <a@b.example>", "Cc: an encoded word is =?charset?B?"),
        # dates and ids
        ("Resent-Date: today", "Resent-Date: a date is as"),
        ("Resent-Message-ID: 7", "Resent-Message-Id: a message id is"),
        # encoded words
        ("Comments: =?utf-8?B?!?=", "Comments: an encoded word is"),
    ],
)
def test_what_is_refused(line: str, says: str) -> None:
    """The answer names the field, what is allowed and what was found."""
    with pytest.raises(Refusal) as refusal:
        inspect(WHOLE + line.encode() + b"\r\n", has_utf8=False)

    assert (refusal.value.code, refusal.value.status) == (550, "5.6.0")
    assert says in refusal.value.say
    assert refusal.value.say.isprintable()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"Ann <ann@example.org>", b"", "From: expected an address"),
        (b"Ann <ann@example.org>", b"x:;", "From: mailboxes and no groups"),
        (b"Ann <ann@example.org>", b"a@b.example, c@d.example", "Sender: one of the 2 authors"),
        (b"Wed, 18 Nov", b"Tue, 18 Nov", "Date: that day is a Wed"),
        (b"<a@b>", b"a@b", "Message-ID: a message id is"),
        (b"hello", b"=?gb2312?B?x?=", "Subject: an encoded word is"),
    ],
)
def test_what_is_refused_in_fields_that_stand_once(old: bytes, new: bytes, says: str) -> None:
    """The same for the letter's main fields."""
    with pytest.raises(Refusal) as refusal:
        inspect(WHOLE.replace(old, new), has_utf8=False)
    assert says in refusal.value.say


def test_utf8_with_smtputf8() -> None:
    """Raw UTF-8 passes where MAIL said so, other octets never. RFC 6532 3.2"""
    header = WHOLE + "Comments: 你好\r\nCc: 张三 <张三@例子.example>\r\n".encode()

    assert completed(header, has_utf8=True) == header
    with pytest.raises(Refusal, match="Comments: text is UTF-8"):
        inspect(WHOLE + b"Comments: \xc4\xe3\r\n", has_utf8=True)


def test_lines_at_the_limit() -> None:
    """998 octets pass. RFC 5322 2.1.1"""
    header = WHOLE + b"X: " + b"y" * 995 + b"\r\n"

    assert completed(header) == header


def test_a_header_cut_in_a_line() -> None:
    """The last line has its end, too."""
    with pytest.raises(Refusal, match="lines end with CR LF"):
        inspect(WHOLE + b"X: y", has_utf8=False)


def test_too_many_fields() -> None:
    """More than are looked at cannot pass."""
    with pytest.raises(Refusal, match="at most 10000 fields"):
        inspect(b"X: y\r\n" * 10_001, has_utf8=False)


def test_every_address_is_named() -> None:
    """For the rules that ask the directory and the DNS."""
    found = inspect(WHOLE + b"Cc: G: x@a.example;, y@b.example\r\n", has_utf8=False)

    assert [(n.field, n.address.text) for n in found.named] == [
        ("From", "ann@example.org"),
        ("To", "bob@example.net"),
        ("Cc", "x@a.example"),
        ("Cc", "y@b.example"),
    ]


def test_titles() -> None:
    """Fields are called as people write them."""
    assert [title(b"message-id"), title(b"reply-to")] == ["Message-ID", "Reply-To"]
    assert all(name == name.lower() for name in ONCE)


@given(st.binary(max_size=200))
def test_nothing_else_is_raised(octets: bytes) -> None:
    """Whatever comes as a header, a verdict comes out."""
    for has_utf8 in (False, True):
        with contextlib.suppress(Refusal):
            inspect(octets, has_utf8=has_utf8)
