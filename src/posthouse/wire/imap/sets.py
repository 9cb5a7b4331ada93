"""Sequence and UID sets: read, resolved against a mailbox, written compactly. RFC 3501 9, 5182.

A set is a tuple of (first, last) pairs as the client wrote them; `STAR` stands for `*`, and the
empty tuple `SAVED` for `$`. `parse_set` raises ValueError, nothing else raises.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

NumberSet = tuple[tuple[int, int], ...]
"""As written: unsorted, may overlap, may run backwards, may hold STAR."""

Ranges = list[tuple[int, int]]
"""Resolved: sorted, apart, first <= last, without STAR."""

STAR: Final = 0
"""The largest number in use; no message has number 0."""

SAVED: Final[NumberSet] = ()
"""`$`: the result of the last SEARCH RETURN (SAVE). RFC 5182 2.1"""

NUMBER_MAX: Final = 0xFFFF_FFFF
"""Sequence numbers and UIDs are 32 bits and not zero. RFC 3501 2.3.1.1"""

_SET: Final = re.compile(
    rb"(?:[1-9][0-9]{0,9}|\*)(?::(?:[1-9][0-9]{0,9}|\*))?"
    rb"(?:,(?:[1-9][0-9]{0,9}|\*)(?::(?:[1-9][0-9]{0,9}|\*))?)*\Z"
)


def parse_set(text: bytes, *, ranges_max: int) -> NumberSet:
    """`1,3:5,9:*` as pairs. ValueError with a text for the client when it is none or too long."""
    if text.isdigit() and len(text) < 10 and text[0] != 48:  # most clients, most of the time
        number = int(text)
        return ((number, number),)
    if _SET.match(text) is None:
        raise ValueError("Expected a set of numbers, as in 1,3:5,9:*")
    pieces = text.split(b",")
    if len(pieces) > ranges_max:
        raise ValueError(f"A set of numbers may have at most {ranges_max} ranges")
    pairs = []
    for piece in pieces:
        first, colon, last = piece.partition(b":")
        low = STAR if first == b"*" else int(first)
        high = low if not colon else STAR if last == b"*" else int(last)
        if low > NUMBER_MAX or high > NUMBER_MAX:
            raise ValueError("Message numbers and UIDs end at 4294967295")
        pairs.append((low, high))
    return tuple(pairs)


def resolve(numbers: NumberSet, largest: int) -> Ranges:
    """The set with `*` replaced by `largest`, sorted and merged.

    `largest` is the number of messages, or the highest UID in use; 0 for an empty mailbox, where
    `*` names nothing. `559:*` always holds the last message, even if its UID is less (RFC 3501
    6.4.8).
    """
    ranges: Ranges = []
    for first, last in numbers:
        low, high = first or largest, last or largest
        if low > high:  # RFC 3501 9 seq-range: the order within a pair does not matter
            low, high = high, low
        if high:
            ranges.append((low or 1, high))
    if len(ranges) < 2:
        return ranges
    ranges.sort()
    merged = [ranges[0]]
    for low, high in ranges[1:]:
        before = merged[-1]
        if low <= before[1] + 1:
            if high > before[1]:
                merged[-1] = (before[0], high)
        else:
            merged.append((low, high))
    return merged


def spans(ranges: Ranges, present: Sequence[int]) -> Ranges:
    """The slices of `present` (sorted) that the ranges cover: (start, end) as Python has them."""
    found = []
    for first, last in ranges:
        start = bisect_left(present, first)
        end = bisect_right(present, last, start)
        if start < end:
            found.append((start, end))
    return found


def contains(ranges: Ranges, number: int) -> bool:
    """Whether the resolved ranges hold the number."""
    place = bisect_right(ranges, (number, NUMBER_MAX))
    return place > 0 and number <= ranges[place - 1][1]


def count(ranges: Ranges) -> int:
    """How many numbers the resolved ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """Ascending numbers, each once, as ranges."""
    if isinstance(numbers, range):
        return [(numbers[0], numbers[-1])] if numbers else []
    ranges: Ranges = []
    start = previous = -1
    for number in numbers:
        if number != previous + 1 or previous < 0:
            if previous >= 0:
                ranges.append((start, previous))
            start = number
        previous = number
    if previous >= 0:
        ranges.append((start, previous))
    return ranges


def format_ranges(ranges: Iterable[tuple[int, int]]) -> bytes:
    """`1,3:5` from ranges."""
    return ",".join(
        [f"{first}:{last}" if first != last else str(first) for first, last in ranges]
    ).encode()


def format_set(numbers: Sequence[int]) -> bytes:
    """`1,3:5` from ascending numbers, each once; b"" from none.

    One run, the usual case after COPY, MOVE and SEARCH ALL, is seen from its ends.
    """
    if not numbers:
        return b""
    first, last = numbers[0], numbers[-1]
    if last - first + 1 == len(numbers):
        return b"%d:%d" % (first, last) if first != last else b"%d" % first
    return format_ranges(ranges_of(numbers))
