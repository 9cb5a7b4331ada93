"""NOTIFY=SUCCESS for people here."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.letters import letter

from posthouse.directory.residents import Resident
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.confirm import Confirmations
from posthouse.queue.intake import Intake
from posthouse.queue.letter import Incoming
from posthouse.store.contract import StoreFailure
from posthouse.store.values import AddAccount, SetAccount, Why
from queue_world import QueueWorld

ANN, BOB, CAT = 1, 2, 3
WANTS = ("SUCCESS", "FAILURE")


@pytest.fixture
def world() -> Iterator[QueueWorld]:
    world = QueueWorld()
    for name in ("bob", "cat"):
        world.run(world.store.commit(AddAccount(f"{name}@example.org", "", 0, ())))
    house = world.runner._house
    confirmations = Confirmations(
        store=world.store,
        reporter=house.reporter,
        local=house.local,
        outbound=world.runner,
        clock=world.clock,
        log=house.log,
    )
    world.intake = Intake(world.store, house.local, world.clock, world.runner, confirmations)
    world.runner._carrier._here.confirmations = confirmations  # type: ignore[attr-defined]
    yield world
    world.close()


def take(world: QueueWorld, sender: str = "cat@example.org", **notify: tuple[str, ...]) -> None:
    """For Ann and Bob, with these wishes."""
    made = letter()
    ann, bob = (
        Recipient(address=f"{n}@example.org", notify=notify.get(n, ()), original=f"rfc822;{n}")
        for n in ("ann", "bob")
    )
    world.run(
        world.intake.take(
            Incoming(
                body=made.body,
                rendered=made.rendered,
                message_id=made.rendered.message_id,
                received=int(world.clock.now()),
                envelope=Envelope(sender=sender, recipients=(ann, bob), envelope_id="Q1"),
                residents=(
                    Resident("ann@example.org", (ANN,)),
                    Resident("bob@example.org", (BOB,)),
                ),
            )
        )
    )


def test_who_asked_is_told(world: QueueWorld) -> None:
    """One report, of those recipients whose success was asked for. RFC 3461 5.2.1"""
    take(world, ann=WANTS, bob=("FAILURE",))
    (report,) = world.inbox(CAT)
    for line in (
        b"Original-Envelope-Id: Q1",
        b"Original-Recipient: rfc822; ann",
        b"Final-Recipient: rfc822; ann@example.org",
        b"Action: delivered",
        b"Status: 2.1.5",
    ):
        assert line + b"\r\n" in report
    assert (
        b"bob@example.org"
        not in report.partition(b"message/delivery-status")[2].partition(b"text/rfc822-headers")[0]
    )


def test_nobody_is_told_unasked(world: QueueWorld) -> None:
    """Without NOTIFY, with NEVER, without a sender."""
    take(world)
    take(world, ann=("NEVER",), bob=("DELAY",))
    take(world, sender="", ann=WANTS)
    assert world.inbox(CAT) == []
    assert world.queue == []


def test_a_sender_elsewhere_is_told_by_the_queue(world: QueueWorld) -> None:
    """The report is a letter like others."""
    take(world, sender="eve@far.example", ann=WANTS)
    world.until(lambda: ("far.example", "eve@far.example") in world.carrier.carried)


def test_who_waits_for_room_is_not_yet_told_of(world: QueueWorld) -> None:
    """Bob's success is reported when he has it, not before."""
    world.run(world.store.commit(SetAccount(BOB, quota_octets=1)))
    take(world, ann=WANTS, bob=WANTS)
    (report,) = world.inbox(CAT)
    assert b"Final-Recipient: rfc822; bob" not in report
    world.run(world.store.commit(SetAccount(BOB, quota_octets=0)))
    world.runner.start()
    world.clock.advance(100_000)
    world.until(lambda: len(world.inbox(CAT)) == 2)
    assert b"Final-Recipient: rfc822; bob@example.org" in world.inbox(CAT)[1]
    assert len(world.inbox(BOB)) == 1


def test_a_sender_without_room_is_told_later(world: QueueWorld) -> None:
    """His report waits in the queue."""
    world.run(world.store.commit(SetAccount(CAT, quota_octets=1)))
    take(world, ann=WANTS)
    assert world.inbox(CAT) == []
    assert [r.address for q in world.queue for r in q.recipients] == ["cat@example.org"]


def test_a_report_that_cannot_be_kept_costs_nothing_else(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter was taken, and stays so."""
    keep, count = world.store.commit, 0

    async def commit(*values: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise StoreFailure(Why.AWAY, "for the test")
        return await keep(*values)

    monkeypatch.setattr(world.store, "commit", commit)
    take(world, ann=WANTS)
    assert len(world.inbox(ANN)) == 1
    assert world.inbox(CAT) == []
    assert any("queue.report_lost" in line for line in world.log)
