"""The states of a recipient in the queue and every move there is. docs/concepts/queue.md shows it.

Who may move: intake puts in, a worker claims and settles, the clock ends claims, a person holds,
releases, retries, drops and bounces. A row that is settled for good is gone; its trace tells of it.
"""

from enum import Enum
from typing import Final, NamedTuple

from posthouse.store.values_queue import QueueState

WAITING: Final = QueueState.WAITING
TAKEN: Final = QueueState.TAKEN
HELD: Final = QueueState.HELD


class Event(Enum):
    """What moves a row."""

    KEPT = "250 was promised, nobody has time or room now"
    HANDED = "250 was promised, the worker begins at once"
    CLAIMED = "due, and a worker takes it"
    LATER = "the next host said 4xx, or could not be reached; no room"
    DELIVERED = "the next host said 250 to the last dot, or there is room again"
    REFUSED = "the next host said 5xx"
    EXPIRED = "too old: nobody tries any longer"
    LOST = "the claim is over, or its worker was found dead"
    HELD = "posthouse queue hold"
    RELEASED = "posthouse queue release"
    RETRIED = "posthouse queue retry"
    DROPPED = "posthouse queue drop"
    BOUNCED = "posthouse queue bounce"


class Move(NamedTuple):
    """From where to where; None is outside the queue."""

    before: QueueState | None
    event: Event
    after: QueueState | None
    told: str
    """Who hears of it."""


NOBODY: Final = "nobody"
MOVES: Final = (
    Move(None, Event.KEPT, WAITING, "the client, by 250"),
    Move(None, Event.HANDED, TAKEN, "the client, by 250"),
    Move(WAITING, Event.CLAIMED, TAKEN, NOBODY),
    Move(TAKEN, Event.LATER, WAITING, "the sender, once, after a while"),
    Move(TAKEN, Event.DELIVERED, None, "the sender, if he asked"),
    Move(TAKEN, Event.REFUSED, None, "the sender"),
    Move(TAKEN, Event.EXPIRED, None, "the sender"),
    Move(TAKEN, Event.LOST, WAITING, NOBODY),
    Move(WAITING, Event.HELD, HELD, NOBODY),
    Move(HELD, Event.RELEASED, WAITING, NOBODY),
    Move(WAITING, Event.RETRIED, WAITING, NOBODY),
    Move(WAITING, Event.DROPPED, None, NOBODY),
    Move(HELD, Event.DROPPED, None, NOBODY),
    Move(WAITING, Event.BOUNCED, None, "the sender"),
    Move(HELD, Event.BOUNCED, None, "the sender"),
)


def state_table() -> str:
    """The moves as they stand in the documentation."""
    lines = ["| from | what happens | to | who is told |", "| --- | --- | --- | --- |"]
    for move in MOVES:
        before = "-" if move.before is None else move.before.name
        after = "gone" if move.after is None else move.after.name
        lines.append(f"| {before} | {move.event.value} | {after} | {move.told} |")
    return "\n".join(lines) + "\n"
