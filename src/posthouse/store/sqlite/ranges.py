"""Runs of UIDs: from ascending numbers to ranges and back."""

from collections.abc import Iterable, Sequence

from posthouse.store.values import Range, Ranges


def ranges_of(numbers: Sequence[int]) -> Ranges:
    """Ascending, distinct numbers as ranges."""
    if not numbers:
        return ()
    first, last = numbers[0], numbers[-1]
    if last - first + 1 == len(numbers):
        return ((first, last),)
    found: list[Range] = []
    previous = first
    for number in numbers:
        if number > previous + 1:
            found.append((first, previous))
            first = number
        previous = number
    found.append((first, previous))
    return tuple(found)


def count(ranges: Ranges) -> int:
    """How many numbers the ranges have."""
    return sum(last - first + 1 for first, last in ranges)


def union(ranges: Iterable[Range]) -> Ranges:
    """Sorted and joined, from ranges in any order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            if last > found[-1][1]:
                found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def meet(one: Ranges, other: Ranges) -> Ranges:
    """Numbers that are in both; both sorted."""
    found: list[Range] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def span(ranges: Ranges) -> Range:
    """From the first to the last number; the ranges are not empty."""
    return ranges[0][0], ranges[-1][1]


def holds(ranges: Ranges, number: int) -> bool:
    """Whether the number is in one of the sorted ranges."""
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if number < ranges[middle][0]:
            high = middle
        elif number > ranges[middle][1]:
            low = middle + 1
        else:
            return True
    return False
