"""Dates, message ids and encoded words that may be sent."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.strict_fields import check_date, check_encoded_words, check_message_id, shown


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 18 Nov 2026 11:06:40 +0000",
        "18 Nov 2026 11:06 -0800",
        "Wed, 18 Nov 2026 11:06:40 +0000 (UTC)",
        "Wed , 18 Nov 2026 11:06:40 GMT",
        "Wed, 18 Nov 98 04:17:31 GMT",
        "1 Jan 00 00:00:00 EST",
        "Thu, 31 Dec 1998 23:59:60 +0000",
        "wed, 18 nov 2026 11 : 06 : 40 +0545",
        "Thu,  1 Jan 1970 00:00:00 -0000",
    ],
)
def test_right_dates(text: str) -> None:
    """RFC 5322 3.3, and the old forms with one meaning."""
    check_date(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found nothing"),
        ("yesterday", "found 'yesterday'"),
        ("2026-11-18 11:06:40", "a date is as Wed, 18 Nov 2026 11:06:40 +0000"),
        ("Wed, 18 Nov 2026 11:06:40", "a date is as"),
        ("Wed, 18 Nov 2026", "a date is as"),
        ("Wed Nov 18 11:06:40 2026", "a date is as"),
        ("Wed, 18 Foo 2026 11:06:40 +0000", "the month 'Foo'"),
        ("Wed, 18 Nov 2026 25:06:40 +0000", "no clock shows"),
        ("Wed, 18 Nov 2026 11:60:40 +0000", "no clock shows"),
        ("31 Nov 2026 11:06:40 +0000", "no calendar has"),
        ("Tue, 18 Nov 2026 11:06:40 +0000", "that day is a Wed"),
        ("Wed, 18 Nov 2026 11:06:40 +0099", "a date is as"),
        ("Wed, 18 Nov 2026 11:06:40 +0000 x", "a date is as"),
        ("Wed, 18 Nov 02026 11:06:40 +0000", "a date is as"),
    ],
)
def test_wrong_dates(text: str, says: str) -> None:
    """The sentence says what is right and what was found."""
    with pytest.raises(ValueError) as error:
        check_date(text)
    assert says in str(error.value)


@pytest.mark.parametrize("text", ["<a@b>", " <000401bf$0100@annspc> ", '<"a b"@c>', "<a@[x]>"])
def test_right_message_ids(text: str) -> None:
    """One, in brackets, with two sides; the right one need not be a host name."""
    check_message_id(text)


@pytest.mark.parametrize(
    "text", ["", "a@b", "<a>", "<@b>", "<a@>", "<a@b> <c@d>", "<a b@c>", "<a@b@c>"]
)
def test_wrong_message_ids(text: str) -> None:
    """Anything else."""
    with pytest.raises(ValueError, match="a message id is <left@right>"):
        check_message_id(text)


@pytest.mark.parametrize(
    "text",
    ["plain", "=?utf-8?B?5LiJ?=",
     "=?ISO-8859-1?q?caf=E9_au_lait?= x", "what =? is this ?=", "a =? b",
     "=?utf-8*en?Q?a?=", "=?gb2312?B?xOO6ww==?= =?gb2312?B?xOO6ww==?="],
)  # fmt: skip
def test_right_encoded_words(text: str) -> None:
    """Words that are encoded rightly, and text that only looks a little like it."""
    check_encoded_words(text)


@pytest.mark.parametrize(
    "text",
    ["=?utf-8?X?abc?=", "=?utf-8?B?5Li?=", "=?utf-8?B?5L iJ?=", "=?utf-8?Q?a b?=",
     "=?utf-8?Q?a=G0?=",
     "=??B?5LiJ?=", "x =?utf-8??5LiJ?= y", "=?utf-8?BB?5LiJ?="],
)  # fmt: skip
def test_wrong_encoded_words(text: str) -> None:
    """Readers would show rubbish."""
    with pytest.raises(ValueError, match="an encoded word is"):
        check_encoded_words(text)


def test_what_was_found_is_short_and_visible() -> None:
    """For replies and log lines."""
    assert shown("  a\tb é ") == "'a\\tb \\xe9'"
    assert shown("x" * 100) == repr("x" * 60 + "...")
    assert shown(" ") == ""


@given(st.text(max_size=80))
def test_nothing_else_is_raised(text: str) -> None:
    """Whatever stands in a field."""
    for check in (check_date, check_message_id, check_encoded_words):
        with contextlib.suppress(ValueError):
            check(text)
