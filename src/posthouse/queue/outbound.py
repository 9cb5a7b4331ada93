"""Rows of the queue for a letter's recipients elsewhere, and for those here who are late. Pure."""

from collections.abc import Callable

from posthouse.queue.full import HERE
from posthouse.queue.letter import Incoming
from posthouse.queue.route import Routes
from posthouse.queue.schedule import first_look, retry_at
from posthouse.queue.settings import QueueSettings
from posthouse.store.values_queue import (
    Enqueue,
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    QueueTo,
)

Claim = Callable[[str], tuple[str, int] | None]
"""For a destination: who has its rows at once and until when; None: nobody."""


def rows_of(
    letter: Incoming, *, routes: Routes, settings: QueueSettings, now: int, claim: Claim
) -> Enqueue:
    """What keeps the letter for them."""
    envelope = letter.envelope
    recipients = []
    for recipient in letter.outside:
        destination = routes.destination(recipient.address)
        holder, due = (claim(destination) if destination else None) or ("", now)
        recipients.append(
            QueueTo(
                address=recipient.address,
                destination=destination,
                due=due,
                holder=holder,
                notify=recipient.notify,
                original=recipient.original,
            )
        )
    due = retry_at(settings, letter.body.id, 1, now)  # there was a try just now
    recipients += [
        QueueTo(
            address=recipient.address,
            destination=HERE,
            due=due,
            notify=recipient.notify,
            original=recipient.original,
        )
        for recipient in letter.late
    ]
    return Enqueue(
        letter=letter.body.id,
        owner=letter.owner,
        body=letter.body.id,
        size=letter.body.size,
        new_body=None if letter.residents else letter.body,
        sender=envelope.sender,
        message_id=letter.message_id,
        envelope=QueueEnvelope(
            envelope.body, envelope.smtputf8, envelope.envelope_id, envelope.returns
        ),
        accepted=letter.received,
        attend=first_look(settings, envelope.sender, letter.received),
        recipients=tuple(recipients),
    )


def claimed_part(plan: Enqueue, numbers: list[int]) -> QueueLetter:
    """What a claim of these rows would have given."""
    rows = tuple(
        QueueRecipient(
            number=number,
            address=(to := plan.recipients[number]).address,
            destination=to.destination,
            state=QueueState.TAKEN,
            due=to.due,
            attempts=0,
            answer="",
            holder=to.holder,
            notify=to.notify,
            original=to.original,
        )
        for number in numbers
    )
    return QueueLetter(
        plan.letter, plan.owner, plan.body, plan.size, plan.sender, plan.message_id,
        plan.envelope, plan.accepted, plan.attend, rows,
    )  # fmt: skip


class Unclaimed:
    """The port `queue.intake.Outbound` of somebody who carries nothing himself: a command."""

    __slots__ = ("_routes", "_settings")

    def __init__(self, routes: Routes, settings: QueueSettings) -> None:
        self._routes = routes
        self._settings = settings

    def plan(self, letter: Incoming) -> Enqueue:
        return rows_of(
            letter,
            routes=self._routes,
            settings=self._settings,
            now=letter.received,
            claim=lambda _: None,
        )

    def committed(self, plan: Enqueue, letter: Incoming) -> None:
        """The bus tells the workers."""
