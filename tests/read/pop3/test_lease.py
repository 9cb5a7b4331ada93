"""The lock on a maildrop over time."""

from pathlib import Path

import pytest

from pop3_house import Pop3World
from posthouse.read.pop3.lease import RENEWALS, Lease
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from turn import run_now


class Later:
    """A loop's clock by hand."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, object]] = []

    def call_soon(self, callback: object) -> None:
        callback()  # type: ignore[operator]

    def call_later(self, delay: float, callback: object) -> "Later":
        self.calls.append((delay, callback))
        return self

    def cancel(self) -> None:
        self.calls.clear()

    def go(self) -> None:
        (_, callback), *self.calls = self.calls
        callback()  # type: ignore[operator]


@pytest.fixture
def world(tmp_path: Path) -> Pop3World:
    world = Pop3World(tmp_path)
    world.pop3.loop = Later()  # type: ignore[assignment]
    return world


def later(world: Pop3World) -> Later:
    found = world.pop3.loop
    assert isinstance(found, Later)
    return found


def test_it_is_renewed_in_time(world: Pop3World) -> None:
    """While the session lives nobody else gets the drop, however long."""
    lease = Lease(world.pop3, 1)
    run_now(lease.take())
    for _ in range(3 * RENEWALS):
        world.clock.advance(later(world).calls[0][0])
        later(world).go()
        assert not world.is_free()
    lease.release()
    assert later(world).calls == []
    assert world.is_free()


def test_a_dead_worker_s_lease_runs_out(world: Pop3World) -> None:
    """Nobody renews it, and after its time another session gets the drop."""
    run_now(Lease(world.pop3, 1).take())
    world.clock.advance(59)
    assert not world.is_free()
    world.clock.advance(2)
    run_now(Lease(world.pop3, 1).take())


def test_a_renewal_that_fails_is_tried_again(world: Pop3World) -> None:
    """A store that is away for a moment costs nothing but a line in the log."""
    lease = Lease(world.pop3, 1)
    run_now(lease.take())
    world.fickle.why = Why.AWAY
    later(world).go()
    assert [line for line in world.lines if b"pop3.renewal_failed" in line]
    world.fickle.why = None
    world.clock.advance(40)
    later(world).go()
    world.clock.advance(40)
    assert not world.is_free()
    world.fickle.why = Why.AWAY
    lease.release()
    assert [line for line in world.lines if b"pop3.release_failed" in line]


def test_a_client_that_comes_back_at_once_is_waited_for(world: Pop3World) -> None:
    """Its last session may need a moment to end: pauses that grow, up to a limit."""
    world.keep("last")
    world.pop3.settings = type(world.pop3.settings)(busy_seconds_max=0.3)
    with pytest.raises(StoreFailure):
        _run(Lease(world.pop3, 1))
    assert world.pauses == [0.05, 0.1, pytest.approx(0.15)]
    world.pauses.clear()
    world.after_pause = lambda: world.clock.advance(61)
    _run(Lease(world.pop3, 1))
    assert world.pauses == [0.05]


def test_other_failures_are_not_waited_for(world: Pop3World) -> None:
    """Only another session may go away by itself."""
    world.pop3.settings = type(world.pop3.settings)(busy_seconds_max=5)
    world.fickle.why = Why.FULL
    with pytest.raises(StoreFailure):
        run_now(Lease(world.pop3, 1).take())
    assert world.pauses == []


def _run(lease: Lease) -> None:
    taking = lease.take()
    try:
        while True:
            taking.send(None)
    except StopIteration:
        return
