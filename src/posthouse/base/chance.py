"""Chance, passed in: what is drawn in one place can be foreseen by tests and replays."""

import secrets
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Shuffle(Protocol):
    """Puts things into an order that nobody can foresee, or a test's own."""

    def __call__(self, items: Sequence[T]) -> list[T]: ...


def shuffled(items: Sequence[T], below: Callable[[int], int] = secrets.randbelow) -> list[T]:
    """A new list, every order as likely as any other."""
    found = list(items)
    for last in range(len(found) - 1, 0, -1):
        other = below(last + 1)
        found[last], found[other] = found[other], found[last]
    return found


def as_given(items: Sequence[T]) -> list[T]:
    """For tests: no chance at all."""
    return list(items)
