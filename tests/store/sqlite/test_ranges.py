"""Runs of UIDs, compared with sets of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from posthouse.store.sqlite import ranges

numbers = st.sets(st.integers(1, 60))


def expand(found: ranges.Ranges) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


@given(numbers)
def test_ranges_of_numbers_have_just_these(given_numbers: set[int]) -> None:
    """Sorted, disjoint, never touching."""
    found = ranges.ranges_of(sorted(given_numbers))

    assert expand(found) == given_numbers
    assert ranges.count(found) == len(given_numbers)
    assert all(one[1] + 1 < two[0] for one, two in pairwise(found))


@given(numbers, numbers)
def test_meet_and_union_are_those_of_sets(one: set[int], other: set[int]) -> None:
    """However the ranges lie."""
    a, b = ranges.ranges_of(sorted(one)), ranges.ranges_of(sorted(other))

    assert expand(ranges.meet(a, b)) == one & other
    assert expand(ranges.union([*a, *b])) == one | other


@given(numbers.filter(bool), st.integers(0, 61))
def test_holds_and_span(some: set[int], number: int) -> None:
    """By bisection, the same answer as by looking at all."""
    found = ranges.ranges_of(sorted(some))

    assert ranges.holds(found, number) == (number in some)
    assert ranges.span(found) == (min(some), max(some))
