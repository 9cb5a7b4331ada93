"""Ids only grow, whatever the clock does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.base.clock import SetClock
from posthouse.base.ids import Ids, LetterId, id_from_text, id_text


def test_ids_grow_while_the_clock_stands_or_goes_back() -> None:
    """Each id is greater than every one before it."""
    clock = SetClock()
    ids = Ids(clock)
    given_ids = []
    for step in (0.0, 0.0, -3600.0, 0.001, 10.0, -10.0):
        clock.jump(step)
        given_ids += [ids.letter() for _ in range(50)]

    assert given_ids == sorted(set(given_ids))


def test_an_id_begins_with_the_time() -> None:
    """The first 48 bits are milliseconds."""
    clock = SetClock(1_795_000_000.5)

    assert int.from_bytes(Ids(clock).letter()[:6], "big") == 1_795_000_000_500


@given(st.binary(min_size=16, max_size=16))
def test_text_reads_back(octets: bytes) -> None:
    """Every id has a text of 26 characters that reads back, in either case."""
    text = id_text(octets)

    assert len(text) == 26
    assert id_from_text(text) == id_from_text(text.lower()) == LetterId(octets)


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "U" * 26, "8" + "0" * 25, "é" * 26])
def test_what_is_no_id_is_refused(text: str) -> None:
    """A wrong length, a wrong character and too large a value are errors."""
    with pytest.raises(ValueError, match="an id"):
        id_from_text(text)
