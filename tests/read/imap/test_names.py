"""Names that mailboxes can have."""

import pytest

from posthouse.read.imap.names import LEVELS_MAX, NAME_CHARACTERS_MAX, kept_name, trouble


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inbox/x", "INBOX/x"),
        ("InBox/inbox/y", "INBOX/inbox/y"),
        ("inboxes/x", "inboxes/x"),
        ("a/b/", "a/b"),
        ("a", "a"),
        ("/", ""),
    ],
)
def test_a_name_is_kept_so(name: str, expected: str) -> None:
    """INBOX is INBOX in any case, and a last delimiter is only a wish. RFC 3501 5.1, 6.3.3"""
    assert expected == kept_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "work",
        "邮件/收件",
        "a b.c",
        "x" * NAME_CHARACTERS_MAX,
        "/".join("a" * LEVELS_MAX),
    ],
)
def test_good_names(name: str) -> None:
    """Any language, up to the limits."""
    assert trouble(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a//b",
        "/a",
        "a/ /b",
        "a*",
        "a%b",
        "a\tb",
        "a\x7f",
        "a\x85b",
        "a\ud800",
        "x" * (NAME_CHARACTERS_MAX + 1),
        "/".join("a" * (LEVELS_MAX + 1)),
    ],
)
def test_bad_names(name: str) -> None:
    """What LIST could not tell apart, people could not read, or is beyond a limit."""
    assert trouble(name)
