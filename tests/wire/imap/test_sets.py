"""Sets of message numbers."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.imap import sets
from posthouse.wire.imap.sets import (
    contains,
    count,
    format_ranges,
    format_set,
    parse_set,
    ranges_of,
    resolve,
    spans,
)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"1", ((1, 1),)),
        (b"4294967295", ((4294967295, 4294967295),)),
        (b"*", ((0, 0),)),
        (b"1:*", ((1, 0),)),
        (b"*:4", ((0, 4),)),
        (b"2,4:7,9,12:*", ((2, 2), (4, 7), (9, 9), (12, 0))),
        (b"5:3", ((5, 3),)),
    ],
)
def test_sets_as_written(text: bytes, pairs: sets.NumberSet) -> None:
    """A set is read as the client wrote it. RFC 3501 9"""
    assert parse_set(text, ranges_max=10) == pairs


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0",
        b"01",
        b"1:",
        b":1",
        b"1,",
        b",1",
        b"1,,2",
        b"1:2:3",
        b"-1",
        b"1-2",
        b"a",
        b"1 2",
        b"**",
        b"4294967296",
        b"1:4294967296",
        b"99999999999",
        b"1\n",
        "١".encode(),
    ],
)
def test_what_is_no_set(text: bytes) -> None:
    """Numbers begin at 1, end at 32 bits, and stand with one comma or colon between them."""
    with pytest.raises(ValueError):
        parse_set(text, ranges_max=10)


def test_at_most_so_many_ranges() -> None:
    """A set of as many ranges as allowed is read, one more is not."""
    assert len(parse_set(b"1,3:4,6", ranges_max=3)) == 3
    with pytest.raises(ValueError, match="at most 3 ranges"):
        parse_set(b"1,3:4,6,8", ranges_max=3)


@pytest.mark.parametrize(
    ("pairs", "largest", "ranges"),
    [
        (((1, 0),), 5, [(1, 5)]),
        (((0, 0),), 5, [(5, 5)]),
        (((0, 0),), 0, []),
        (((1, 0),), 0, [(1, 1)]),
        (((559, 0),), 5, [(5, 559)]),
        (((5, 3), (1, 1)), 9, [(1, 1), (3, 5)]),
        (((1, 3), (4, 6), (2, 2), (8, 9)), 9, [(1, 6), (8, 9)]),
        (((1, 9), (2, 3)), 9, [(1, 9)]),
        (((3, 3), (3, 3)), 9, [(3, 3)]),
        ((), 9, []),
    ],
)
def test_resolved(pairs: sets.NumberSet, largest: int, ranges: sets.Ranges) -> None:
    """Ranges come out sorted, merged, and with the star replaced."""
    assert resolve(pairs, largest) == ranges


SETS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)


def written(pairs: Iterable[tuple[int, int]], largest: int) -> set[int]:
    """The numbers that a set means, the slow way."""
    numbers: set[int] = set()
    for first, last in pairs:
        low, high = sorted((first or largest, last or largest))
        numbers.update(range(low, high + 1))
    return numbers


@given(SETS, st.integers(1, 30))
def test_resolved_means_the_same(pairs: list[tuple[int, int]], largest: int) -> None:
    """Resolving, formatting and reading again keep the numbers."""
    ranges = resolve(tuple(pairs), largest)
    numbers = written(pairs, largest)

    assert count(ranges) == len(numbers)
    assert {n for n in range(60) if contains(ranges, n)} == numbers
    assert ranges == ranges_of(sorted(numbers))
    assert resolve(parse_set(format_ranges(ranges), ranges_max=99), 1) == ranges


@given(SETS, st.sets(st.integers(1, 60)))
def test_spans(pairs: list[tuple[int, int]], present: set[int]) -> None:
    """Spans cut from what is there exactly what the ranges hold."""
    held = sorted(present)
    ranges = resolve(tuple(pairs), 30)
    found = [n for start, end in spans(ranges, held) for n in held[start:end]]

    assert found == [n for n in held if contains(ranges, n)]


@given(st.sets(st.integers(1, 200)))
def test_formatted(numbers: set[int]) -> None:
    """Ascending numbers as ranges, and back."""
    text = format_set(sorted(numbers))

    assert text == format_ranges(ranges_of(sorted(numbers)))
    if numbers:
        assert written(parse_set(text, ranges_max=999), 0) == numbers
    else:
        assert text == b""


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], b""), ([7], b"7"), ([7, 8], b"7:8"), ([1, 3, 4, 5, 9], b"1,3:5,9")],
)
def test_formatted_as(numbers: list[int], text: bytes) -> None:
    """Runs are written with a colon, single numbers alone."""
    assert format_set(numbers) == text


@given(st.binary(max_size=20))
def test_any_octets(octets: bytes) -> None:
    """Whatever comes, there is a set or a ValueError."""
    try:
        pairs = parse_set(octets, ranges_max=5)
    except ValueError:
        return
    assert 0 < len(pairs) <= 5
