"""The SMTP door: what the house answers to another host's session. RFC 5321

Made for each connection; keeps only what the open transaction needs. Nothing is said to be accepted
before `queue.intake` returned.
"""

from typing import Any, Final

from posthouse.accept.house import AcceptHouse
from posthouse.accept.letter_in import LetterIn, trace_head
from posthouse.base.errors import Refusal
from posthouse.base.ids import LetterId
from posthouse.decide.recipient import decide_recipient, decide_recipient_of_ours
from posthouse.decide.relay import NO_RELAY, RelayRule
from posthouse.directory.residents import Resident
from posthouse.net.connection import Connection
from posthouse.wire.smtp.questions import (
    BodyComplete,
    RecipientOffered,
)
from posthouse.wire.smtp.replies import Accepted
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

TOO_MANY_REFUSED: Final = Refusal(421, "4.7.0", "too many recipients refused, good bye")


class SmtpDoor:
    """Port 25: letters for the people who live here, and from those who may relay."""

    __slots__ = ("_house", "_relay", "_service", "name")

    def __init__(
        self,
        house: AcceptHouse,
        service: SmtpService,
        name: str = "smtp",
        relay: RelayRule = NO_RELAY,
    ) -> None:
        self.name = name
        self._house = house
        self._service = service
        self._relay = relay

    def open(self, connection: Connection) -> tuple[SmtpServer, "SmtpVisit"]:
        core = SmtpServer(self._service, has_tls=connection.facts.tls is not None)
        self._house.metrics.add("smtp_sessions")
        return core, SmtpVisit(self._house, core, connection, self._relay)


class SmtpVisit:
    """One session, seen from the house."""

    __slots__ = ("_house", "_letter", "_refused", "_relay")

    def __init__(
        self, house: AcceptHouse, core: SmtpServer, connection: Connection, relay: RelayRule
    ) -> None:
        self._house = house
        self._relay = relay
        self._refused = 0
        self._letter = LetterIn(house, core, connection, door="smtp", head=head)

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
        self._house.metrics.add("smtp_sessions", -1)

    async def _recipient(self, asked: RecipientOffered) -> Refusal | None:
        resident: Resident | None
        directory, octets = self._house.directory, self._letter.declared_octets
        try:
            peer = self._letter.connection.facts.address
            if self._relay.allows(peer, asked.address):
                resident = await decide_recipient_of_ours(asked.address, directory, octets)
            else:
                resident = await decide_recipient(asked.address, directory, octets)
        except Refusal as refusal:
            self._house.metrics.add("recipients_refused_total")
            self._letter.refused("recipient_refused", refusal, recipient=asked.address)
            self._refused += 1
            guesses = self._refused > self._house.settings.recipients_refused_max
            return TOO_MANY_REFUSED if guesses else refusal
        self._letter.add(asked, resident)
        return None

    async def _complete(self, data: bytes) -> Accepted | Refusal:
        incoming = self._letter
        try:
            letter = await incoming.finished(data)
            text = await self._house.intake.take(letter)
        except Refusal as refusal:
            return incoming.refuse(refusal)
        finally:
            incoming.drop()
        incoming.accepted(letter)
        incoming.forget()
        return Accepted(text)


def head(letter: LetterIn, number: LetterId) -> bytes:
    """Return-Path and Received of a letter of another host. RFC 5321 4.4"""
    return trace_head(letter, number, is_peer_told=True)
