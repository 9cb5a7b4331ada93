"""Sorting in slices: generators that stop between, so that others can go on. Pure."""

from collections.abc import Callable, Generator
from typing import Any, Final, TypeVar

SLICE_ITEMS: Final = 4096
"""Sorted in one go; about 2 ms for strings."""

T = TypeVar("T")


def in_order(
    items: list[T],
    key: Callable[[T], Any],
    *,
    reverse: bool = False,
    slice_items: int = SLICE_ITEMS,
) -> Generator[None, None, list[T]]:
    """The items sorted; those with equal keys stay as they stand, also in reverse order.

    Slices are sorted, then merged two by two: Python's sort merges two runs with one comparison an
    item.
    """
    runs = []
    for start in range(0, len(items), slice_items):
        runs.append(sorted(items[start : start + slice_items], key=key, reverse=reverse))
        yield
    while len(runs) > 1:
        merged = []
        for place in range(0, len(runs) - 1, 2):
            both = runs[place] + runs[place + 1]
            both.sort(key=key, reverse=reverse)
            merged.append(both)
            yield
        if len(runs) % 2:
            merged.append(runs[-1])
        runs = merged
    return runs[0] if runs else []
