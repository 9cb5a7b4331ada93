"""Tells senders what became of their letters. RFC 3461 5, 6; RFC 3464; RFC 5321 4.5.5, 6.1

A report has the null sender, so that no report ever follows from it. For a sender here it goes into
his INBOX by the same unit that settles the row; for one elsewhere it is a letter of the queue.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from posthouse.base.clock import Clock
from posthouse.base.ids import Ids, LetterId, id_text
from posthouse.base.log import Log
from posthouse.directory.residents import Resident
from posthouse.directory.resolve import Directory
from posthouse.mail.dates import date_time
from posthouse.mail.envelope import NULL_SENDER, Envelope, Recipient
from posthouse.mail.header import header_end
from posthouse.mail.render import render
from posthouse.mail.report import Report, ReportedRecipient, write_report, xtext_decoded
from posthouse.queue.letter import Incoming
from posthouse.queue.settle import Action, Told
from posthouse.queue.trace import Station
from posthouse.store.contract import Store
from posthouse.store.values import NewBody
from posthouse.store.values_queue import QueueLetter

WHOLE_OCTETS_MAX: Final = 40_000
"""A larger letter comes back as its header alone, whatever RET says: a report stays small."""
HEADER_OCTETS_MAX: Final = 20_000
RETURN_PATH: Final = b"return-path:"


@dataclass(slots=True, kw_only=True)
class Bounces:
    """Writes reports; the port `queue.house.Reporter`."""

    hostname: str
    store: Store
    directory: Directory
    ids: Ids
    clock: Clock
    log: Log

    async def compose(self, letter: QueueLetter, told: list[Told]) -> list[Incoming]:
        """A report for each kind of news. None for a sender that is nobody here."""
        assert letter.sender, "nothing is reported about a letter without a sender"
        resident = await self.directory.find(letter.sender)
        if resident is None and await self.directory.is_local(letter.sender):
            self.log.info("bounce.no_sender", id=id_text(letter.letter), sender=letter.sender)
            return []
        original, is_whole = await self._original(letter)
        return [
            self._report(letter, same, resident, original, is_whole=is_whole)
            for action in Action
            if (same := [each for each in told if each.action is action])
        ]

    def _report(
        self,
        letter: QueueLetter,
        told: list[Told],
        resident: Resident | None,
        original: bytes,
        *,
        is_whole: bool,
    ) -> Incoming:
        now = self.clock.now()
        letter_id = self.ids.letter()
        is_failure = told[0].action is Action.FAILED
        if is_whole and not is_failure:  # RFC 3461 4.3: RET is for failures
            original, is_whole = original[: header_end(original)], False
        report = write_report(
            Report(
                hostname=self.hostname,
                to=letter.sender,
                recipients=tuple(_reported(each) for each in told),
                letter=id_text(letter.letter),
                arrived=date_time(letter.accepted),
                date=date_time(now),
                message_id=f"{id_text(letter_id).lower()}@{self.hostname}",
                envelope_id=xtext_decoded(letter.envelope.envelope_id),
                original=original,
                is_whole=is_whole,
            )
        )
        octets = self._head(letter_id, now) + report
        rendered = render(octets, int(now))
        # RFC 3461 6.2: a report asks for no report
        back = Recipient(address=letter.sender, notify=("NEVER",))
        return Incoming(
            body=NewBody(letter_id, hashlib.sha256(octets).digest(), len(octets), octets),
            rendered=rendered,
            message_id=rendered.message_id,
            received=int(now),
            envelope=Envelope(
                sender=NULL_SENDER,
                recipients=(back,),
                body="7BIT" if octets.isascii() else "8BITMIME",
            ),
            residents=() if resident is None else (resident,),
            outside=(back,) if resident is None else (),
            stations=[
                Station(
                    int(now * 1000),
                    "deliver",
                    "report",
                    (("about", id_text(letter.letter)), ("action", told[0].action.value)),
                )
            ],
        )

    def _head(self, letter: LetterId, now: float) -> bytes:
        return (
            "Return-Path: <>\r\n"
            f"Received: by {self.hostname} (Posthouse) id {id_text(letter)};\r\n"
            f"\t{date_time(now)}\r\n"
        ).encode()

    async def _original(self, letter: QueueLetter) -> tuple[bytes, bool]:
        """The letter for its sender, and whether it is all of it."""
        wants_whole = letter.envelope.returns == "FULL" and letter.size <= WHOLE_OCTETS_MAX
        most = WHOLE_OCTETS_MAX if wants_whole else HEADER_OCTETS_MAX
        try:
            octets = await self.store.octets(letter.body, 0, most)
        except KeyError:
            return b"", False
        if octets[: len(RETURN_PATH)].lower() == RETURN_PATH:
            octets = octets[octets.find(b"\r\n") + 2 :]
        return (octets, True) if wants_whole else (octets[: header_end(octets)], False)


def _reported(told: Told) -> ReportedRecipient:
    row, reply = told.recipient, told.reply
    status = reply.status
    if told.action is Action.DELAYED:
        status = status or "4.0.0"
    elif not status:
        status = f"{reply.code // 100}.0.0"
    said, host = reply.said, told.host
    if reply.is_ours:  # RFC 3464 2.3.5, 2.3.6: only what a host did report
        said, host = f"{reply.text} ({told.host})", ""
    elif reply.code == 451 and not told.host:
        said = reply.text
    return ReportedRecipient(
        address=row.address,
        action=told.action.value,
        status=status,
        said=said,
        original=xtext_decoded(row.original),
        host=host,
        tries_until=date_time(told.tries_until) if told.tries_until else "",
    )
