"""The writes that concern mail for elsewhere, as values. States and moves: docs/concepts/queue.md

A letter in the queue has one row a recipient. A row is claimed for a while; until then it is due
for nobody else, and after it for anybody, so that a worker that died loses nothing.
"""

from enum import IntEnum
from typing import Final

import msgspec

from posthouse.store.values_base import NewBody, Result, Value

QUEUE: Final = 0
"""Not an account: what a worker watches to hear that the queue has something new."""
FAR: Final = 2**53
"""The due time of what nobody shall try: held."""
ANSWER_CHARACTERS_MAX: Final = 1000


class QueueState(IntEnum):
    """Of one recipient's row. What is settled for good has no row any more."""

    WAITING = 0
    """May be claimed from its due time on."""
    TAKEN = 1
    """Claimed by its holder; from its due time on by anybody."""
    HELD = 2
    """By an administrator's word, until released."""


class QueueEnvelope(msgspec.Struct, frozen=True, array_like=True):
    """What MAIL said, as far as the next host must hear it."""

    body: str = "7BIT"
    """7BIT, 8BITMIME or BINARYMIME. RFC 6152, 3030"""
    smtputf8: bool = False
    envelope_id: str = ""
    """ENVID, still xtext. RFC 3461 4.4"""
    returns: str = ""
    """RET: FULL, HDRS or "". RFC 3461 4.3"""


class QueueTo(msgspec.Struct, frozen=True, array_like=True):
    """One recipient of a letter that enters the queue. With a holder it is claimed from the
    first moment, until `due`."""

    address: str
    destination: str
    """Where rows that travel together go: a domain, an address literal, or a fixed next host."""
    due: int
    holder: str = ""
    notify: tuple[str, ...] = ()
    original: str = ""
    """ORCPT, still xtext. RFC 3461 4.2"""


class Enqueue(Value, frozen=True, array_like=True, tag=True):
    """Keeps a letter for recipients elsewhere. Result: `Done`. Fails: EXISTS (the letter's id).

    `new_body` None: the body is kept by another value of this unit, or long since.
    """

    letter: bytes
    owner: int
    """The account that sent it; 0: the site."""
    body: bytes
    size: int
    new_body: NewBody | None
    sender: str
    message_id: str
    envelope: QueueEnvelope
    accepted: int
    attend: int
    """When somebody must look at it although nothing happened: delay warning, end of patience."""
    recipients: tuple[QueueTo, ...]


class QueueRecipient(msgspec.Struct, frozen=True, array_like=True):
    """One recipient's row as it is now."""

    number: int
    """Within the letter, from 0."""
    address: str
    destination: str
    state: int
    """A `QueueState`."""
    due: int
    attempts: int
    answer: str
    """What the other side said last, "" before the first attempt."""
    holder: str
    notify: tuple[str, ...]
    original: str


class QueueLetter(msgspec.Struct, frozen=True, array_like=True):
    """A letter of the queue with some or all of its recipients."""

    letter: bytes
    owner: int
    body: bytes
    size: int
    sender: str
    message_id: str
    envelope: QueueEnvelope
    accepted: int
    attend: int
    recipients: tuple[QueueRecipient, ...]


class ClaimQueue(Value, frozen=True, array_like=True, tag=True):
    """Takes rows of a destination that are due, those due longest first. Result: `QueueClaimed`."""

    destination: str
    holder: str
    until: int
    rows_max: int


class ClaimAged(Value, frozen=True, array_like=True, tag=True):
    """Takes letters whose `attend` has come, with all their rows that nobody holds; the letters
    are looked at again at `until`, those held by an administrator when they are released. Result:
    `QueueClaimed`."""

    holder: str
    until: int
    letters_max: int


class QueueClaimed(Result, frozen=True, array_like=True, tag=True):
    """What is the holder's now. `more`: as many as were asked for, so there may be more."""

    letters: tuple[QueueLetter, ...]
    more: bool


class Settlement(IntEnum):
    """What becomes of a row."""

    AGAIN = 0
    """Waits until `due`."""
    DELIVERED = 1
    """Goes. True whoever holds it: the next host has the letter."""
    FAILED = 2
    """Goes."""
    KEPT = 3
    """Stays the holder's, until `due`."""


class Settled(msgspec.Struct, frozen=True, array_like=True):
    """One row's turn."""

    letter: bytes
    number: int
    what: int
    """A `Settlement`."""
    due: int = 0
    attempts: int = 0
    answer: str = ""
    destination: str = ""
    """"" leaves it."""


class Settle(Value, frozen=True, array_like=True, tag=True):
    """What became of rows. A letter without rows goes with its last one. Result: `Done`.

    Fails with GONE when a row is not there and with IN_USE when it is not the holder's (any more);
    "" is the holder of rows that wait or are held. DELIVERED never fails.
    """

    holder: str
    rows: tuple[Settled, ...]
    attend: tuple[tuple[bytes, int], ...] = ()
    """Letters and when they must be looked at next."""


class PauseQueue(Value, frozen=True, array_like=True, tag=True):
    """No row of this destination is offered before `until`. 0 failures: it is well. Result:
    `Done`."""

    destination: str
    until: int
    failures: int
    answer: str = ""


class QueueAction(IntEnum):
    """What an administrator can do to rows."""

    HOLD = 0
    RELEASE = 1
    RETRY = 2
    """Due now, and its destination too."""
    DROP = 3
    """Goes; nobody is told."""


class QueueAct(Value, frozen=True, array_like=True, tag=True):
    """Acts on rows (letter, number) that nobody holds; the others are passed over. Result:
    `QueueActed`."""

    action: QueueAction
    rows: tuple[tuple[bytes, int], ...]


class QueueActed(Result, frozen=True, array_like=True, tag=True):
    """How many rows it was done to."""

    rows: int


class FreeQueue(Value, frozen=True, array_like=True, tag=True):
    """All rows of holders whose name begins so are due now: whoever held them is dead. Result:
    `QueueActed`."""

    holders: str


class QueueDestination(msgspec.Struct, frozen=True, array_like=True):
    """A destination that has rows."""

    destination: str
    wake: int
    """When it is worth claiming; never later than the first row is due and the pause over."""
    pause: int
    failures: int
    answer: str


class QueueCounts(msgspec.Struct, frozen=True, array_like=True):
    """For `status`."""

    letters: int
    waiting: int
    taken: int
    held: int
    destinations: int


QueueValue = Enqueue | ClaimQueue | ClaimAged | Settle | PauseQueue | QueueAct | FreeQueue
QueueResult = QueueClaimed | QueueActed
