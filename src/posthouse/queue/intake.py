"""Turns an accepted letter into a promise: one unit of work, committed before anybody says 250.
RFC 5321 6.1

A letter for local people only goes to their mailboxes in this one commit. The plan for local
delivery is a port, filled by
`app.build`, so that doors never import `deliver`.
"""

from typing import Protocol

from posthouse.base.clock import Clock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.ids import id_text
from posthouse.queue.letter import Incoming
from posthouse.queue.trace import Station, pack
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.values import Deliver, Delivered, Note, Why


class LocalDelivery(Protocol):
    """Where a letter for local people goes. Pure: a letter in, a value out."""

    def plan(self, letter: Incoming) -> Deliver: ...


class Intake:
    """The one way from a door into the store."""

    __slots__ = ("_clock", "_local", "_store")

    def __init__(self, store: Store, local: LocalDelivery, clock: Clock) -> None:
        self._store = store
        self._local = local
        self._clock = clock

    async def take(self, letter: Incoming) -> str:
        """Durable when this returns; gives the text behind 250. Raises Refusal, and then nothing
        was kept."""
        plan = self._local.plan(letter)
        stations = letter.stations
        now = self._clock.now()
        stations.append(
            Station(
                int(now * 1000),
                "deliver",
                "local",
                tuple(("place", f"{p.account}/{p.mailbox}") for p in plan.places),
            )
        )
        note = Note(letter.body.id, int(now), letter.rendered.message_id, pack(stations))
        try:
            results = await self._store.commit(plan, note)
        except StoreFailure as failure:
            raise refusal_of(failure) from failure
        assert isinstance(results[0], Delivered)
        return f"accepted as {id_text(letter.body.id)}"


def refusal_of(failure: StoreFailure) -> Refusal:
    """What the sender is told when the store did not keep a letter."""
    match failure.why:
        case Why.OVER_QUOTA:
            return Refusal(
                452, "4.2.2", "mailbox is full, try again later", failure.text, Blame.WORLD
            )
        case Why.GONE:
            # An account went between RCPT and now. 4xx: the next try sees the new directory.
            return Refusal(
                451, "4.2.1", "a recipient has just changed, try again", failure.text, Blame.WORLD
            )
        case Why.FULL:
            return Refusal(
                452, "4.3.1", "not enough room here, try again later", failure.text, Blame.WORLD
            )
        case Why.AWAY:
            return Refusal(
                451, "4.3.0", "storage is away, try again later", failure.text, Blame.WORLD
            )
        case _:
            return Refusal(
                451, "4.3.0", "internal error, try again later", failure.text, Blame.OURS
            )
