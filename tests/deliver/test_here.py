"""Letters that wait for room in a mailbox here."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.letters import letter

from posthouse.directory.residents import Resident
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.full import HERE
from posthouse.queue.letter import Incoming
from posthouse.store.contract import StoreFailure
from posthouse.store.values import AddAccount, Deliver, RemoveAccount, SetAccount, Why
from posthouse.store.values_queue import QueueAct, QueueAction
from queue_world import QueueWorld

ANN, BOB, CAT = 1, 2, 3
CAT_ADDRESS = "cat@example.org"


@pytest.fixture
def world() -> Iterator[QueueWorld]:
    """Bob has no room; Cat sends."""
    world = QueueWorld()
    world.run(
        world.store.commit(
            AddAccount("bob@example.org", "", 0, ()), AddAccount("cat@example.org", "", 0, ())
        )
    )
    world.run(world.store.commit(SetAccount(BOB, quota_octets=10)))
    yield world
    world.close()


def take(world: QueueWorld, size: int = 0) -> Incoming:
    """A letter for Ann and Bob."""
    made = letter("Hello", size=size)
    taken = Incoming(
        body=made.body,
        rendered=made.rendered,
        message_id=made.rendered.message_id,
        received=int(world.clock.now()),
        envelope=Envelope(
            sender="cat@example.org",
            recipients=(Recipient(address="ann@example.org"), Recipient(address="bob@example.org")),
        ),
        residents=(Resident("ann@example.org", (ANN,)), Resident("bob@example.org", (BOB,))),
    )
    world.run(world.intake.take(taken))
    return taken


def try_again(world: QueueWorld) -> None:
    """As `posthouse queue retry` does."""
    rows = tuple((one.letter, row.number) for one in world.queue for row in one.recipients)
    world.run(world.store.commit(QueueAct(QueueAction.RETRY, rows)))


def answers(world: QueueWorld) -> list[str]:
    return [row.answer for one in world.queue for row in one.recipients]


def test_it_waits_and_comes_once(world: QueueWorld) -> None:
    """Ann has it at once; Bob's row says why it waits; with room he has the same octets, and the
    trace tells all of it.
    """
    taken = take(world)
    (waiting,) = world.queue
    assert [(r.address, r.destination) for r in waiting.recipients] == [("bob@example.org", HERE)]
    assert world.inbox(ANN) == [taken.body.octets]
    world.runner.start()
    try_again(world)
    world.until(lambda: answers(world) == ["452 4.2.2 mailbox is full, try again later"])
    assert world.inbox(BOB) == []
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    try_again(world)
    world.until(lambda: not world.queue)
    assert world.inbox(BOB) == [taken.body.octets]
    assert len(world.inbox(ANN)) == 1
    stories = [row.stations for row in world.run(world.store.trace(taken.body.id))]
    assert b"no room" in b"".join(stories)
    assert any("queue.placed" in line for line in world.log)
    assert world.carrier.carried == []  # nobody outside was asked


def test_a_large_one_is_read_back_from_its_file(world: QueueWorld) -> None:
    """More than stays in the row of a body."""
    taken = take(world, size=200_000)
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    world.runner.start()
    try_again(world)
    world.until(lambda: not world.queue)
    assert world.run(world.store.account(BOB)).octets == taken.body.size


def test_an_account_that_went(world: QueueWorld) -> None:
    """The sender is told that there is no such mailbox."""
    take(world)
    world.run(world.store.commit(RemoveAccount(BOB)))
    world.runner.start()
    try_again(world)
    world.until(lambda: not world.queue)
    (report,) = world.inbox(CAT)
    assert b"Status: 5.1.1" in report


class Failing:
    """A store whose deliveries fail for a while, or for good."""

    def __init__(self, store: Any, why: Why, times: int) -> None:
        self._store = store
        self.why = why
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, *values: Any) -> Any:
        if self.times and any(isinstance(value, Deliver) for value in values):
            self.times -= 1
            raise StoreFailure(self.why, "for the test")
        return await self._store.commit(*values)


@pytest.mark.parametrize("why", [Why.AWAY, Why.OVER_QUOTA, Why.GONE])
def test_a_store_that_fails_loses_nothing(world: QueueWorld, why: Why) -> None:
    """The row stays, and is tried again."""
    take(world)
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    world.runner._house.store = Failing(world.store, why, 1)
    world.runner.start()
    try_again(world)
    world.until(lambda: [a[:1] for a in answers(world)] == ["4"])
    assert world.inbox(BOB) == []
    try_again(world)
    world.until(lambda: not world.queue)
    assert len(world.inbox(BOB)) == 1


def test_a_row_that_is_another_s_now(world: QueueWorld) -> None:
    """Whoever has it delivers it: no second copy, no report."""
    take(world)
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    failing = world.runner._house.store = Failing(world.store, Why.IN_USE, 1)
    world.runner.start()
    try_again(world)
    world.until(lambda: failing.times == 0)
    assert world.inbox(BOB) == []
    assert world.inbox(CAT) == []


def test_a_text_that_is_lost(world: QueueWorld) -> None:
    """It cannot be delivered: the sender is told."""

    async def octets(*_: object) -> bytes:
        raise KeyError

    take(world)
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    store = Failing(world.store, Why.AWAY, 0)
    store.octets = octets  # type: ignore[attr-defined]
    world.runner._house.store = store
    world.runner.start()
    try_again(world)
    world.until(lambda: len(world.inbox(CAT)) == 1)
    assert b"Status: 5.3.0" in world.inbox(CAT)[0]


def test_a_report_waits_for_room_too(world: QueueWorld) -> None:
    """The sender's own mailbox is full when he should be told: he is told later, and never twice;
    nothing is reported about a report.
    """
    world.run(world.store.commit(SetAccount(CAT, quota_octets=10)))
    take(world)
    world.run(world.store.commit(RemoveAccount(BOB)))
    world.runner.start()
    try_again(world)
    world.until(lambda: [r.address for q in world.queue for r in q.recipients] == [CAT_ADDRESS])
    assert world.inbox(CAT) == []
    world.run(world.store.commit(SetAccount(CAT, quota_octets=0)))
    try_again(world)
    world.until(lambda: not world.queue)
    (report,) = world.inbox(CAT)
    assert b"Status: 5.1.1" in report
