"""Leases, the trace and the figures for `status`, on every engine."""

from tests.letters import RECEIVED, letter
from tests.store.engines import Engine

from posthouse.store.contract import TraceRow
from posthouse.store.values import INBOX, DropLease, Note, Place, TakeLease, Why

DAY = 86_400


def test_a_lease_has_one_holder(engine: Engine) -> None:
    """What one holds no other gets, until it is given back."""
    now = int(engine.clock.now())
    engine.one(TakeLease("pop3:1", "me", now + 60))

    assert engine.refused(TakeLease("pop3:1", "you", now + 60)) is Why.IN_USE
    engine.one(TakeLease("pop3:2", "you", now + 60))
    engine.one(DropLease("pop3:1", "you"))
    assert engine.refused(TakeLease("pop3:1", "you", now + 60)) is Why.IN_USE
    engine.one(DropLease("pop3:1", "me"))
    engine.one(TakeLease("pop3:1", "you", now + 60))
    engine.one(DropLease("never taken", "me"))


def test_a_lease_ends_by_itself(engine: Engine) -> None:
    """After its time it is free, and the former holder has lost it."""
    now = int(engine.clock.now())
    engine.one(TakeLease("x", "me", now + 60))
    engine.clock.advance(59)
    assert engine.refused(TakeLease("x", "you", now + 200)) is Why.IN_USE
    engine.clock.advance(2)

    engine.one(TakeLease("x", "you", now + 200))
    assert engine.refused(TakeLease("x", "me", now + 200)) is Why.IN_USE


def test_a_holder_may_go_on(engine: Engine) -> None:
    """The holder takes it again with another end, later or sooner."""
    now = int(engine.clock.now())
    engine.one(TakeLease("x", "me", now + 60))
    engine.one(TakeLease("x", "me", now + 600))
    engine.clock.advance(300)
    assert engine.refused(TakeLease("x", "you", now + 900)) is Why.IN_USE
    engine.one(TakeLease("x", "me", now + 301))
    engine.clock.advance(5)
    engine.one(TakeLease("x", "you", now + 900))


def test_a_trace_is_found_by_letter(engine: Engine) -> None:
    """Rows of a letter come back as written, in the order of their time, whatever day."""
    rows = [
        TraceRow(b"a" * 16, RECEIVED + number * DAY, "m@x", bytes([number])) for number in range(3)
    ]
    for row in rows:
        engine.one(Note(row.letter, row.written, row.message_id, row.stations))
    engine.one(Note(b"b" * 16, RECEIVED, "other@x", b""))

    assert engine.run(engine.store.trace(b"a" * 16)) == rows
    assert engine.run(engine.store.trace(b"c" * 16)) == []


def test_two_rows_of_one_moment(engine: Engine) -> None:
    """A letter may have two rows of the same second."""
    engine.do(Note(b"a" * 16, RECEIVED, "m@x", b"1"), Note(b"a" * 16, RECEIVED, "m@x", b"2"))

    assert [row.stations for row in engine.run(engine.store.trace(b"a" * 16))] == [b"1", b"2"]


def test_a_trace_is_found_by_message_id(engine: Engine) -> None:
    """Newest first, over all days, as many as asked for."""
    for number in range(4):
        engine.one(Note(bytes([number]) * 16, RECEIVED + number * DAY // 2, "m@x", b""))
    engine.one(Note(b"z" * 16, RECEIVED, "M@x", b""))

    found = engine.run(engine.store.trace_by_message_id("m@x"))
    assert [row.letter[0] for row in found] == [3, 2, 1, 0]
    found = engine.run(engine.store.trace_by_message_id("m@x", 2))
    assert [row.letter[0] for row in found] == [3, 2]
    assert engine.run(engine.store.trace_by_message_id("nobody@x")) == []


def test_a_note_rides_with_the_next_commit(engine: Engine) -> None:
    """What was noted can be read once the next unit is committed."""
    account = engine.account()
    engine.store.note(Note(b"n" * 16, RECEIVED, "m@x", b"refused"))
    engine.one(letter().deliver(Place(account, INBOX)))
    seen: list[TraceRow] = []

    def arrived() -> bool:
        return bool(seen)

    async def look() -> None:
        seen.extend(await engine.store.trace(b"n" * 16))

    for _ in range(50):
        engine.run(look())
        if arrived():
            break
        engine.clock.advance(0.1)
        engine.one(letter().deliver(Place(account, INBOX)))
    assert [row.stations for row in seen] == [b"refused"]


def test_sizes_follow_the_mail(engine: Engine) -> None:
    """Accounts and letters are counted; octets are not less than the bodies'."""
    engine.account("ann")
    engine.account("bob")
    engine.one(letter(size=5000).deliver(Place(1, INBOX), Place(2, INBOX)))

    sizes = engine.run(engine.store.sizes())

    assert (sizes.accounts, sizes.letters) == (2, 2)
    assert sizes.body_octets >= 5000
