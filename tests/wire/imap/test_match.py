"""LIST patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.imap.match import Matcher


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("*", ["INBOX", "a", "a/b/c", ""], []),
        ("%", ["INBOX", "a", ""], ["a/b"]),
        ("a/%", ["a/b", "a/"], ["a", "a/b/c", "b/c"]),
        ("a*", ["a", "a/b", "abc"], ["b", "INBOX"]),
        ("%/%", ["a/b"], ["a", "a/b/c"]),
        ("a%c", ["abc", "ac"], ["a/c", "abcd"]),
        ("inbox", ["INBOX"], ["inbox", "Inbox"]),
        ("iNb*", ["INBOX"], ["INBOX/a"]),
        ("inbox/%", ["INBOX/a"], ["INBOX", "inbox/a"]),
        ("Inbox*", ["INBOX", "INBOX/a"], []),
        ("inboxes", ["inboxes"], ["INBOX", "INBOXes"]),
        ("a.b", ["a.b"], ["axb"]),
        ("", [""], ["INBOX", "a"]),
        ("%*%*%", ["", "a/b"], []),
        ("*a%b*c%", ["a/xab/c", "abc"], ["a/b", "abc/d"]),
        ("x%y%z%", ["xyz", "x1y2z3"], ["xy/z", "xyz/"]),
        ("a\nb*", ["a\nb"], ["a"]),
    ],
)
def test_matches(pattern: str, names: list[str], others: list[str]) -> None:
    """`*` means anything, `%` anything within a level, INBOX any case. RFC 3501 6.3.8"""
    matcher = Matcher("", [pattern])

    assert [name for name in names if not matcher.matches(name)] == []
    assert [name for name in others if matcher.matches(name)] == []


def test_reference_and_several() -> None:
    """The reference stands before each pattern; one that fits is enough."""
    matcher = Matcher("a/", ["b", "c%"])

    assert [n for n in ("a/b", "a/cx", "b", "a/c/d") if matcher.matches(n)] == ["a/b", "a/cx"]


def test_ancestors() -> None:
    """The parents that a pattern means, shortest first."""
    assert list(Matcher("", ["*"]).ancestors("a/b/c")) == ["a", "a/b"]
    assert list(Matcher("", ["%"]).ancestors("a/b/c")) == ["a"]
    assert list(Matcher("", ["%"]).ancestors("/a")) == []
    assert list(Matcher("", ["%"]).ancestors("a")) == []


def expression(pattern: str) -> re.Pattern[str]:
    """The pattern the slow way."""
    pieces = {"*": ".*", "%": "[^/]*"}
    return re.compile("".join(pieces.get(c, re.escape(c)) for c in pattern), re.DOTALL)


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8))
def test_same_as_an_expression(pattern: str, name: str) -> None:
    """The matcher means what a backtracking expression means."""
    wanted = expression(pattern).fullmatch(name) is not None

    assert Matcher("", [pattern]).matches(name) is wanted


def test_no_pattern_is_slow() -> None:
    """A pattern made to backtrack takes no longer than others; this ends before the sun does."""
    matcher = Matcher("", ["*a%" * 300 + "b"])

    assert not matcher.matches("a" * 250)
