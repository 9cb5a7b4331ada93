"""The queue of a worker: what is tried when, and that nothing is lost or done twice."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from posthouse.queue.lane import Session
from posthouse.queue.runner import LANE_JOBS_MAX
from posthouse.store.contract import StoreFailure
from posthouse.store.values import AddAccount, Deliver, SetAccount, Why
from posthouse.store.values_queue import (
    ClaimQueue,
    QueueAct,
    QueueAction,
    QueueState,
)
from queue_world import LATER, NO, NOT_THERE, YES, QueueWorld


@pytest.fixture
def world() -> Iterator[QueueWorld]:
    world = QueueWorld()
    world.runner.start()
    yield world
    world.close()


def test_a_letter_goes_at_once(world: QueueWorld) -> None:
    """It is the worker's from the promise on, goes without being claimed, and leaves nothing."""
    world.take("bob@example.net", "eve@example.net", "joe@example.com")
    world.until(lambda: not world.queue)

    assert sorted(world.carrier.carried) == [
        ("example.com", "joe@example.com"), ("example.net", "bob@example.net"),
    ]  # fmt: skip
    assert world.inbox() == []
    world.until(lambda: world.runner.is_idle)
    assert world.metrics.total("recipients_relayed_total") == 3
    assert world.metrics.total("queue_jobs") == 0


def test_what_waits_in_the_store_is_found(world: QueueWorld) -> None:
    """Letters that nobody holds are claimed, whoever put them there."""
    world.runner.shut_down()
    for number in range(5):
        world.take(f"r{number}@d{number % 2}.example")
    assert [r.state for letter in world.queue for r in letter.recipients] == [0] * 5
    runner = world.another("w1:")
    runner.start()
    world.until(lambda: not world.queue)

    assert len(world.carrier.carried) == 5
    world.run(runner.close())


def test_two_looks_that_are_due_at_once() -> None:
    """A look that is asked for while another one is due now is the same look, on uvloop too: it
    has handles for what is due at once that tell no time."""
    world = QueueWorld(new_loop=uvloop.new_event_loop)
    world.runner.start()
    world.loop.call_later(0.2, world.runner._look_soon, 0.0)
    world.loop.call_later(0.2, world.runner._look_soon, 0.0)
    faults: list[object] = []
    world.loop.set_exception_handler(lambda loop, context: faults.append(context))
    world.run(asyncio.sleep(0.3))
    world.close()

    assert faults == []


def test_a_later_is_tried_again_by_the_schedule(world: QueueWorld) -> None:
    """Not before its time, and with its attempts counted."""
    world.carrier.replies["example.net"] = [LATER, YES]
    world.take("bob@example.net")
    world.until(lambda: bool(world.queue) and world.queue[0].recipients[0].attempts == 1)
    (row,) = world.queue[0].recipients
    assert row.answer == "mx.example: 451 4.2.1 later"
    assert row.due >= world.clock.now() + 300
    assert len(world.carrier.carried) == 1

    world.clock.advance(row.due - world.clock.now())
    world.run(world.store.commit(QueueAct(QueueAction.HOLD, ())))
    world.take("other@example.com")
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert [d for d, _ in world.carrier.carried].count("example.net") == 2


def test_a_refusal_is_reported_by_the_same_unit(world: QueueWorld) -> None:
    """The sender here has the report in his INBOX, the row is gone, a trace tells of it."""
    world.carrier.replies["example.net"] = [NO]
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    (report,) = world.inbox()
    assert b"Action: failed" in report
    assert b"550 5.1.1 nobody here" in report
    assert report.startswith(b"Return-Path: <>\r\n")


def test_a_report_for_elsewhere_goes_through_the_queue(world: QueueWorld) -> None:
    """And when it is refused too, nothing more is said."""
    world.carrier.replies["example.net"] = [NO]
    world.carrier.replies["sender.example"] = [NO]
    world.take("bob@example.net", sender="sam@sender.example")
    world.until(lambda: ("sender.example", "sam@sender.example") in world.carrier.carried)
    world.until(lambda: not world.queue)

    assert world.inbox() == []
    assert len(world.carrier.carried) == 2


def test_a_report_that_cannot_be_kept_does_not_keep_the_row(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault costs the report, not the queue."""
    keep = world.store.commit

    async def commit(*values: Any) -> Any:
        if any(isinstance(value, Deliver) for value in values):
            raise StoreFailure(Why.EXISTS, "for the test")
        return await keep(*values)

    monkeypatch.setattr(world.store, "commit", commit)
    world.carrier.replies["example.net"] = [NO]
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert world.inbox() == []
    assert any("queue.report_lost" in line for line in world.log)


def test_a_report_for_a_full_mailbox_waits(world: QueueWorld) -> None:
    """The failed row goes, the report has one of its own until there is room."""
    world.run(world.store.commit(SetAccount(1, quota_octets=1)))
    world.carrier.replies["example.net"] = [NO]
    world.take("bob@example.net")
    world.until(
        lambda: [r.address for q in world.queue for r in q.recipients] == ["ann@example.org"]
    )
    assert world.inbox() == []


def test_a_destination_that_is_out_of_reach_pauses_as_a_whole(world: QueueWorld) -> None:
    """One letter counts as tried; the others wait untouched; after the pause one session tries."""
    world.carrier.gate["dead.example"] = asyncio.Event()
    world.carrier.replies["dead.example"] = [NOT_THERE, YES]
    for number in range(6):
        world.take(f"r{number}@dead.example")
    world.carrier.gate["dead.example"].set()
    world.until(lambda: world.runner.is_idle)

    assert len(world.carrier.carried) == 1
    attempts = [row.attempts for letter in world.queue for row in letter.recipients]
    assert sorted(attempts) == [0, 0, 0, 0, 0, 1]
    found = world.run(world.store.queue_destination("dead.example"))
    assert (found.failures, found.answer) == (1, "451 4.4.1 no connection")
    world.take("late@dead.example")
    assert world.queue[-1].recipients[0].state == QueueState.WAITING
    assert len(world.carrier.carried) == 1

    world.clock.advance(found.pause - world.clock.now())
    world.runner._look_soon(0)
    world.until(lambda: len(world.queue) == 1)
    assert len(world.carrier.carried) == 7
    world.clock.advance(1000)
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)


def test_the_dead_do_not_delay_the_living() -> None:
    """With every connection of the dead hanging, a new destination is served at once."""
    world = QueueWorld(sessions_max=8)
    world.runner.start()
    hang = asyncio.Event()
    for number in range(6):
        world.carrier.gate[f"dead{number}.example"] = hang
        for letter in range(5):
            world.take(f"r{letter}@dead{number}.example")
    world.until(lambda: len(world.carrier.sessions) == 6)
    world.take("bob@living.example")
    world.until(lambda: ("living.example", "bob@living.example") in world.carrier.carried)
    assert len(world.carrier.sessions) == 7
    hang.set()
    world.until(lambda: not world.queue)
    world.close()


def test_connections_without_letters_make_room() -> None:
    """All that may be open stand idle, kept for another letter; a destination that has none gets
    one at once, and so do those behind it."""
    world = QueueWorld(sessions_max=4)
    world.carrier.idle_seconds = 60
    world.runner.start()
    for number in range(4):
        world.take(f"bob@idle{number}.example")
    world.until(lambda: len(world.runner._resting) == 4)
    for number in range(20):
        world.take(f"bob@new{number}.example")
    world.until(lambda: not world.queue)

    assert len(world.carrier.carried) == 24
    assert world.runner._sessions <= 4
    world.runner.shut_down()
    world.until(lambda: world.runner.is_idle)
    world.close()


def test_full_hands_forget_no_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a slow destination holds all letters that may be at hand another one gets no more of
    its own; as soon as there is room it is gone on with, without a word from the bus."""
    monkeypatch.setattr("posthouse.queue.runner.HELD_MAX", 2)
    world = QueueWorld(sessions_max=8, claim_rows_max=3)
    gate = world.carrier.gate["slow.example"] = asyncio.Event()
    for number in range(7):
        world.take(f"r{number}@{'slow' if number < 3 else 'quick'}.example")
    world.runner.start()
    world.until(lambda: world.runner._looked_at > 0)
    assert len(world.carrier.carried) == 1
    gate.set()
    world.until(lambda: not world.queue)

    assert {address.partition("@")[0] for _, address in world.carrier.carried} == {
        f"r{number}" for number in range(7)
    }
    world.close()


def test_a_worker_that_comes_after_frees_what_its_predecessor_held(world: QueueWorld) -> None:
    """kill -9 loses nothing and delays nothing."""
    world.carrier.gate["example.net"] = asyncio.Event()
    world.take("bob@example.net")
    world.until(lambda: len(world.carrier.carried) == 1)
    # As if it were dead: it never settles. Its successor has the same number.
    successor = world.another("w0:", "b")
    successor._carrier = type(world.carrier)()
    successor.start()
    world.until(lambda: not world.queue)

    assert successor._carrier.carried == [("example.net", "bob@example.net")]
    world.carrier.gate["example.net"].set()
    world.until(lambda: world.runner.is_idle)
    world.run(successor.close())


def test_a_claim_that_is_over_is_taken_over() -> None:
    """When a worker does not renew, another one takes its rows; the late word does no harm."""
    world = QueueWorld(lease_seconds=10_000)
    world.carrier.gate["example.net"] = asyncio.Event()
    world.carrier.replies["example.net"] = [NO, YES]
    world.runner.start()
    world.take("bob@example.net")
    world.until(lambda: len(world.carrier.carried) == 1)
    world.clock.advance(10_001)
    other = world.another("w1:")
    other._carrier = type(world.carrier)()
    other.start()
    world.until(lambda: not world.queue)
    world.carrier.gate["example.net"].set()
    world.until(lambda: world.runner.is_idle)

    assert world.inbox() == []
    assert any("queue.not_ours" in line for line in world.log)
    world.run(other.close())
    world.close()


def test_claims_are_renewed() -> None:
    """What a living worker has in hand stays its own."""
    world = QueueWorld(lease_seconds=2)
    world.runner.start()
    world.carrier.gate["example.net"] = asyncio.Event()
    world.take("bob@example.net")
    first = world.queue[0].recipients[0].due
    world.clock.advance(1)
    world.until(lambda: world.queue[0].recipients[0].due > first)
    world.carrier.gate["example.net"].set()
    world.until(lambda: not world.queue)
    world.close()


def test_a_fault_of_ours_keeps_the_letter(world: QueueWorld) -> None:
    """A carrier that raises costs an attempt and a line in the log."""
    world.carrier.replies["example.net"] = [RuntimeError("oops"), YES]
    world.take("bob@example.net")
    world.until(lambda: world.runner.is_idle)

    assert world.queue[0].recipients[0].attempts == 1
    assert any("relay.fault" in line for line in world.log)
    assert world.metrics.total("faults_total") == 1


def test_more_than_fits_into_hands_is_left_in_the_store(world: QueueWorld) -> None:
    """Hands have a limit; the rest is claimed as they get free."""
    world.carrier.gate["example.net"] = asyncio.Event()
    count = LANE_JOBS_MAX + 150
    for _ in range(count):
        world.take("bob@example.net")
    states = [row.state for letter in world.queue for row in letter.recipients]
    assert states.count(QueueState.WAITING) >= 140
    world.carrier.gate["example.net"].set()
    world.until(lambda: not world.queue, 15)

    assert len(world.carrier.carried) == count


def test_an_end_in_good_order(world: QueueWorld) -> None:
    """Sessions end with the letter they have; what was not begun waits for anybody."""
    world.carrier.gate["example.net"] = asyncio.Event()
    for _ in range(3):
        world.take("bob@example.net")
    world.until(lambda: len(world.carrier.carried) == 1)
    world.runner.shut_down()
    world.take("late@example.net")
    assert not world.runner.is_idle
    world.carrier.gate["example.net"].set()
    world.until(lambda: world.runner.is_idle)

    assert [row.state for letter in world.queue for row in letter.recipients] == [0, 0, 0]
    assert len(world.carrier.carried) == 1


def test_a_delay_is_told_once_and_the_end_too(world: QueueWorld) -> None:
    """After hours the sender hears of it, after days that it failed."""
    world.carrier.replies["dead.example"] = [NOT_THERE]
    world.take("bob@dead.example")
    world.until(lambda: world.runner.is_idle)
    world.clock.advance(14_400)
    world.runner._look_soon(0)
    world.until(lambda: len(world.inbox()) == 1)
    assert b"Action: delayed" in world.inbox()[0]
    world.until(lambda: world.runner.is_idle)
    world.clock.advance(3600)
    world.runner._look_soon(0)
    world.until(lambda: world.runner.is_idle)
    assert len(world.inbox()) == 1

    world.clock.advance(5 * 86_400)
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert len(world.inbox()) == 2
    assert b"Action: failed" in world.inbox()[1]


def test_an_address_that_is_none_fails(world: QueueWorld) -> None:
    """It has no destination, and is reported at once."""
    world.take("no address")
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert world.inbox(), world.log
    assert b"5.1.3" in world.inbox()[0]


def test_an_administrator_drops_what_is_being_tried(world: QueueWorld) -> None:
    """He cannot: a claimed row is left alone; and a claim never meets a held row."""
    world.carrier.gate["example.net"] = asyncio.Event()
    world.take("bob@example.net")
    row = (world.queue[0].letter, 0)
    (acted,) = world.run(world.store.commit(QueueAct(QueueAction.DROP, (row,))))
    assert acted.rows == 0
    (claimed,) = world.run(world.store.commit(ClaimQueue("example.net", "x", 2**40, 9)))
    assert claimed.letters == ()
    world.carrier.gate["example.net"].set()
    world.until(lambda: not world.queue)


def test_local_and_outside_in_one_letter(world: QueueWorld) -> None:
    """One unit: the INBOX here, the row for elsewhere."""
    world.run(world.store.commit(AddAccount("bob@example.org", "", 0, ())))
    letter = world.letter("eve@example.net")
    letter.residents = (world.run(world.directory.find("bob@example.org")),)
    world.run(world.intake.take(letter))
    assert len(world.inbox(2)) == 1
    world.until(lambda: not world.queue)
    assert world.carrier.carried == [("example.net", "eve@example.net")]


def test_an_end_just_when_a_session_was_to_begin(world: QueueWorld) -> None:
    """A session that never took its first step is no reason to wait, and its letter is given
    back."""

    async def take_and_end() -> None:
        await world.intake.take(world.letter("bob@example.net"))
        world.runner.shut_down()

    world.run(take_and_end())
    world.until(lambda: world.runner.is_idle)

    assert world.metrics.total("relay_sessions") == 0
    assert [r.holder for letter in world.queue for r in letter.recipients] == [""]


def test_an_end_just_when_a_letter_was_taken(world: QueueWorld) -> None:
    """What a host has said is written down, also when its session is cut in that moment: else the
    letter would go there again."""
    gate = world.carrier.gate["example.net"] = asyncio.Event()
    world.take("bob@example.net")
    world.until(lambda: bool(world.carrier.carried))
    gate.set()
    world.loop.call_soon(world.runner.shut_down)
    world.until(lambda: world.runner.is_idle)

    assert world.queue == []


def test_an_end_does_not_wait_for_the_dead(world: QueueWorld) -> None:
    """A session that has no letter yet, as one that waits for a greeting, is cut."""

    class Connecting:
        async def carry(self, session: Session) -> None:
            await asyncio.sleep(3600)

    world.runner._carrier = Connecting()
    world.take("bob@example.net")
    world.until(lambda: world.runner._sessions == 1)
    world.runner.shut_down()
    world.until(lambda: world.runner.is_idle)

    assert world.queue[0].recipients[0].state == QueueState.WAITING
