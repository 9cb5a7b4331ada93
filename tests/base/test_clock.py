"""The clocks."""

import time

from posthouse.base.clock import SetClock, SystemClock


def test_a_set_clock_stands_until_moved() -> None:
    """`advance` moves both clocks, `jump` only the wall."""
    clock = SetClock(100.0)
    began = clock.monotonic()
    clock.advance(5)
    clock.jump(-50)

    assert (clock.now(), clock.monotonic() - began) == (55.0, 5.0)


def test_the_system_clock_is_this_machines() -> None:
    """Wall time is near time.time, and the monotonic clock does not go back."""
    clock = SystemClock()
    first = clock.monotonic()

    assert abs(clock.now() - time.time()) < 5
    assert clock.monotonic() >= first
