"""Brings letters of the queue to people here, who had no room when they came.

The letter and the end of its row are one commit: it comes once, whatever dies. RFC 5321 4.2.5
"""

import hashlib
from typing import Final

from posthouse.base.errors import Refusal
from posthouse.base.ids import id_text
from posthouse.decide.recipient import decide_recipient
from posthouse.directory.residents import Resident
from posthouse.directory.resolve import Directory
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.mail.render import render
from posthouse.queue.confirm import Confirmations
from posthouse.queue.full import HERE
from posthouse.queue.house import Carrier, QueueHouse
from posthouse.queue.intake import refusal_of
from posthouse.queue.lane import Attempt, Job, Session
from posthouse.queue.letter import Incoming
from posthouse.queue.trace import Station, pack
from posthouse.store.contract import StoreFailure
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, NewBody, Note, Why
from posthouse.store.values_queue import QueueLetter, QueueRecipient, Settle, Settled, Settlement
from posthouse.wire.smtp.remote_replies import RemoteReply

BODY_GONE: Final = RemoteReply(554, "5.3.0", "the letter's text is lost here")


class Carriers:
    """Who carries what: people here, and everybody else."""

    __slots__ = ("_elsewhere", "_here")

    def __init__(self, here: Carrier, elsewhere: Carrier) -> None:
        self._here = here
        self._elsewhere = elsewhere

    async def carry(self, session: Session) -> None:
        """See `queue.house.Carrier`."""
        carrier = self._here if session.destination == HERE else self._elsewhere
        await carrier.carry(session)


class HereCarrier:
    """One a worker."""

    __slots__ = ("_directory", "_house", "confirmations")

    def __init__(self, house: QueueHouse, directory: Directory) -> None:
        self._house = house
        self._directory = directory
        self.confirmations: Confirmations | None = None
        """Set when there is a runner, which reports for senders elsewhere need."""

    async def carry(self, session: Session) -> None:
        """See `queue.house.Carrier`."""
        while (job := session.take()) is not None:
            attempts = []
            for row in job.letter.recipients:
                reply = await self._deliver(job, row)
                if reply is not None:
                    attempts.append(Attempt(row.number, reply))
            await session.settled(job, attempts)

    async def _deliver(self, job: Job, row: QueueRecipient) -> RemoteReply | None:
        """Why not; None: the row has come to its end, or is another's."""
        letter = job.letter
        try:
            resident = await decide_recipient(row.address, self._directory, letter.size)
            octets = job.octets
            if octets is None:
                octets = await self._house.store.octets(letter.body)
            await self._commit(letter, row, resident, octets)
        except KeyError:
            return BODY_GONE
        except Refusal as refusal:
            return _reply(refusal)
        except StoreFailure as failure:
            return None if failure.why is Why.IN_USE else _reply(refusal_of(failure))
        if self.confirmations is not None:
            await self.confirmations.confirm_row(letter, row)
        self._house.log.info("queue.placed", id=id_text(letter.letter), recipient=row.address)
        return None

    async def _commit(
        self, letter: QueueLetter, row: QueueRecipient, resident: Resident, octets: bytes
    ) -> None:
        """Letter and row, both or none. Raises StoreFailure."""
        house = self._house
        incoming = await self._incoming(letter, row, resident, octets)
        # Not DELIVERED, which is true whoever has the row: here a second copy can be prevented.
        end = Settled(letter.letter, row.number, Settlement.FAILED)
        now = house.clock.now()
        deliver = house.local.plan(incoming)
        told = (
            ("recipient", f"<{row.address}>"),
            *(("place", f"{place.account}/{place.mailbox}") for place in deliver.places),
        )
        stations = [Station(int(now * 1000), "deliver", "local", told)]
        note = Note(letter.letter, int(now), letter.message_id, pack(stations))
        await house.store.commit(Settle(house.holder, (end,)), deliver, note)

    async def _incoming(
        self, letter: QueueLetter, row: QueueRecipient, resident: Resident, octets: bytes
    ) -> Incoming:
        is_small = len(octets) <= BODY_INLINE_OCTETS_MAX
        if is_small:
            rendered = render(octets, letter.accepted)
        else:  # long enough that others would wait for it
            rendered = await self._house.loop.run_in_executor(None, render, octets, letter.accepted)
        digest = hashlib.sha256(octets).digest()
        kept = octets if is_small else None
        return Incoming(
            body=NewBody(letter.body, digest, len(octets), kept),
            rendered=rendered,
            message_id=rendered.message_id,
            received=letter.accepted,
            envelope=Envelope(sender=letter.sender, recipients=(Recipient(address=row.address),)),
            residents=(resident,),
        )


def _reply(refusal: Refusal) -> RemoteReply:
    return RemoteReply(refusal.code, refusal.status, refusal.say)
