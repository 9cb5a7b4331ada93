"""Sorting in slices."""

from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.ordering import in_order


def run(steps: Any) -> tuple[Any, int]:
    """The value of a generator, and how often it stopped."""
    stops = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, stops
        stops += 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers())), st.booleans(), st.integers(1, 20))
def test_as_sorted_does(items: list[tuple[int, int]], reverse: bool, size: int) -> None:
    """The same order as in one go, equal ones as they stood, and the items stay as they are."""
    before = list(items)

    found, _ = run(in_order(items, itemgetter(0), reverse=reverse, slice_items=size))

    assert found == sorted(items, key=itemgetter(0), reverse=reverse)
    assert items == before


@pytest.mark.parametrize(("count", "stops"), [(0, 0), (4, 1), (5, 3), (20, 9)])
def test_it_stops_between_slices(count: int, stops: int) -> None:
    """Once for each slice and for each merge of two."""
    assert run(in_order(list(range(count)), int, slice_items=4))[1] == stops
