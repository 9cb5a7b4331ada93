"""What follows from an attempt: rows, and who is told. Pure. The table is in docs/concepts/queue.md

A 4xx waits, a 5xx ends, a 2xx ends well. Reports are for the sender, by his wishes (RFC 3461 4.1);
nobody is told about a letter that has none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from posthouse.queue.lane import Attempt
from posthouse.queue.schedule import expires_at, retry_at
from posthouse.queue.settings import QueueSettings
from posthouse.store.values_queue import QueueLetter, QueueRecipient, Settled, Settlement
from posthouse.wire.smtp.remote_replies import RemoteReply

TOO_MANY: Final = 452
"""Together with recipients that were taken: the rest goes at once. RFC 5321 4.5.3.1.10"""
EXPIRED_STATUS: Final = "4.4.7"
"""RFC 3463 3.5"""


class Action(Enum):
    """What a report says of a recipient. RFC 3464 2.3.3"""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient in a report."""

    recipient: QueueRecipient
    action: Action
    reply: RemoteReply
    host: str = ""
    tries_until: int = 0
    """Of a delay: when we will give up."""


@dataclass(slots=True)
class Decision:
    """Rows to be written, reports to be made."""

    rows: list[Settled] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def decide(
    letter: QueueLetter, attempts: Iterable[Attempt], settings: QueueSettings, now: float
) -> Decision:
    """After an attempt at some of the letter's recipients."""
    attempts = list(attempts)
    by_number = {row.number: row for row in letter.recipients}
    anybody = any(attempt.reply.is_positive for attempt in attempts)
    decision = Decision()
    for attempt in attempts:
        row, reply = by_number[attempt.number], attempt.reply
        if reply.is_positive:
            decision.rows.append(Settled(letter.letter, row.number, Settlement.DELIVERED))
            if attempt.is_relayed and "SUCCESS" in row.notify:
                decision.told.append(Told(row, Action.RELAYED, reply, attempt.host))
        elif reply.is_permanent or now >= expires_at(settings, letter):
            _fail(decision, letter, row, attempt)
        else:
            at_once = anybody and reply.code == TOO_MANY
            tries = row.attempts + 1
            due = int(now) if at_once else retry_at(settings, letter.letter, tries, now)
            decision.rows.append(
                Settled(
                    letter.letter,
                    row.number,
                    Settlement.AGAIN,
                    due=due,
                    attempts=tries,
                    answer=said_by(attempt.host, reply),
                )
            )
    return _heard(letter, decision)


def decide_aged(letter: QueueLetter, settings: QueueSettings, now: float) -> tuple[Decision, int]:
    """A letter that is looked at for its age alone, and when it wants to be looked at next."""
    decision = Decision()
    end = expires_at(settings, letter)
    if now >= end:
        for row in letter.recipients:
            last = row.answer or "it could not be delivered in time"
            _fail(
                decision, letter, row, Attempt(row.number, RemoteReply(451, EXPIRED_STATUS, last))
            )
        return _heard(letter, decision), end
    is_late = bool(letter.sender) and now >= letter.accepted + settings.warning_seconds
    for row in letter.recipients:
        decision.rows.append(
            Settled(
                letter.letter,
                row.number,
                Settlement.AGAIN,
                due=int(now),
                attempts=row.attempts,
                answer=row.answer,
            )
        )
        if is_late and (not row.notify or "DELAY" in row.notify):
            reply = RemoteReply(451, "4.4.7", row.answer or "the destination is out of reach")
            decision.told.append(Told(row, Action.DELAYED, reply, tries_until=end))
    return _heard(letter, decision), end if is_late else min(
        end, letter.accepted + int(settings.warning_seconds)
    )


def give_back(letter: QueueLetter, now: float, destination: str = "") -> list[Settled]:
    """Rows that were not tried: as they were, due at once."""
    return [
        Settled(
            letter.letter,
            row.number,
            Settlement.AGAIN,
            due=int(now),
            attempts=row.attempts,
            answer=row.answer,
            destination=destination,
        )
        for row in letter.recipients
    ]


def said_by(host: str, reply: RemoteReply) -> str:
    """The answer as it stands in the queue."""
    return f"{host}: {reply.said}" if host else reply.said


def _fail(decision: Decision, letter: QueueLetter, row: QueueRecipient, attempt: Attempt) -> None:
    decision.rows.append(Settled(letter.letter, row.number, Settlement.FAILED))
    if not row.notify or "FAILURE" in row.notify:
        decision.told.append(Told(row, Action.FAILED, attempt.reply, attempt.host))


def _heard(letter: QueueLetter, decision: Decision) -> Decision:
    """RFC 5321 4.5.5, 6.1: nothing is reported about what has no sender."""
    if not letter.sender:
        decision.told.clear()
    return decision
