"""A submitted body on its way through the inspector."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.turn import run_now

from posthouse.accept.inspected import InspectedOctets
from posthouse.base.errors import Refusal


async def marked(header: bytes) -> bytes:
    """A judge that shows what it was given."""
    return b"[" + header + b"]"


def octets(
    *, header_max: int = 100, line_max: int = 998, is_binary: bool = False
) -> InspectedOctets:
    return InspectedOctets(
        marked, header_octets_max=header_max, line_octets_max=line_max, is_binary=is_binary
    )


def passed(text: bytes, cuts: list[int], **limits: int) -> bytes:
    """All that goes on when the text comes in pieces of these sizes."""
    way = octets(**limits)
    out = b""
    at = 0
    for cut in cuts:
        out += run_now(way.take(text[at : at + cut]))
        at += cut
    out += run_now(way.take(text[at:], is_last=True))
    assert way.held_octets == 0
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"A: 1\r\n\r\ntext\r\n", b"[A: 1\r\n]\r\ntext\r\n"),
        (b"A: 1\r\n\r\n", b"[A: 1\r\n]\r\n"),
        (b"A: 1\r\n", b"[A: 1\r\n]\r\n"),
        (b"\r\ntext\r\n", b"[]\r\ntext\r\n"),
        (b"\r\n", b"[]\r\n"),
        (b"", b"[]\r\n"),
        (b"A: 1\r\n\r\n\r\n\r\n", b"[A: 1\r\n]\r\n\r\n\r\n"),
    ],
)
@given(cuts=st.lists(st.integers(0, 5), max_size=6))
def test_only_the_header_is_judged(text: bytes, expected: bytes, cuts: list[int]) -> None:
    """However it is cut; a letter without an empty line is a header alone. RFC 5322 3.5"""
    assert passed(text, cuts) == expected


def test_the_header_has_a_limit() -> None:
    """At it it passes, beyond it nothing is held."""
    assert passed(b"A: 123\r\n\r\nx\r\n", [], header_max=8) == b"[A: 123\r\n]\r\nx\r\n"
    for text in (b"A: 1234\r\n\r\n", b"A: 1234\r\n"):
        with pytest.raises(Refusal, match="at most 8 octets"):
            passed(text, [], header_max=8)
    with pytest.raises(Refusal, match="at most 8 octets"):
        run_now(octets(header_max=8).take(b"A: 123456"))


def test_lines_of_the_text_have_a_limit() -> None:
    """Unless the body is binary. RFC 5322 2.1.1, 3030 3"""
    long = b"\r\n" + b"x" * 11 + b"\r\n"
    assert passed(b"\r\n" + b"x" * 10 + b"\r\n", [3, 4], line_max=10)
    with pytest.raises(Refusal, match="at most 10 octets"):
        passed(long, [3, 4], line_max=10)
    assert passed(long, [3, 4], line_max=10, is_binary=True)
