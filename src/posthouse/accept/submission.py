"""The submission door: letters of our own people, once they have logged in. RFC 6409, 8314, 4954

They may write to anybody, in their own name. The header is inspected and completed before a letter
goes on; what an account may send in an hour and a day is limited.
"""

from dataclasses import dataclass
from typing import Any, Final

from posthouse.accept.house import AcceptHouse
from posthouse.accept.inspected import InspectedOctets
from posthouse.accept.letter_in import LetterIn, trace_head
from posthouse.authenticate.caller import caller_at
from posthouse.authenticate.user import SaslLogin, Users
from posthouse.base.errors import Refusal
from posthouse.base.ids import LetterId, id_text
from posthouse.decide.allowance import Allowance
from posthouse.decide.inspector import Inspection, complete, inspect
from posthouse.decide.names import Lookup, decide_name, decide_names
from posthouse.decide.recipient import NOT_OURS, decide_recipient_of_ours
from posthouse.decide.sender import Person, decide_authors, decide_sender
from posthouse.decide.settings import SubmissionSettings
from posthouse.mail.dates import date_time
from posthouse.net.connection import Connection
from posthouse.proofs import sasl
from posthouse.queue.trace import Station
from posthouse.wire.smtp.questions import (
    AuthData,
    AuthStarted,
    BodyAborted,
    BodyComplete,
    BodyPiece,
    BodyStarts,
    Greeting,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.replies import Accepted, Authenticated, Challenge, Reply
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

NOBODY: Final = Person(0, "")
MALFORMED: Final = 501
"""What a broken message of an exchange is answered with; it is no guess."""


@dataclass(slots=True, kw_only=True)
class SubmissionHouse:
    """What the sessions of this door share."""

    accept: AcceptHouse
    users: Users
    settings: SubmissionSettings
    allowance: Allowance
    lookup: Lookup | None
    """None: the DNS is not asked."""


class SubmissionDoor:
    """Port 587 with STARTTLS, 465 with TLS from the first octet."""

    __slots__ = ("_house", "_service", "name")

    def __init__(self, house: SubmissionHouse, service: SmtpService) -> None:
        assert service.auth_required
        self.name = "submission"
        self._house = house
        self._service = service

    def open(self, connection: Connection) -> tuple[SmtpServer, "SubmissionVisit"]:
        core = SmtpServer(self._service, has_tls=connection.facts.tls is not None)
        self._house.accept.metrics.add("submission_sessions")
        return core, SubmissionVisit(self._house, core, connection)


class SubmissionVisit:
    """One session, seen from the house."""

    __slots__ = ("_exchange", "_failed", "_house", "_letter", "_octets", "_person")

    def __init__(self, house: SubmissionHouse, core: SmtpServer, connection: Connection) -> None:
        self._house = house
        is_told = house.settings.client_in_received
        head = told_head if is_told else untold_head
        self._letter = LetterIn(house.accept, core, connection, door="submission", head=head)
        self._person = NOBODY
        self._exchange: SaslLogin | None = None
        self._failed = 0
        self._octets: InspectedOctets | None = None

    async def answer(self, question: Any) -> Any:
        """What the house says to the core's question. A Refusal that is raised is an answer too."""
        match question:
            case RecipientOffered():
                return await self._recipient(question)
            case BodyComplete(data):
                return await self._complete(data)
            case SenderOffered():
                return await self._sender(question)
            case BodyStarts():
                return self._body_starts()
            case BodyPiece(data):
                return await self._piece(data)
            case BodyAborted():
                return self._drop()
            case AuthStarted() | AuthData():
                return await self._log_in(question)
            case Greeting():
                return None
            case _:
                raise AssertionError(f"a question this door does not know: {question!r}")

    def ended(self) -> None:
        """The connection is gone; an unfinished letter with it."""
        self._drop()
        self._house.accept.metrics.add("submission_sessions", -1)

    # ---- who it is

    async def _log_in(
        self, question: AuthStarted | AuthData
    ) -> Challenge | Authenticated | Refusal | Reply:
        """One step of an exchange. RFC 4954 4"""
        try:
            step = await self._step(question)
        except Refusal as refusal:
            return self._not_logged_in(refusal)
        if isinstance(step, sasl.Challenge):
            return Challenge(step.octets)
        self._exchange = None
        self._person = Person(step.account, step.address)
        self._letter.owner = step.account
        house, facts = self._house.accept, self._letter.connection.facts
        house.log.info("submission.login", peer=facts.address, account=step.address)
        return Authenticated()

    async def _step(self, question: AuthStarted | AuthData) -> Any:
        if isinstance(question, AuthData):
            assert self._exchange is not None, "data comes only after a challenge"
            return await self._exchange.next(question.octets)
        facts = self._letter.connection.facts
        self._exchange = self._house.users.start(
            question.mechanism,
            caller_at("submission", facts),
            final_as_challenge=True,  # RFC 4954 4: 235 has no place for data
        )
        if self._exchange is None:
            raise Refusal(504, "5.5.4", "mechanism not offered", question.mechanism)
        return await self._exchange.first(question.initial)

    def _not_logged_in(self, refusal: Refusal) -> Refusal | Reply:
        self._exchange = None
        self._letter.refused("login_failed", refusal)
        self._failed += refusal.code != MALFORMED
        if self._failed >= self._house.settings.failed_logins_max:
            return Reply(421, "4.7.0", "too many failed log-ins, good bye")
        return refusal

    # ---- the envelope

    async def _sender(self, asked: SenderOffered) -> Refusal | None:
        house, person = self._house, self._person
        assert person.account, "MAIL comes after AUTH"
        put_off = house.allowance.letter(person.account)
        if put_off is not None:
            return self._refused_by("limits_reached_total", "sender_refused", put_off)
        try:
            await decide_sender(asked.address, person, house.settings, house.accept.directory)
            await self._decide_name("MAIL FROM", asked.address)
        except Refusal as refusal:
            return self._refused_by("senders_refused_total", "sender_refused", refusal)
        self._letter.begin(asked)
        return None

    async def _recipient(self, asked: RecipientOffered) -> Refusal | None:
        house, account = self._house, self._person.account
        put_off = house.allowance.recipient(account)
        if put_off is not None:
            return self._refused_by("limits_reached_total", "recipient_refused", put_off)
        try:
            resident = await decide_recipient_of_ours(asked.address, house.accept.directory)
            if resident is None:
                await self._decide_name("RCPT TO", asked.address)
                if not house.accept.intake.sends_elsewhere:
                    raise Refusal(550, "5.7.1", NOT_OURS, asked.address)  # noqa: TRY301
        except Refusal as refusal:
            return self._refused_by("recipients_refused_total", "recipient_refused", refusal)
        house.allowance.count_recipient(account)
        self._letter.add(asked, resident)
        return None

    async def _decide_name(self, field: str, address: str) -> None:
        house = self._house
        await decide_name(
            field,
            address,
            directory=house.accept.directory,
            lookup=house.lookup,
            resolvable=house.settings.resolvable,
        )

    # ---- the body

    def _body_starts(self) -> Refusal | None:
        sender, settings = self._letter.sender, self._house.settings
        assert sender is not None, "DATA comes after MAIL"
        self._octets = InspectedOctets(
            self._judge,
            header_octets_max=settings.header_octets_max,
            line_octets_max=settings.body_line_octets_max,
            is_binary=sender.body == "BINARYMIME",
        )
        return self._letter.body_starts()

    async def _piece(self, data: bytes) -> Refusal | None:
        octets = self._octets
        assert octets is not None, "a body begins with BodyStarts"
        try:
            passed = await octets.take(data)
        except Refusal as refusal:
            self._octets = None
            return self._letter.refuse(refusal)
        if not passed:  # the header's end is still to come, and all of it stays here
            busy = self._letter.reserve(len(data))
            return self._letter.refuse(busy) if busy is not None else None
        return self._letter.piece(passed)

    async def _complete(self, data: bytes) -> Accepted | Refusal:
        house, incoming, octets = self._house, self._letter, self._octets
        assert octets is not None, "a body begins with BodyStarts"
        try:
            letter = await incoming.finished(await octets.take(data, is_last=True))
            text = await house.accept.intake.take(letter)
        except Refusal as refusal:
            return incoming.refuse(refusal)
        finally:
            self._drop()
        house.allowance.count_letter(self._person.account)
        house.accept.metrics.add("submissions_accepted_total")
        incoming.accepted(letter, account=self._person.address)
        incoming.forget()
        return Accepted(text)

    async def _judge(self, header: bytes) -> bytes:
        """The header as it shall leave. RFC 6409 6, 8"""
        house, person, letter = self._house, self._person, self._letter
        sender, accept = letter.sender, house.accept
        assert sender is not None, "a body comes after MAIL"
        try:
            found = inspect(header, has_utf8=sender.smtputf8)
            await decide_names(
                found.named,
                directory=accept.directory,
                lookup=house.lookup,
                resolvable=house.settings.resolvable,
            )
        except Refusal:
            accept.metrics.add("headers_refused_total")
            raise
        try:
            await decide_authors(found, person, house.settings, accept.directory)
        except Refusal:
            accept.metrics.add("senders_refused_total")
            raise
        now = accept.clock.now()
        letter.stations.append(station_of(found, person, int(now * 1000)))
        return complete(
            found,
            sender=person.address,
            date=date_time(now),
            message_id=f"{id_text(letter.letter_id())}@{accept.hostname}",
        )

    # ---- keeping order

    def _refused_by(self, metric: str, event: str, refusal: Refusal) -> Refusal:
        self._house.accept.metrics.add(metric)
        self._letter.refused(event, refusal, account=self._person.address)
        return refusal

    def _drop(self) -> None:
        self._octets = None
        self._letter.drop()


def station_of(found: Inspection, person: Person, now_ms: int) -> Station:
    """What the trace tells of who sent it and what was done to its header."""
    facts = [("account", person.address)]
    facts += [("added", name) for name in found.lacks]
    facts += [("removed", name) for name in found.surplus]
    return Station(now_ms, "decide", "inspector", tuple(facts))


def told_head(letter: LetterIn, number: LetterId) -> bytes:
    """Received tells from where."""
    return trace_head(letter, number, is_peer_told=True)


def untold_head(letter: LetterIn, number: LetterId) -> bytes:
    """Received tells nothing of the client."""
    return trace_head(letter, number, is_peer_told=False)
