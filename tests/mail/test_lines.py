"""The length of lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.lines import LineMeter


@pytest.mark.parametrize("around", [b"", b"short\r\n" * 500])
def test_at_the_limit_and_one_beyond(around: bytes) -> None:
    """998 octets and CRLF pass, 999 do not. RFC 5322 2.1.1"""
    assert LineMeter(998).take(around + b"x" * 998 + b"\r\n" + around)
    assert not LineMeter(998).take(around + b"x" * 999 + b"\r\n" + around)


@given(
    st.lists(st.integers(0, 30), max_size=12),
    st.lists(st.integers(1, 9), max_size=80),
)
def test_however_it_is_cut(lengths: list[int], cuts: list[int]) -> None:
    """The pieces say what the whole says."""
    text = b"".join(b"x" * length + b"\r\n" for length in lengths)
    meter = LineMeter(20)
    fits = True
    at = 0
    for cut in [*cuts, len(text)]:
        fits = fits and meter.take(text[at : at + cut])
        at += cut
    assert fits == all(length <= 20 for length in lengths)
