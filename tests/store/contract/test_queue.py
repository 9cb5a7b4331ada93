"""The queue on every engine: rows, claims, what becomes of them. docs/concepts/queue.md"""

import pytest
from tests.letters import RECEIVED, letter
from tests.queue_rows import ATTEND, queued
from tests.store.engines import Engine

from posthouse.store.values import INBOX, Place, Subscribe, Why
from posthouse.store.values_queue import (
    FAR,
    QUEUE,
    ClaimAged,
    ClaimQueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueAction,
    QueueClaimed,
    QueueCounts,
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    QueueTo,
    Settle,
    Settled,
    Settlement,
)

UNTIL = RECEIVED + 300


def listed(engine: Engine) -> list[QueueLetter]:
    """All of the queue."""
    found: list[QueueLetter] = engine.run(engine.store.queue_list(limit=10_000))
    return found


def rows(engine: Engine) -> list[QueueRecipient]:
    """All recipients."""
    return [row for each in listed(engine) for row in each.recipients]


def claim(engine: Engine, holder: str = "w0", *, most: int = 100) -> QueueClaimed:
    """What is due for example.net."""
    until = int(engine.clock.now()) + 300
    claimed: QueueClaimed = engine.one(ClaimQueue("example.net", holder, until, most))
    return claimed


def due(engine: Engine, at: int = -1) -> list[str]:
    """Destinations that are due."""
    now = int(engine.clock.now()) if at < 0 else at
    return [found.destination for found in engine.run(engine.store.queue_due(now))]


def test_a_letter_is_in_the_queue_as_it_came(engine: Engine) -> None:
    """Everything that the next host must hear comes back, and the octets can be read."""
    made = letter()
    envelope = QueueEnvelope("8BITMIME", True, "abc", "HDRS")
    enqueued = queued("bob@example.net", "eve@example.com", made=made, envelope=envelope)
    wishes = QueueTo("x@example.net", "example.net", RECEIVED, "", ("SUCCESS",), "rfc822;x@y")
    enqueued = type(enqueued)(
        enqueued.letter, 7, *[getattr(enqueued, f) for f in enqueued.__struct_fields__[2:-1]],
        (*enqueued.recipients, wishes),
    )  # fmt: skip
    engine.one(enqueued)

    (found,) = listed(engine)

    assert found == engine.run(engine.store.queue_letter(made.body.id))
    assert (found.owner, found.sender, found.envelope) == (7, "ann@example.org", envelope)
    assert (found.size, found.message_id) == (made.body.size, made.rendered.message_id)
    assert (found.accepted, found.attend) == (RECEIVED, ATTEND)
    assert [r.address for r in found.recipients] == [
        "bob@example.net", "eve@example.com", "x@example.net",
    ]  # fmt: skip
    last = found.recipients[2]
    assert (last.notify, last.original) == (("SUCCESS",), "rfc822;x@y")
    assert (last.state, last.due, last.attempts, last.answer) == (0, RECEIVED, 0, "")
    assert engine.run(engine.store.octets(found.body)) == made.octets
    assert engine.run(engine.store.queue_letter(b"?" * 16)) is None


def test_local_and_outside_recipients_stand_or_fall_together(engine: Engine) -> None:
    """One unit holds both; the octets are given once."""
    account = engine.account()
    made = letter()
    outside = queued(made=made, keeps_body=False)
    refused = engine.refused(
        outside, made.deliver(Place(account, INBOX)), Subscribe(99, "x", subscribed=True)
    )
    assert refused is Why.GONE
    assert listed(engine) == []

    engine.do(made.deliver(Place(account, INBOX)), outside)

    assert engine.uids(account, INBOX) == [1]
    assert len(listed(engine)) == 1
    assert engine.refused(outside) is Why.EXISTS


def test_a_claim_takes_what_is_due_longest(engine: Engine) -> None:
    """Rows of the destination alone, the oldest first, put together by letter."""
    first = queued("a@example.net", "b@example.net", "c@example.com", due=RECEIVED - 5)
    second = queued("d@example.net", due=RECEIVED - 9)
    third = queued("e@example.net", due=RECEIVED + 1)
    engine.do(first, second, third)

    claimed = claim(engine, most=3)

    assert [each.letter for each in claimed.letters] == [second.letter, first.letter]
    assert claimed.more
    assert [r.address for each in claimed.letters for r in each.recipients] == [
        "d@example.net", "a@example.net", "b@example.net",
    ]  # fmt: skip
    (row,) = claimed.letters[0].recipients
    assert (row.state, row.due, row.holder) == (QueueState.TAKEN, UNTIL, "w0")
    assert claim(engine) == QueueClaimed((), False)
    engine.clock.advance(1)
    assert len(claim(engine).letters) == 1


def test_a_claim_that_is_over_is_anybodys(engine: Engine) -> None:
    """Who took a row and died loses it; his late word does not count, but a delivery does."""
    engine.one(queued("a@example.net", "b@example.net", "c@example.net"))
    (mine,) = claim(engine).letters
    engine.clock.advance(300)
    (theirs,) = claim(engine, "w1").letters
    assert len(theirs.recipients) == 3

    late = [Settled(mine.letter, n, what, 0) for n, what in enumerate(Settlement)]
    assert engine.refused(Settle("w0", (late[0],))) is Why.IN_USE
    assert engine.refused(Settle("w0", (Settled(mine.letter, 1, Settlement.FAILED),))) is Why.IN_USE
    assert engine.refused(Settle("w0", (Settled(mine.letter, 2, Settlement.KEPT),))) is Why.IN_USE
    engine.one(Settle("w0", (late[1],)))
    engine.one(Settle("w1", (Settled(mine.letter, 1, Settlement.DELIVERED),)))
    assert engine.refused(Settle("w1", (Settled(mine.letter, 1, Settlement.FAILED),))) is Why.GONE
    assert [row.number for row in rows(engine)] == [0, 2]


def test_what_becomes_of_rows(engine: Engine) -> None:
    """Again, delivered, failed and kept, in one unit; the letter goes with its last row."""
    enqueued = queued(*[f"{n}@example.net" for n in range(4)])
    engine.one(enqueued)
    claim(engine)
    key = enqueued.letter
    later = RECEIVED + 900

    engine.one(
        Settle(
            "w0",
            (
                Settled(key, 0, Settlement.AGAIN, later, 1, "451 4.2.0 later", "example.com"),
                Settled(key, 1, Settlement.DELIVERED),
                Settled(key, 2, Settlement.FAILED),
                Settled(key, 3, Settlement.KEPT, later),
            ),
            ((key, later + 7),),
        )
    )

    again, kept = rows(engine)
    assert (again.state, again.due, again.attempts, again.holder) == (0, later, 1, "")
    assert (again.answer, again.destination) == ("451 4.2.0 later", "example.com")
    assert (kept.state, kept.due, kept.holder) == (QueueState.TAKEN, later, "w0")
    assert listed(engine)[0].attend == later + 7
    engine.one(Settle("w0", (Settled(key, 3, Settlement.DELIVERED),)))
    engine.one(Settle("", (Settled(key, 0, Settlement.FAILED),)))
    assert listed(engine) == []
    assert engine.run(engine.store.queue_letter(key)) is None


def test_destinations_that_are_due(engine: Engine) -> None:
    """Those with rows to claim, longest due first, page by page; a claim that finds none ends
    it."""
    for name, at in (("c", 5), ("a", 3), ("b", 4), ("d", 900)):
        engine.one(queued(f"x@{name}.example", due=RECEIVED - 10 + at))
    now = RECEIVED

    assert due(engine) == ["a.example", "b.example", "c.example"]
    page = engine.run(engine.store.queue_due(now, (RECEIVED - 7, "a.example"), 1))
    assert [found.destination for found in page] == ["b.example"]
    assert engine.run(engine.store.queue_next(now)) == RECEIVED + 890
    for name in "abc":
        engine.one(ClaimQueue(f"{name}.example", "w0", UNTIL, 10))
    assert due(engine) == []
    assert engine.run(engine.store.queue_next(now)) == UNTIL
    engine.one(ClaimQueue("nowhere.example", "w0", UNTIL, 10))


def test_a_destination_is_forgotten_with_its_last_row(engine: Engine) -> None:
    """After the rows are gone the first claim finds that out."""
    enqueued = queued(holder="w0", due=UNTIL)
    engine.one(enqueued)
    assert due(engine) == []
    engine.one(Settle("w0", (Settled(enqueued.letter, 0, Settlement.DELIVERED),)))
    engine.clock.advance(300)
    assert due(engine) == ["example.net"]

    assert claim(engine) == QueueClaimed((), False)
    assert engine.run(engine.store.queue_destination("example.net")) is None
    assert engine.run(engine.store.queue_next(0)) is None


def test_a_pause_covers_old_and_new_rows(engine: Engine) -> None:
    """A destination that does not answer is left alone until the pause is over."""
    engine.one(queued())
    engine.one(PauseQueue("example.net", RECEIVED + 60, 3, "no route"))
    assert due(engine) == []
    engine.one(queued())
    assert due(engine) == []
    found = engine.run(engine.store.queue_destination("example.net"))
    assert (found.pause, found.failures, found.answer) == (RECEIVED + 60, 3, "no route")
    assert engine.run(engine.store.queue_next(RECEIVED)) == RECEIVED + 60
    engine.clock.advance(60)
    assert due(engine) == ["example.net"]

    engine.one(PauseQueue("example.net", RECEIVED + 99, 4))
    engine.one(PauseQueue("example.net", 0, 0))
    assert due(engine) == ["example.net"]
    engine.one(PauseQueue("nowhere.example", RECEIVED + 99, 4))
    assert engine.run(engine.store.queue_destination("nowhere.example")) is None


def test_aged_letters_are_claimed_whole(engine: Engine) -> None:
    """When its time has come a letter is claimed with every row that nobody holds."""
    old = queued("a@example.net", "b@example.com", "c@example.org", attend=RECEIVED, due=UNTIL)
    young = queued(attend=RECEIVED + 1, due=UNTIL + 5)
    engine.do(old, young)
    engine.clock.advance(0)
    assert engine.run(engine.store.queue_next(RECEIVED)) == RECEIVED + 1
    engine.one(QueueAct(QueueAction.RETRY, ((old.letter, 1),)))
    engine.one(ClaimQueue("example.com", "w1", UNTIL, 9))

    claimed = engine.one(ClaimAged("w0", UNTIL, 10))

    assert [each.letter for each in claimed.letters] == [old.letter]
    assert [r.number for r in claimed.letters[0].recipients] == [0, 2]
    assert not claimed.more
    assert engine.one(ClaimAged("w0", UNTIL, 10)).letters == ()
    engine.clock.advance(300)
    again = engine.one(ClaimAged("w0", UNTIL + 300, 1))
    assert again.more
    assert again.letters[0].letter == young.letter


def test_held_rows_wait_for_their_release(engine: Engine) -> None:
    """They are neither due nor aged; released, they are due at once and looked at again."""
    enqueued = queued(attend=RECEIVED)
    engine.one(enqueued)
    row = (enqueued.letter, 0)

    assert engine.one(QueueAct(QueueAction.HOLD, (row, (b"?" * 16, 0)))).rows == 1
    assert engine.one(QueueAct(QueueAction.HOLD, (row,))).rows == 0
    assert engine.one(QueueAct(QueueAction.RETRY, (row,))).rows == 0
    engine.clock.advance(10**7)
    assert claim(engine).letters == ()
    assert engine.one(ClaimAged("w0", 2**40, 10)).letters == ()
    assert listed(engine)[0].attend == FAR

    assert engine.one(QueueAct(QueueAction.RELEASE, (row,))).rows == 1
    assert engine.one(QueueAct(QueueAction.RELEASE, (row,))).rows == 0
    assert listed(engine)[0].attend == int(engine.clock.now())
    assert due(engine) == ["example.net"]
    assert len(claim(engine).letters) == 1


def test_an_administrator_acts_on_what_nobody_holds(engine: Engine) -> None:
    """Retry ends a row's and its destination's pause; drop ends the letter; a claimed row is left
    alone."""
    enqueued = queued("a@example.net", "b@example.net", due=RECEIVED + 999)
    engine.one(enqueued)
    engine.one(PauseQueue("example.net", RECEIVED + 5000, 9))
    first, second = (enqueued.letter, 0), (enqueued.letter, 1)

    assert engine.one(QueueAct(QueueAction.RETRY, (first,))).rows == 1
    assert due(engine) == ["example.net"]
    assert [r.number for each in claim(engine).letters for r in each.recipients] == [0]
    for action in QueueAction:
        assert engine.one(QueueAct(action, (first,))).rows == 0
    assert engine.one(QueueAct(QueueAction.DROP, (second,))).rows == 1
    engine.one(Settle("w0", (Settled(enqueued.letter, 0, Settlement.DELIVERED),)))
    assert listed(engine) == []


def test_rows_of_the_dead_are_freed(engine: Engine) -> None:
    """All that holders of one name held is due at once, and nobody else's."""
    engine.do(
        queued(holder="w1:aa", due=UNTIL), queued(holder="w1:bb", due=UNTIL),
        queued(holder="w10:aa", due=UNTIL), queued(due=UNTIL),
    )  # fmt: skip

    assert engine.one(FreeQueue("w1:")).rows == 2
    assert engine.one(FreeQueue("w1:")).rows == 0
    assert [row.holder for row in rows(engine)] == ["", "", "w10:aa", ""]
    assert len(claim(engine).letters) == 2


def test_the_queue_is_counted(engine: Engine) -> None:
    """Letters, rows in each state, destinations."""
    assert engine.run(engine.store.queue_counts()) == QueueCounts(0, 0, 0, 0, 0)
    held = queued()
    engine.do(queued("a@example.com", "b@example.net"), held, queued(holder="x", due=UNTIL))
    engine.one(QueueAct(QueueAction.HOLD, ((held.letter, 0),)))

    assert engine.run(engine.store.queue_counts()) == QueueCounts(3, 2, 1, 1, 2)


def test_the_queue_is_read_page_by_page(engine: Engine) -> None:
    """By id, so many letters after one."""
    ids = [queued() for _ in range(5)]
    engine.do(*ids)
    names = sorted(each.letter for each in ids)

    found = engine.run(engine.store.queue_list(names[1], 2))
    assert [each.letter for each in found] == names[2:4]


@pytest.mark.parametrize("holder", ["", "w0"])
def test_workers_hear_of_what_anybody_may_have(engine: Engine, holder: str) -> None:
    """A letter without a holder wakes who watches the queue; one that is claimed does not."""
    heard: list[int] = []
    other: list[int] = []
    account = engine.account()
    engine.store.watch(QUEUE, heard.append)
    engine.store.watch(account, other.append)

    engine.do(queued(holder=holder, due=UNTIL))
    engine.one(letter().deliver(Place(account, INBOX)))
    engine.settle(lambda: bool(other))

    assert bool(heard) is (holder == "")


def test_long_answers_are_cut(engine: Engine) -> None:
    """A remote's word cannot make a row large."""
    enqueued = queued()
    engine.one(enqueued)
    claim(engine)
    engine.one(Settle("w0", (Settled(enqueued.letter, 0, Settlement.AGAIN, UNTIL, 1, "x" * 5000),)))

    assert len(rows(engine)[0].answer) == 1000
