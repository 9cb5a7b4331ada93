"""Line ends and dot-stuffed bodies."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.octets import (
    BODY_END,
    DOT_LINE,
    dot_line,
    has_bare_newline,
    held_back,
    unstuffed,
)

LINES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"."])).map(b"".join)


@pytest.mark.parametrize(
    "text", [b"\r", b"\n", b"\n\r", b"\r\r\n", b"\r\n\n", b"a\rb\nc", b"\r\n\r"]
)
def test_bare_newlines_are_seen(text: bytes) -> None:
    """One CR or LF without its other half is enough, also where their numbers are even."""
    assert has_bare_newline(text)


@given(LINES)
def test_the_decoder_sees_what_the_look_around_sees(text: bytes) -> None:
    """One pass says what the pattern for a lone CR or LF says."""
    alone = re.search(rb"\r(?!\n)|(?<!\r)\n", text)
    assert has_bare_newline(text) is (alone is not None)


@given(LINES, st.integers(0, 12))
def test_a_dot_line_is_found_where_find_finds_it(text: bytes, start: int) -> None:
    """The same place, from any place on, -1 for nowhere."""
    assert dot_line(text, start) == text.find(DOT_LINE, start)


@given(LINES)
def test_what_is_held_back_begins_the_end(text: bytes) -> None:
    """The longest end of the text that begins CRLF.CRLF is held back, nothing more."""
    held = held_back(text)
    assert BODY_END.startswith(text[len(text) - held :])
    assert not any(text.endswith(BODY_END[:more]) for more in range(held + 1, 5))


def test_unstuffed_takes_one_dot_off_each_line() -> None:
    """Only the first dot of a line is one that was added. RFC 5321 4.5.2"""
    assert unstuffed(b"\r\n..\r\n...a\r\n.b\r\na..\r\n") == b"\r\n.\r\n..a\r\nb\r\na..\r\n"
