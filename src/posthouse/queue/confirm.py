"""Tells a sender who asked for it that his letter is in a mailbox here. RFC 3461 5.2.1, 5.2.7

A report that cannot be kept is lost, and said in the log: the letter itself is where it should be,
and to answer anything else than yes would bring it a second time.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from posthouse.base.clock import Clock
from posthouse.base.ids import id_text
from posthouse.base.log import Log
from posthouse.queue.full import put_off_full
from posthouse.queue.intake import LocalDelivery, Outbound, unit_of
from posthouse.queue.letter import Incoming
from posthouse.queue.settle import Action, Told
from posthouse.queue.trace import pack
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.values import Note, Why
from posthouse.store.values_queue import (
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
)
from posthouse.wire.smtp.remote_replies import RemoteReply

IN_THE_MAILBOX: Final = RemoteReply(250, "2.1.5", "it is in the mailbox")
SUCCESS: Final = "SUCCESS"


class Composes(Protocol):
    """`queue.house.Reporter`, as far as it is needed here."""

    async def compose(self, letter: QueueLetter, told: list[Told]) -> list[Incoming]: ...


@dataclass(slots=True, kw_only=True)
class Confirmations:
    """One a worker."""

    store: Store
    reporter: Composes
    local: LocalDelivery
    outbound: Outbound
    clock: Clock
    log: Log

    async def confirm(self, letter: Incoming) -> None:
        """After the commit of a letter: who of its recipients has it and should be reported."""
        if not letter.envelope.sender or not letter.residents:
            return  # RFC 5321 4.5.5: nothing is reported about what has no sender
        late = {recipient.address for recipient in letter.late}
        here = [r for r in letter.envelope.recipients if r not in letter.outside]
        told = [
            _told(number, named.address, named.notify, named.original)
            for number, (named, resident) in enumerate(zip(here, letter.residents, strict=False))
            if SUCCESS in named.notify and resident.accounts and resident.address not in late
        ]
        if told:
            await self.tell(_letter(letter), told)

    async def confirm_row(self, letter: QueueLetter, row: QueueRecipient) -> None:
        """The same for one who had to wait for room."""
        if letter.sender and SUCCESS in row.notify:
            await self.tell(letter, [_told(row.number, row.address, row.notify, row.original)])

    async def tell(self, letter: QueueLetter, told: list[Told]) -> None:
        """The reports, each in a unit of its own."""
        try:
            for report in await self.reporter.compose(letter, told):
                try:
                    await self._keep(report)
                except StoreFailure as failure:
                    full = None
                    if failure.why is Why.OVER_QUOTA:
                        full = await put_off_full(report, self.store, may_be_all=True)
                    if full is None:
                        raise
                    await self._keep(full)
        except StoreFailure as failure:
            self.log.warning("queue.report_lost", id=id_text(letter.letter), reason=failure.text)

    async def _keep(self, report: Incoming) -> None:
        now = self.clock.now()
        values, rows = unit_of(report, self.local, self.outbound, now)
        note = Note(report.body.id, int(now), report.message_id, pack(report.stations))
        await self.store.commit(*values, note)
        if rows is not None:
            self.outbound.committed(rows, report)


def _told(number: int, address: str, notify: tuple[str, ...], original: str) -> Told:
    row = QueueRecipient(
        number=number,
        address=address,
        destination="",
        state=QueueState.TAKEN,
        due=0,
        attempts=1,
        answer="",
        holder="",
        notify=notify,
        original=original,
    )
    return Told(row, Action.DELIVERED, IN_THE_MAILBOX)


def _letter(letter: Incoming) -> QueueLetter:
    """As reports know letters."""
    envelope = letter.envelope
    return QueueLetter(
        letter=letter.body.id,
        owner=letter.owner,
        body=letter.body.id,
        size=letter.body.size,
        sender=envelope.sender,
        message_id=letter.message_id,
        envelope=QueueEnvelope(
            envelope.body, envelope.smtputf8, envelope.envelope_id, envelope.returns
        ),
        accepted=letter.received,
        attend=0,
        recipients=(),
    )
