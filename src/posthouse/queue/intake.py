"""Turns an accepted letter into a promise: one unit of work, committed before anybody says 250.
RFC 5321 6.1

Local recipients' mailboxes and the queue's rows for those elsewhere stand in this one commit. Local
delivery and the queue's runner are ports, filled by `app`, so that doors never import `deliver`.
"""

from dataclasses import replace
from typing import Protocol

from posthouse.base.clock import Clock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.ids import id_text
from posthouse.queue.full import TRIES_MAX, put_off_full
from posthouse.queue.letter import Incoming
from posthouse.queue.trace import Station, pack
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.values import AnyValue, Deliver, Note, Why
from posthouse.store.values_queue import Enqueue


class LocalDelivery(Protocol):
    """Where a letter for local people goes. Pure: a letter in, a value out."""

    def plan(self, letter: Incoming) -> Deliver: ...


class Outbound(Protocol):
    """What is done with letters for elsewhere."""

    def plan(self, letter: Incoming) -> Enqueue:
        """The rows; they may be the worker's own from the first moment."""

    def committed(self, plan: Enqueue, letter: Incoming) -> None:
        """The rows are on stable storage: the work can begin."""


class Confirms(Protocol):
    """Tells a sender who asked for it that a letter is in mailboxes here: `queue.confirm`."""

    async def confirm(self, letter: Incoming) -> None: ...


class Intake:
    """The one way from a door into the store."""

    __slots__ = ("_clock", "_confirms", "_local", "_outbound", "_store")

    def __init__(
        self,
        store: Store,
        local: LocalDelivery,
        clock: Clock,
        outbound: Outbound | None = None,
        confirms: Confirms | None = None,
    ) -> None:
        self._store = store
        self._local = local
        self._clock = clock
        self._outbound = outbound
        self._confirms = confirms

    @property
    def sends_elsewhere(self) -> bool:
        """Whether letters may have recipients elsewhere."""
        return self._outbound is not None

    async def take(self, letter: Incoming, *, may_wait: bool = True) -> str:
        """Durable when this returns; gives the text behind 250. Raises Refusal, and then nothing
        was kept.

        `may_wait`: who has no room may wait in the queue, as long as somebody else has.
        """
        assert letter.residents or letter.outside, "a letter without recipients is no letter"
        told, tries = letter, TRIES_MAX if may_wait and self._outbound is not None else 1
        while True:
            tries -= 1
            try:
                return await self._keep(replace(letter, stations=[*told.stations]))
            except StoreFailure as failure:
                rest = None
                if failure.why is Why.OVER_QUOTA and tries:
                    rest = await put_off_full(letter, self._store)
                if rest is None:
                    raise refusal_of(failure) from failure
                letter = rest

    async def _keep(self, letter: Incoming) -> str:
        now = self._clock.now()
        values, rows = unit_of(letter, self._local, self._outbound, now)
        note = Note(letter.body.id, int(now), letter.message_id, pack(letter.stations))
        await self._store.commit(*values, note)
        if rows is not None and self._outbound is not None:
            self._outbound.committed(rows, letter)
        if self._confirms is not None and any(r.notify for r in letter.envelope.recipients):
            await self._confirms.confirm(letter)
        return f"accepted as {id_text(letter.body.id)}"


def unit_of(
    letter: Incoming, local: LocalDelivery, outbound: Outbound | None, now: float
) -> tuple[list[AnyValue], Enqueue | None]:
    """The writes that keep a letter, and the queue's among them; the stations are told."""
    letter = with_forwards(letter)
    values: list[AnyValue] = []
    if letter.residents:
        plan = local.plan(letter)
        values.append(plan)
        places = tuple(("place", f"{p.account}/{p.mailbox}") for p in plan.places)
        letter.stations.append(Station(int(now * 1000), "deliver", "local", places))
    rows: Enqueue | None = None
    if letter.late:
        full = tuple(("recipient", f"<{r.address}>") for r in letter.late[:20])
        letter.stations.append(Station(int(now * 1000), "deliver", "no room", full))
    if letter.outside or letter.late:
        assert outbound is not None, "this house sends nothing elsewhere"
        rows = outbound.plan(letter)
        values.append(rows)
        ways = tuple(("recipient", f"<{r.address}>") for r in rows.recipients[:20])
        letter.stations.append(Station(int(now * 1000), "queue", "kept", ways))
    return values, rows


def with_forwards(letter: Incoming) -> Incoming:
    """Where aliases lead elsewhere those addresses are recipients of the queue, each once, with the
    wishes of the recipient that the sender named. RFC 3461 5.2.7"""
    if not any(resident.outside or not resident.accounts for resident in letter.residents):
        return letter
    outside = {recipient.address: recipient for recipient in letter.outside}
    here = [r for r in letter.envelope.recipients if r not in letter.outside]
    for resident, named in zip(letter.residents, here, strict=True):
        for address in resident.outside:
            outside.setdefault(address, replace(named, address=address))
    return replace(
        letter,
        residents=tuple(resident for resident in letter.residents if resident.accounts),
        outside=tuple(outside.values()),
    )


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
