"""The SMTP door: what the house answers to an SMTP session, and how a letter is taken in. RFC 5321

Made for each connection; keeps only what the open transaction needs. A letter is in memory up to a
limit, beyond it in a body
file that is synced before the unit that names it. Nothing is said to be accepted before
`queue.intake` returned.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from posthouse.accept.flight import Flight
from posthouse.accept.received import protocol, trace_fields
from posthouse.accept.settings import AcceptSettings
from posthouse.base.clock import Clock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.ids import Ids, LetterId, id_text
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Row
from posthouse.decide.content import decide_hops
from posthouse.decide.recipient import decide_recipient
from posthouse.directory.residents import Resident
from posthouse.directory.resolve import Directory
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.mail.render import render
from posthouse.mail.rendered import Rendered
from posthouse.net.connection import Connection
from posthouse.queue.intake import Intake
from posthouse.queue.letter import Incoming
from posthouse.queue.trace import Station
from posthouse.store.bodies_file import BodyFiles, BodyWriter
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, NewBody
from posthouse.wire.smtp.questions import (
    BodyAborted,
    BodyComplete,
    BodyPiece,
    BodyStarts,
    Greeting,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.replies import Accepted
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

InThread = Callable[..., Awaitable[Any]]
NO_ROOM: Final = Refusal(
    452, "4.3.1", "too many letters are on their way in, try again", "in flight", Blame.WORLD
)


def no_disk(error: OSError) -> Refusal:
    """What the peer is told when a body file cannot be written."""
    return Refusal(452, "4.3.1", "not enough room here, try again later", str(error), Blame.WORLD)


@dataclass(slots=True, kw_only=True)
class AcceptHouse:
    """What the doors of one worker share."""

    hostname: str
    settings: AcceptSettings
    directory: Directory
    intake: Intake
    bodies: BodyFiles
    flight: Flight
    ids: Ids
    clock: Clock
    log: Log
    metrics: Row
    in_thread: InThread


class SmtpDoor:
    """Port 25: letters for the people who live here."""

    __slots__ = ("_house", "_service", "name")

    def __init__(self, house: AcceptHouse, service: SmtpService, name: str = "smtp") -> None:
        self.name = name
        self._house = house
        self._service = service

    def open(self, connection: Connection) -> tuple[SmtpServer, "SmtpVisit"]:
        core = SmtpServer(self._service, has_tls=connection.facts.tls is not None)
        self._house.metrics.add("smtp_sessions")
        return core, SmtpVisit(self._house, core, connection)


class SmtpVisit:
    """One session, seen from the house."""

    __slots__ = (
        "_connection",
        "_core",
        "_house",
        "_letter",
        "_recipients",
        "_reserved",
        "_residents",
        "_sender",
        "_stations",
        "_writer",
    )

    def __init__(self, house: AcceptHouse, core: SmtpServer, connection: Connection) -> None:
        self._house = house
        self._core = core
        self._connection = connection
        self._reserved = 0
        self._writer: BodyWriter | None = None
        self._letter: LetterId | None = None
        self._sender: SenderOffered | None = None
        self._forget()

    async def answer(self, question: Any) -> Any:
        """What the house says to the core's question."""
        match question:
            case RecipientOffered():
                return await self._recipient(question)
            case BodyComplete():
                return await self._complete(question)
            case SenderOffered():
                self._forget()
                self._sender = question
                return None
            case BodyStarts():
                return self._body_starts()
            case BodyPiece(data):
                return self._piece(data)
            case BodyAborted():
                self._drop()
                return None
            case Greeting():
                return None
            case _:
                raise AssertionError(f"a question this door does not know: {question!r}")

    def ended(self) -> None:
        """The connection is gone; an unfinished letter with it."""
        self._drop()
        self._house.metrics.add("smtp_sessions", -1)

    # ---- the envelope

    async def _recipient(self, asked: RecipientOffered) -> Refusal | None:
        try:
            resident = await decide_recipient(asked.address, self._house.directory)
        except Refusal as refusal:
            self._house.metrics.add("recipients_refused_total")
            self._refused("smtp.recipient_refused", refusal, recipient=asked.address)
            return refusal
        self._recipients.append(
            Recipient(address=asked.address, notify=asked.notify, original=asked.original)
        )
        self._residents.append(resident)
        return None

    # ---- the body

    def _body_starts(self) -> Refusal | None:
        assert self._sender is not None, "DATA comes after MAIL"
        declared = self._sender.size or BODY_INLINE_OCTETS_MAX
        wanted = min(declared, BODY_INLINE_OCTETS_MAX)
        if not self._house.flight.reserve(wanted):
            self._refused("smtp.busy", NO_ROOM)
            return NO_ROOM
        self._reserved = wanted
        return None

    def _piece(self, data: bytes) -> Refusal | None:
        """A large letter goes to a file as it comes; the page cache takes it, so nobody waits."""
        try:
            writer = self._writer
            if writer is None:
                letter = self._letter_id()
                writer = self._writer = self._house.bodies.start(letter)
                writer.write(self._head(letter))
            writer.write(data)
        except OSError as error:
            refusal = no_disk(error)
            self._refused("smtp.letter_refused", refusal)
            self._drop()
            return refusal
        return None

    async def _complete(self, complete: BodyComplete) -> Accepted | Refusal:
        try:
            letter = await self._take_in(complete)
            text = await self._house.intake.take(letter)
        except Refusal as refusal:
            self._house.metrics.add("letters_refused_total")
            self._refused("smtp.letter_refused", refusal)
            return refusal
        finally:
            self._drop()
        house = self._house
        house.metrics.add("letters_accepted_total")
        house.metrics.add("octets_accepted_total", letter.body.size)
        if house.log.level <= Level.INFO:
            house.log.info(
                "smtp.accepted",
                id=id_text(letter.body.id),
                peer=self._connection.facts.address,
                sender=letter.envelope.sender,
                recipients=len(letter.envelope.recipients),
                octets=letter.body.size,
                message_id=letter.rendered.message_id,
            )
        self._forget()
        return Accepted(text)

    async def _take_in(self, complete: BodyComplete) -> Incoming:
        """The letter with its final octets, rendered; a large one synced as a file."""
        house = self._house
        now = int(house.clock.now())
        letter = self._letter_id()
        octets = complete.data if self._writer else self._head(letter) + complete.data
        if self._writer is None and len(octets) <= BODY_INLINE_OCTETS_MAX:
            self._check_hops(octets)
            rendered = render(octets, now)
            body = NewBody(letter, hashlib.sha256(octets).digest(), len(octets), octets)
            return self._incoming(body, rendered, now)
        try:
            writer = self._writer = self._writer or house.bodies.start(letter)
            writer.write(octets)
            rendered = await house.in_thread(self._finish_file, writer, now)
        except OSError as error:
            raise no_disk(error) from error
        body = NewBody(letter, writer.digest, writer.size, None)
        self._writer = None  # its file belongs to the store from now on
        return self._incoming(body, rendered, now)

    def _finish_file(self, writer: BodyWriter, now: int) -> Rendered:
        """In a thread: the file and its folder are synced, the octets rendered from it."""
        with writer.mapped() as octets:
            self._check_hops(octets)
            rendered = render(octets, now)
        writer.finish()
        return rendered

    def _check_hops(self, octets: Any) -> None:
        end = octets.find(b"\r\n\r\n")
        header = bytes(octets[: end + 2]) if end >= 0 else bytes(octets[:BODY_INLINE_OCTETS_MAX])
        refusal = decide_hops(header, self._house.settings.hops_max)
        if refusal is not None:
            raise refusal

    def _incoming(self, body: NewBody, rendered: Rendered, now: int) -> Incoming:
        sender = self._sender
        assert sender is not None, "a body comes after MAIL"
        facts = self._connection.facts
        self._stations.append(
            Station(
                int(self._house.clock.now() * 1000),
                "accept",
                "smtp",
                (
                    ("peer", facts.address),
                    ("helo", self._core.hello),
                    ("tls", facts.tls.version if facts.tls else "no"),
                    ("sender", f"<{sender.address}>"),
                    *(("recipient", f"<{r.address}>") for r in self._recipients[:20]),
                    ("octets", str(body.size)),
                ),
            )
        )
        return Incoming(
            body=body,
            rendered=rendered,
            received=now,
            envelope=Envelope(
                sender=sender.address,
                recipients=tuple(self._recipients),
                body=sender.body,
                smtputf8=sender.smtputf8,
                envelope_id=sender.envelope_id,
                returns=sender.returns,
            ),
            residents=tuple(self._residents),
            stations=self._stations,
        )

    def _head(self, letter: LetterId) -> bytes:
        """Return-Path and Received of this letter. RFC 5321 4.4"""
        sender = self._sender
        assert sender is not None, "a body comes after MAIL"
        facts, core = self._connection.facts, self._core
        return trace_fields(
            sender=sender.address,
            helo=core.hello,
            peer=facts.address,
            by=self._house.hostname,
            with_protocol=protocol(
                extended=core.is_extended,
                tls=facts.tls is not None,
                authenticated=False,
                utf8=sender.smtputf8,
                lmtp=False,
            ),
            tls=f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
            letter=id_text(letter),
            only_recipient=self._recipients[0].address if len(self._recipients) == 1 else "",
            now=self._house.clock.now(),
        )

    # ---- keeping order

    def _letter_id(self) -> LetterId:
        if self._letter is None:
            self._letter = self._house.ids.letter()
        return self._letter

    def _refused(self, event: str, refusal: Refusal, **keys: object) -> None:
        self._house.log.info(
            event,
            peer=self._connection.facts.address,
            code=refusal.code,
            status=refusal.status,
            why=refusal.note or refusal.say,
            **keys,
        )

    def _drop(self) -> None:
        """Gives back what an unfinished body held."""
        if self._reserved:
            self._house.flight.release(self._reserved)
            self._reserved = 0
        if self._writer is not None:
            self._writer.drop()
            self._writer = None

    def _forget(self) -> None:
        """No transaction."""
        self._letter = None
        self._sender = None
        self._recipients: list[Recipient] = []
        self._residents: list[Resident] = []
        self._stations: list[Station] = []
