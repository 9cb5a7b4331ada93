"""Octets in flight are limited for the whole worker."""

import pytest

from posthouse.accept.flight import Flight
from posthouse.base.metrics import Metrics


def test_at_the_limit_and_one_more() -> None:
    """Exactly the limit fits, one octet more waits until something is given back."""
    metrics = Metrics()
    flight = Flight(100, metrics.row(2))
    assert flight.reserve(60)
    assert flight.reserve(40)
    assert not flight.reserve(1)
    assert metrics.total("octets_in_flight") == 100
    flight.release(40)
    assert flight.reserve(1)


def test_a_first_letter_always_fits() -> None:
    """However small the limit, mail moves."""
    flight = Flight(1, Metrics().row(2))

    assert flight.reserve(5000)
    assert not flight.reserve(1)


def test_giving_back_too_much_is_a_fault() -> None:
    """The count can never go below nothing."""
    flight = Flight(10, Metrics().row(2))
    with pytest.raises(AssertionError):
        flight.release(1)
