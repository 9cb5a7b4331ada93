"""What a worker has in hand leaves it only when the store has it."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.letters import RECEIVED
from tests.queue_rows import queued

from posthouse.queue.hands import AGAIN_SECONDS, Hands
from posthouse.queue.lane import Attempt, Job
from posthouse.queue.trace import unpack
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from posthouse.store.values_queue import QueueAct, QueueAction, QueueState
from queue_world import NO, YES, QueueWorld


class Away:
    """A store that is away for some commits."""

    def __init__(self, store: Any, times: int) -> None:
        self._store = store
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, *values: Any) -> Any:
        if self.times > 0:
            self.times -= 1
            raise StoreFailure(Why.AWAY, "away")
        return await self._store.commit(*values)


@pytest.fixture
def world() -> Iterator[QueueWorld]:
    world = QueueWorld()
    yield world
    world.close()


def held(world: QueueWorld, *addresses: str) -> tuple[Hands, Job]:
    """A letter that is this worker's."""
    enqueued = queued(*addresses, holder="w0:a", due=RECEIVED + 300)
    world.run(world.store.commit(enqueued))
    letter = world.run(world.store.queue_letter(enqueued.letter))
    hands = world.runner._hands
    job = Job(letter, b"abc")
    hands.hold(job)
    assert (hands.letters, hands.octets) == (1, 3)
    return hands, job


async def wait(task: Any) -> None:
    await task


def test_a_delivery_is_written_with_its_trace(world: QueueWorld) -> None:
    """The row goes, the trace says where to, the hands are empty."""
    hands, job = held(world)
    world.run(wait(hands.settle(job, [Attempt(0, YES, "mx.example")])))

    assert world.queue == []
    assert (hands.letters, hands.octets) == (0, 0)
    (row,) = world.run(world.store.trace(job.letter.letter))
    (station,) = unpack(row.stations)
    assert (station.station, station.event) == ("deliver", "relayed")
    assert dict(station.facts)["host"] == "mx.example"


def test_a_store_that_is_away_is_asked_again(world: QueueWorld) -> None:
    """A delivery is not forgotten: it would be delivered twice."""
    hands, job = held(world)
    away = world.runner._house.store = Away(world.store, 1)  # type: ignore[assignment]
    began = world.loop.time()
    world.run(wait(hands.settle(job, [Attempt(0, YES)])))

    assert world.loop.time() - began >= AGAIN_SECONDS
    assert away.times == 0
    assert world.queue == []


def test_a_reporter_that_fails_does_not_keep_the_row(world: QueueWorld) -> None:
    """A fault of ours in writing a report is logged, the row is settled."""

    class Broken:
        async def compose(self, letter: Any, told: Any) -> Any:
            raise RuntimeError("oops")

    hands, job = held(world)
    world.runner._house.reporter = Broken()
    world.run(wait(hands.settle(job, [Attempt(0, NO)])))

    assert world.queue == []
    assert any("queue.report_fault" in line for line in world.log)


def test_what_nobody_came_to_goes_back(world: QueueWorld) -> None:
    """Waiting, due now; perhaps for another destination."""
    hands, job = held(world)
    world.run(wait(hands.write_back(job, "via:x:25")))

    (row,) = world.queue[0].recipients
    assert (row.state, row.destination, row.due) == (QueueState.WAITING, "via:x:25", RECEIVED)


def test_renewing_finds_out_what_is_lost(world: QueueWorld) -> None:
    """A claim that was freed meanwhile is not begun."""
    hands, job = held(world)
    world.clock.advance(200)
    world.run(hands._renew(job))
    assert world.queue[0].recipients[0].due > RECEIVED + 300
    assert not job.is_lost
    world.clock.advance(10_000)
    world.run(world.store.commit(QueueAct(QueueAction.HOLD, ((job.letter.letter, 0),))))
    world.run(hands._renew(job))
    assert job.is_lost
