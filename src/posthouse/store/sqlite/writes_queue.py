"""The queue: who keeps a letter for elsewhere, who has taken it, what became of it.

A claimed row is due again when the claim is over, so one index says all there is to say about who
may have what. `queue_destination.wake` may be too early, never too late: the claim that finds
nothing mends it, so that the way of a letter that is delivered at once writes no row of it.
"""

from typing import Any, Final

import msgspec

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import Context
from posthouse.store.sqlite.database import Database
from posthouse.store.values import Done, Why
from posthouse.store.values_queue import (
    ANSWER_CHARACTERS_MAX,
    FAR,
    QUEUE,
    ClaimAged,
    ClaimQueue,
    Enqueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueActed,
    QueueAction,
    QueueClaimed,
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    Settle,
    Settled,
    Settlement,
)

FREE_STEP_ROWS: Final = 1000

_WAITING: Final = int(QueueState.WAITING)
_TAKEN: Final = int(QueueState.TAKEN)
_HELD: Final = int(QueueState.HELD)

_encode = msgspec.msgpack.Encoder().encode
_envelope: Final = msgspec.msgpack.Decoder(QueueEnvelope)
_wishes: Final = msgspec.msgpack.Decoder(tuple[tuple[str, ...], str])

_BODY: Final = (
    "INSERT INTO body (id, digest, size, octets) VALUES (?,?,?,?) ON CONFLICT (id) DO NOTHING"
)
_ROW: Final = "INSERT INTO queue_recipient VALUES (?,?,?,?,?,?,?,?,0,'')"
# Nothing is written when the destination wakes early enough already.
_WAKE: Final = (
    "INSERT INTO queue_destination VALUES (?1,?2,0,0,'') ON CONFLICT DO UPDATE"
    " SET wake=max(pause, ?2) WHERE wake>max(pause, ?2)"
)
LETTER_COLUMNS: Final = (
    "id, owner, body, size, sender, message_id, envelope, accepted, attend FROM queue_letter"
)
ROW_COLUMNS: Final = (
    "letter, number, address, destination, state, due, attempts, answer, holder, wishes"
    " FROM queue_recipient"
)


def enqueue(db: Database, value: Enqueue, context: Context) -> Done:
    """The body, the letter, a row a recipient."""
    if db.execute("SELECT 1 FROM queue_letter WHERE id=?", (value.letter,)).get is not None:
        raise StoreFailure(Why.EXISTS, "the letter is in the queue already")
    body = value.new_body
    if body is not None:
        db.execute(_BODY, (body.id, body.digest, body.size, body.octets))
    db.execute(
        "INSERT INTO queue_letter VALUES (?,?,?,?,?,?,?,?,?)",
        (
            value.letter,
            value.owner,
            value.body,
            value.size,
            value.sender,
            value.message_id,
            _encode(value.envelope),
            value.accepted,
            value.attend,
        ),
    )
    wakes: dict[str, int] = {}
    for number, to in enumerate(value.recipients):
        state = _TAKEN if to.holder else _WAITING
        wishes = _encode((to.notify, to.original))
        row = (value.letter, number, to.destination, to.due, state, to.holder, to.address, wishes)
        db.execute(_ROW, row)
        wakes[to.destination] = min(to.due, wakes.get(to.destination, to.due))
        if not to.holder:
            tell(context)
    for destination, due in wakes.items():
        db.execute(_WAKE, (destination, due))
    return Done()


def claim(db: Database, value: ClaimQueue, context: Context) -> QueueClaimed:
    """Rows in the order in which they were due, put together by letter."""
    found = db.execute(
        "SELECT letter, number FROM queue_recipient WHERE destination=? AND due<=?"
        " ORDER BY due, letter, number LIMIT ?",
        (value.destination, context.now, value.rows_max),
    ).fetchall()
    letters = _take(db, found, value.holder, value.until)
    _mend(db, value.destination)
    return QueueClaimed(letters, len(found) == value.rows_max)


def claim_aged(db: Database, value: ClaimAged, context: Context) -> QueueClaimed:
    """The letters that are looked at again, and what of them can be taken."""
    aged = db.execute(
        "SELECT id FROM queue_letter WHERE attend<=? ORDER BY attend, id LIMIT ?",
        (context.now, value.letters_max),
    ).fetchall()
    found: list[tuple[bytes, int]] = []
    for (letter,) in aged:
        rows = db.execute(
            "SELECT letter, number FROM queue_recipient WHERE letter=?"
            " AND (state=? OR state=? AND due<=?)",
            (letter, _WAITING, _TAKEN, context.now),
        ).fetchall()
        held_only = (
            not rows
            and db.execute(
                "SELECT 1 FROM queue_recipient WHERE letter=? AND state<>?", (letter, _HELD)
            ).get
            is None
        )
        attend = FAR if held_only else value.until
        db.execute("UPDATE queue_letter SET attend=? WHERE id=?", (attend, letter))
        found += rows
    return QueueClaimed(_take(db, found, value.holder, value.until), len(aged) == value.letters_max)


def settle(db: Database, value: Settle, context: Context) -> Done:
    """Row by row; a letter goes with its last row."""
    emptied: set[bytes] = set()
    for row in value.rows:
        if row.what == Settlement.DELIVERED:
            db.execute(
                "DELETE FROM queue_recipient WHERE letter=? AND number=?", (row.letter, row.number)
            )
            emptied.add(row.letter)
        elif _settle_row(db, value.holder, row, context):
            emptied.add(row.letter)
    for letter, attend in value.attend:
        db.execute("UPDATE queue_letter SET attend=? WHERE id=?", (attend, letter))
    for letter in emptied:
        _forget(db, letter, context)
    return Done()


def _settle_row(db: Database, holder: str, row: Settled, context: Context) -> bool:
    """True: the row has gone."""
    known = db.execute(
        "SELECT holder, destination FROM queue_recipient WHERE letter=? AND number=?",
        (row.letter, row.number),
    ).get
    if known is None:
        raise StoreFailure(Why.GONE, "the recipient is not in the queue any more")
    if known[0] != holder:
        raise StoreFailure(Why.IN_USE, "the recipient is another one's now")
    key = (row.letter, row.number)
    if row.what == Settlement.FAILED:
        db.execute("DELETE FROM queue_recipient WHERE letter=? AND number=?", key)
        return True
    if row.what == Settlement.KEPT:
        db.execute("UPDATE queue_recipient SET due=? WHERE letter=? AND number=?", (row.due, *key))
        return False
    destination = row.destination or known[1]
    answer = row.answer[:ANSWER_CHARACTERS_MAX]
    db.execute(
        "UPDATE queue_recipient SET state=?, due=?, holder='', attempts=?, answer=?, destination=?"
        " WHERE letter=? AND number=?",
        (_WAITING, row.due, row.attempts, answer, destination, *key),
    )
    db.execute(_WAKE, (destination, row.due))
    tell(context)
    return False


def pause(db: Database, value: PauseQueue, context: Context) -> Done:
    """Writes nothing when there is no such destination (any more)."""
    del context
    db.execute(
        "UPDATE queue_destination SET pause=?, failures=?, answer=? WHERE destination=?",
        (value.until, value.failures, value.answer[:ANSWER_CHARACTERS_MAX], value.destination),
    )
    _mend(db, value.destination)
    return Done()


def act(db: Database, value: QueueAct, context: Context) -> QueueActed:
    """Row by row: an administrator's work is in steps of some hundred."""
    done = 0
    for letter, number in value.rows:
        row = db.execute(
            "SELECT state, due, destination FROM queue_recipient WHERE letter=? AND number=?",
            (letter, number),
        ).get
        if row is None or (row[0] == _TAKEN and row[1] > context.now):
            continue
        if value.action == QueueAction.DROP:
            db.execute("DELETE FROM queue_recipient WHERE letter=? AND number=?", (letter, number))
            _forget(db, letter, context)
        elif (row[0] == _HELD) is (value.action == QueueAction.RELEASE):
            _act_on(db, value.action, (letter, number), row[2], context)
        else:
            continue
        done += 1
    return QueueActed(done)


def _act_on(
    db: Database, action: QueueAction, key: tuple[bytes, int], destination: str, context: Context
) -> None:
    is_hold = action == QueueAction.HOLD
    db.execute(
        "UPDATE queue_recipient SET state=?, due=?, holder='' WHERE letter=? AND number=?",
        (_HELD if is_hold else _WAITING, FAR if is_hold else context.now, *key),
    )
    if is_hold:
        return
    if action == QueueAction.RELEASE:
        db.execute(
            "UPDATE queue_letter SET attend=? WHERE id=? AND attend=?", (context.now, key[0], FAR)
        )
    else:
        db.execute(
            "UPDATE queue_destination SET pause=0, wake=? WHERE destination=?",
            (context.now, destination),
        )
    db.execute(_WAKE, (destination, context.now))
    tell(context)


def free(db: Database, value: FreeQueue, context: Context) -> QueueActed:
    """The rows of the dead, by the index of those that are taken."""
    done = 0
    while True:
        rows = db.execute(
            "SELECT letter, number, destination FROM queue_recipient"
            " WHERE state=1 AND holder>=? AND holder<? LIMIT ?",  # a literal: the index wants it
            (value.holders, value.holders + "\U0010ffff", FREE_STEP_ROWS),
        ).fetchall()
        for letter, number, destination in rows:
            db.execute(
                "UPDATE queue_recipient SET state=?, due=?, holder='' WHERE letter=? AND number=?",
                (_WAITING, context.now, letter, number),
            )
            db.execute(_WAKE, (destination, context.now))
        done += len(rows)
        if len(rows) < FREE_STEP_ROWS:
            return QueueActed(done)


def tell(context: Context) -> None:
    """Every worker shall look at the queue."""
    context.touched[QUEUE] = context.now


def _take(
    db: Database, rows: list[tuple[bytes, int]], holder: str, until: int
) -> tuple[QueueLetter, ...]:
    numbers: dict[bytes, list[int]] = {}
    for letter, number in rows:
        numbers.setdefault(letter, []).append(number)
    claimed = []
    for letter, mine in numbers.items():
        found = []
        for number in mine:
            found += db.execute(
                "UPDATE queue_recipient SET state=?, due=?, holder=? WHERE letter=? AND number=?"
                f" RETURNING {ROW_COLUMNS.partition(' FROM ')[0]}",
                (_TAKEN, until, holder, letter, number),
            ).fetchall()
        whole = db.execute(f"SELECT {LETTER_COLUMNS} WHERE id=?", (letter,)).get
        assert whole is not None, "a row of the queue has its letter"
        claimed.append(letter_of(whole, found))
    return tuple(claimed)


def _forget(db: Database, letter: bytes, context: Context) -> None:
    """A letter without rows goes."""
    left = db.execute("SELECT 1 FROM queue_recipient WHERE letter=? LIMIT 1", (letter,)).get
    if left is None:
        body = db.execute("DELETE FROM queue_letter WHERE id=? RETURNING body", (letter,)).get
        if body is not None:
            context.unnamed.append(body)


def _mend(db: Database, destination: str) -> None:
    """`wake` as the rows say; a destination without rows is forgotten."""
    due = db.execute("SELECT min(due) FROM queue_recipient WHERE destination=?", (destination,)).get
    if due is None:
        db.execute("DELETE FROM queue_destination WHERE destination=?", (destination,))
    else:
        db.execute(
            "UPDATE queue_destination SET wake=max(pause, ?1) WHERE destination=?2",
            (due, destination),
        )


def letter_of(columns: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> QueueLetter:
    """From LETTER_COLUMNS, and ROW_COLUMNS of each row."""
    letter, owner, body, size, sender, message_id, envelope, accepted, attend = columns
    recipients = tuple(_recipient_of(*row[1:]) for row in rows)
    return QueueLetter(
        letter, owner, body, size, sender, message_id, _envelope.decode(envelope), accepted,
        attend, recipients,
    )  # fmt: skip


def _recipient_of(
    number: int,
    address: str,
    destination: str,
    state: int,
    due: int,
    attempts: int,
    answer: str,
    holder: str,
    wishes: bytes,
) -> QueueRecipient:
    notify, original = _wishes.decode(wishes)
    return QueueRecipient(
        number, address, destination, state, due, attempts, answer, holder, notify, original
    )
