"""Counting connections, and the sweep."""

import asyncio

import pytest

from posthouse.base.metrics import Metrics
from posthouse.net import census as module
from posthouse.net.census import Census
from posthouse.net.limits import NetSettings


class Someone:
    def __init__(self) -> None:
        self.looked = 0
        self.is_shut = False

    def look(self, now: float) -> None:
        self.looked += 1

    def shut_down(self) -> None:
        self.is_shut = True

    def abort(self) -> None: ...


def make(loop: asyncio.AbstractEventLoop, **settings: int) -> tuple[Census, Metrics]:
    metrics = Metrics()
    settings_ = NetSettings(**settings)
    return Census(settings_, metrics.row(2), loop, sweep_seconds=0.01), metrics


def test_limits_of_address_and_worker() -> None:
    """At the limit yes, one more no; local sockets have no address and no such limit."""
    loop = asyncio.new_event_loop()
    census, metrics = make(loop, connections_per_address_max=2, connections_per_worker_max=10)
    people = [Someone() for _ in range(11)]

    assert [census.enter(p, "192.0.2.1") for p in people[:3]] == [True, True, False]
    census.leave(people[0], "192.0.2.1")
    census.leave(people[0], "192.0.2.1")  # twice is once
    census.leave(people[2], "192.0.2.1")
    assert census.enter(people[0], "192.0.2.1")
    assert [census.enter(p, "") for p in people[2:10]] == [True] * 8
    assert census.enter(people[10], "198.51.100.7") is False
    assert metrics.total("connections_refused_total") == 2
    census.close()
    loop.close()


def test_draining_tells_all_and_newcomers_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who are there hear it at once; one who was accepted and not yet handed over is served
    for a moment."""
    monkeypatch.setattr(module, "NEWCOMER_SECONDS", 0.01)
    loop = asyncio.new_event_loop()
    census, _ = make(loop)
    before, after = Someone(), Someone()
    assert census.enter(before, "192.0.2.1")
    census.drain()

    assert before.is_shut
    assert census.enter(after, "192.0.2.1")
    assert not after.is_shut
    loop.run_until_complete(asyncio.sleep(0.1))
    assert after.is_shut
    census.close()
    loop.close()


def test_the_sweep_looks_at_everyone_and_stops_when_nobody_is_left() -> None:
    """An empty worker is not woken."""
    loop = asyncio.new_event_loop()
    census, _ = make(loop)
    someone = Someone()
    census.enter(someone, "192.0.2.1")
    loop.run_until_complete(asyncio.sleep(0.05))
    assert someone.looked >= 2
    census.leave(someone, "192.0.2.1")
    loop.run_until_complete(asyncio.sleep(0.03))
    assert census._timer is None
    census.enter(someone, "192.0.2.1")
    assert census._timer is not None
    census.close()
    census.close()
    loop.close()


def test_handshakes_wait_when_there_are_too_many() -> None:
    """A short burst passes; beyond it each waits longer than the one before."""
    loop = asyncio.new_event_loop()
    census, _ = make(loop, handshakes_per_second_max=100)
    waits = [census.handshake_wait() for _ in range(30)]

    assert waits[0] == 0
    assert waits[5] == 0
    assert 0.1 < waits[29] < 0.21
    assert waits[10:] == sorted(waits[10:])
    loop.close()
