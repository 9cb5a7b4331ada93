"""What is shown of From and To, for SORT."""

import pytest

from posthouse.mail.display import FROM, TO, display_key
from posthouse.mail.header import Header
from posthouse.mail.imap_forms import envelope
from posthouse.mail.text import sort_form


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Ann Lee <ann@example.org>", "Ann Lee"),
        ("ann@Example.org", "ann@example.org"),
        ('"Lee, \\"A\\" \\\\ Ann" <ann@example.org>, bob@example.org', 'Lee, "A" \\ Ann'),
        ("=?utf-8?q?=C3=84nn?= <ann@example.org>", "änn"),
        ('"" <ann@example.org>', "ann@example.org"),
        ("friends: bob@example.org, carl@example.org;", "friends"),
        ("empty:;, Bob <bob@example.org>", "empty"),
        ("Ärger <ann@example.org>", "ärger"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("before", ["plain", "ünplain", 'with "quotes" (and) \\'])
def test_display_key(value: str, shown: str, before: str) -> None:
    """The decoded name, else the address, else the name of a group. RFC 5957 3"""
    octets = (
        f"Subject: {before}\r\nSender: x {before.encode().hex()} <x@example.org>\r\n"
        f"From: {value}\r\nTo: {value}\r\n\r\n"
    )
    found = envelope(Header(octets.encode()))

    assert display_key(found, TO) == sort_form(shown)
    assert display_key(found, FROM) == sort_form(shown)


def test_nobody() -> None:
    """Fields that are not there, and lists of nothing."""
    assert display_key(envelope(Header(b"\r\n")), FROM) == ""
    assert display_key(envelope(Header(b"To: <>\r\n\r\n")), TO) == ""
