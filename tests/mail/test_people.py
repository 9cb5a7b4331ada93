"""Address fields in all forms that are stored."""

import pytest

from posthouse.mail.header import Header
from posthouse.mail.mailboxes import parse_mailboxes
from posthouse.mail.people import (
    NOBODY,
    REMEMBERED_OCTETS_MAX,
    TEXT_LENGTH_MAX,
    People,
    addresses_text,
    people,
    people_in,
)


@pytest.mark.parametrize("size", [0, REMEMBERED_OCTETS_MAX])
def test_short_and_long_fields(size: int) -> None:
    """Whether a field is remembered does not matter, nor how often it is asked for."""
    name = b"x" * size
    header = Header(b"From: %b Ann Lee <Ann@Example.org>\r\n" % name)
    shown = (b"%b Ann Lee" % name).strip()
    expected = People(
        b'(("%b" NIL "Ann" "Example.org"))' % shown,
        "ANN",
        f"{shown.decode().lower()} <ann@example.org>",
    )

    assert people(header, b"from") == expected
    assert people(header, b"from") == expected


def test_nobody() -> None:
    """A field that is missing, empty, or holds no address."""
    header = Header(b"To:\r\nCc: ,\r\n")

    assert people(header, b"from") == people(header, b"to") == people(header, b"cc") == NOBODY


def test_the_key_of_a_group() -> None:
    """A list that begins with a group has the group's name as its key. RFC 5256 3"""
    found = people_in(b"friends: a@b;")

    assert (found.key, found.text) == ("FRIENDS", "friends, a@b")


def test_a_chinese_domain_is_found_in_both_forms() -> None:
    """As people read it and as it was written."""
    assert people_in(b"ann@xn--fsqu00a.xn--0zwm56d").text == (
        "ann@例子.测试, ann@xn--fsqu00a.xn--0zwm56d"
    )


def test_limits() -> None:
    """Address lists are kept up to a length."""
    long = addresses_text(parse_mailboxes(b"x" * 500 + b"@example.org, " + b"a@b, " * 9000))
    assert len(long) < TEXT_LENGTH_MAX
    many = addresses_text(parse_mailboxes((b"x" * 500 + b"@example.org, ") * 1000))
    assert len(many) == TEXT_LENGTH_MAX
