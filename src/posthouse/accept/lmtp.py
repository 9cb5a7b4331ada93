"""The LMTP door: letters from a front server, an answer for each recipient. RFC 2033

Nobody logs in: who reaches the socket may deliver, to people who live here only. All recipients of
a letter go into one unit; when that fails for the sake of one of them, each gets a unit of its own,
and so its own truth.
"""

from dataclasses import replace
from typing import Any, Final

from posthouse.accept.house import AcceptHouse
from posthouse.accept.letter_in import LetterIn
from posthouse.accept.settings import LmtpSettings
from posthouse.accept.smtp import head
from posthouse.base.errors import Refusal
from posthouse.decide.recipient import decide_recipient
from posthouse.net.connection import Connection
from posthouse.queue.letter import Incoming
from posthouse.wire.smtp.questions import (
    BodyComplete,
    RecipientOffered,
)
from posthouse.wire.smtp.replies import Accepted
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

OF_ONE: Final = frozenset({"4.2.1", "4.2.2"})
"""Refusals that one recipient causes and the others need not share. RFC 3463 3.3"""
MAILBOX_FULL: Final = "4.2.2"

Answers = list[Accepted | Refusal | None]


class LmtpDoor:
    """The unix socket, and a port where one is configured."""

    __slots__ = ("_house", "_service", "_settings", "name")

    def __init__(self, house: AcceptHouse, service: SmtpService, settings: LmtpSettings) -> None:
        assert service.is_lmtp
        self.name = "lmtp"
        self._house = house
        self._service = service
        self._settings = settings

    def open(self, connection: Connection) -> tuple[SmtpServer, "LmtpVisit"]:
        core = SmtpServer(self._service, has_tls=connection.facts.tls is not None)
        self._house.metrics.add("lmtp_sessions")
        return core, LmtpVisit(self._house, self._settings, core, connection)


class LmtpVisit:
    """One session, seen from the house."""

    __slots__ = ("_house", "_letter", "_settings")

    def __init__(
        self, house: AcceptHouse, settings: LmtpSettings, core: SmtpServer, connection: Connection
    ) -> None:
        self._house = house
        self._settings = settings
        self._letter = LetterIn(house, core, connection, door="lmtp", head=head)

    async def answer(self, question: Any) -> Any:
        """What the house says to the core's question."""
        match question:
            case RecipientOffered():
                return await self._recipient(question)
            case BodyComplete(data):
                return await self._complete(data)
            case _:
                return self._letter.answer(question)

    def ended(self) -> None:
        """The connection is gone; an unfinished letter with it."""
        self._letter.drop()
        self._house.metrics.add("lmtp_sessions", -1)

    async def _recipient(self, asked: RecipientOffered) -> Refusal | None:
        try:
            resident = await decide_recipient(asked.address, self._house.directory)
        except Refusal as refusal:
            self._house.metrics.add("recipients_refused_total")
            self._letter.refused("recipient_refused", refusal, recipient=asked.address)
            return self._told(refusal)
        self._letter.add(asked, resident)
        return None

    async def _complete(self, data: bytes) -> Answers | Refusal:
        incoming = self._letter
        try:
            letter = await incoming.finished(data)
        except Refusal as refusal:
            return incoming.refuse(refusal)  # the core says it once for each recipient
        finally:
            incoming.drop()
        answers = await self._deliver(letter)
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        if len(refused) < len(answers):
            incoming.accepted(letter, refused=len(refused))
        for one in refused:
            self._house.metrics.add("lmtp_answers_refused_total")
            incoming.refused("delivery_refused", one)
        incoming.forget()
        return answers

    async def _deliver(self, letter: Incoming) -> Answers:
        """RFC 2033 4.2: an answer for each recipient, in their order."""
        count = len(letter.residents)
        try:
            text = await self._house.intake.take(letter, may_wait=count == 1)
        except Refusal as refusal:
            if count == 1 or refusal.status not in OF_ONE:
                return [self._told(refusal)] * count
        else:
            return [Accepted(text)] * count
        done: set[int] = set()
        return [await self._deliver_to(letter, index, done) for index in range(count)]

    async def _deliver_to(
        self, letter: Incoming, index: int, done: set[int]
    ) -> Accepted | Refusal | None:
        """One recipient's own unit. `done`: accounts that have the letter already."""
        resident = letter.residents[index]
        accounts = tuple(account for account in resident.accounts if account not in done)
        if not accounts and not resident.outside:
            return None
        alone = replace(
            letter,
            envelope=replace(letter.envelope, recipients=(letter.envelope.recipients[index],)),
            residents=(replace(resident, accounts=accounts),),
        )
        try:
            text = await self._house.intake.take(alone)
        except Refusal as refusal:
            return self._told(refusal)
        done.update(accounts)
        return Accepted(text)

    def _told(self, refusal: Refusal) -> Refusal:
        if refusal.status == MAILBOX_FULL and self._settings.full_mailbox == "bounce":
            return Refusal(552, "5.2.2", "mailbox is full", refusal.note, refusal.blame)
        return refusal
