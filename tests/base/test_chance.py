"""Chance that a test may foresee."""

from collections import Counter

from posthouse.base.chance import as_given, shuffled


def test_every_order_is_as_likely() -> None:
    """Nothing is lost, and no order is preferred."""
    seen = Counter(tuple(shuffled("abc")) for _ in range(3000))

    assert len(seen) == 6
    assert min(seen.values()) > 350


def test_chance_comes_in() -> None:
    """With a given chance the order is given too; the things given stay as they are."""
    things = [1, 2, 3, 4]
    assert shuffled(things, lambda below: below - 1) == [1, 2, 3, 4]
    assert shuffled(things, lambda below: 0) == [2, 3, 4, 1]
    assert things == as_given(things) == [1, 2, 3, 4]
    assert shuffled([]) == []
