"""A letter on its way in, whatever the door: envelope, room, octets, trace. RFC 5321 4.1.1.4

One a session, used again for each of its letters. A letter is in memory up to a limit, beyond it in
a body file that is synced before the unit that names it. Fails with `Refusal`; then nothing of the
letter is kept.
"""

import hashlib
from collections.abc import Callable
from mmap import mmap
from typing import Any, Final

from posthouse.accept.house import AcceptHouse
from posthouse.accept.received import trace_fields
from posthouse.base.errors import Blame, Refusal
from posthouse.base.ids import LetterId, id_text
from posthouse.base.log import Level
from posthouse.decide.content import decide_hops
from posthouse.directory.residents import Resident
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.mail.header import Header, header_end
from posthouse.mail.render import render
from posthouse.mail.rendered import Rendered
from posthouse.mail.thread import message_id
from posthouse.net.connection import Connection
from posthouse.queue.letter import Incoming
from posthouse.queue.trace import Station
from posthouse.store.bodies_file import BodyWriter
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, NewBody
from posthouse.wire.smtp.questions import (
    BodyAborted,
    BodyPiece,
    BodyStarts,
    Greeting,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.server import SmtpServer

RECIPIENTS_SHOWN_MAX: Final = 20
"""Recipients that the trace names; more are in the deliveries' own lines."""
_Seen = tuple[Rendered | None, str]
"""What was made of a letter's octets, and its Message-ID."""
NO_ROOM: Final = Refusal(
    452, "4.3.1", "too many letters are on their way in, try again", "in flight", Blame.WORLD
)


def no_disk(error: OSError) -> Refusal:
    """What the peer is told when a body file cannot be written."""
    return Refusal(452, "4.3.1", "not enough room here, try again later", str(error), Blame.WORLD)


class LetterIn:
    """The open transaction of one session, seen from the house.

    `head` makes the trace fields that stand before the letter's own octets; each door says there
    what it knows of the peer. It is a function and no method of the visit: a ring of references
    would keep every session until the collector comes. `door` begins the names of its events.
    """

    __slots__ = (
        "_door",
        "_head",
        "_letter",
        "_reserved",
        "_writer",
        "connection",
        "core",
        "house",
        "outside",
        "owner",
        "recipients",
        "residents",
        "sender",
        "stations",
    )

    def __init__(
        self,
        house: AcceptHouse,
        core: SmtpServer,
        connection: Connection,
        *,
        door: str,
        head: Callable[["LetterIn", LetterId], bytes],
    ) -> None:
        self.house = house
        self.core = core
        self.connection = connection
        self._door = door
        self._head = head
        self._reserved = 0
        self._writer: BodyWriter | None = None
        self._letter: LetterId | None = None
        self.sender: SenderOffered | None = None
        self.owner = 0
        """The account that sends; 0: nobody here."""
        self.forget()

    def answer(self, question: Any) -> Any:
        """The questions that doors without a mind of their own about them leave to us."""
        match question:
            case SenderOffered():
                return self.begin(question)
            case BodyStarts():
                return self.body_starts()
            case BodyPiece(data):
                return self.piece(data)
            case BodyAborted():
                return self.drop()
            case Greeting():
                return None
            case _:
                raise AssertionError(f"a question this door does not know: {question!r}")

    # ---- the envelope

    def begin(self, sender: SenderOffered) -> None:
        """MAIL was taken."""
        self.forget()
        self.sender = sender

    def add(self, asked: RecipientOffered, resident: Resident | None) -> None:
        """RCPT was taken; None: the recipient lives elsewhere."""
        recipient = Recipient(address=asked.address, notify=asked.notify, original=asked.original)
        self.recipients.append(recipient)
        if resident is None:
            self.outside.append(recipient)
        else:
            self.residents.append(resident)

    # ---- the body

    def body_starts(self) -> Refusal | None:
        """Room for what stays in memory; more than that goes to a file."""
        assert self.sender is not None, "DATA comes after MAIL"
        declared = self.sender.size or BODY_INLINE_OCTETS_MAX
        return self.reserve(min(declared, BODY_INLINE_OCTETS_MAX))

    def reserve(self, octets: int) -> Refusal | None:
        """More room, for as long as this body is open."""
        if not self.house.flight.reserve(octets):
            self.refused("busy", NO_ROOM)
            return NO_ROOM
        self._reserved += octets
        return None

    def piece(self, data: bytes) -> Refusal | None:
        """A large letter goes to a file as it comes; the page cache takes it, so nobody waits."""
        try:
            writer = self._writer
            if writer is None:
                letter = self.letter_id()
                writer = self._writer = self.house.bodies.start(letter)
                writer.write(self._head(self, letter))
            writer.write(data)
        except OSError as error:
            return self.refuse(no_disk(error))
        return None

    def refuse(self, refusal: Refusal) -> Refusal:
        """The body is not wanted any more."""
        self.house.metrics.add("letters_refused_total")
        self.refused("letter_refused", refusal)
        self.drop()
        return refusal

    async def finished(self, data: bytes) -> Incoming:
        """The letter with its final octets, rendered; a large one synced as a file."""
        house = self.house
        now = int(house.clock.now())
        letter = self.letter_id()
        octets = data if self._writer else self._head(self, letter) + data
        if self._writer is None and len(octets) <= BODY_INLINE_OCTETS_MAX:
            self._check_hops(octets)
            seen = self._look_at(octets, now)
            body = NewBody(letter, hashlib.sha256(octets).digest(), len(octets), octets)
            return self._incoming(body, seen, now)
        try:
            writer = self._writer = self._writer or house.bodies.start(letter)
            writer.write(octets)
            seen = await house.in_thread(self._finish_file, writer, now)
        except OSError as error:
            raise no_disk(error) from error
        body = NewBody(letter, writer.digest, writer.size, None)
        self._writer = None  # its file belongs to the store from now on
        return self._incoming(body, seen, now)

    def _finish_file(self, writer: BodyWriter, now: int) -> _Seen:
        """In a thread: the file and its folder are synced, the octets rendered from it."""
        with writer.mapped() as octets:
            self._check_hops(octets)
            seen = self._look_at(octets, now)
        writer.finish()
        return seen

    def _look_at(self, octets: bytes | mmap, now: int) -> _Seen:
        """Only what somebody here will read is rendered."""
        if self.residents:
            rendered = render(octets, now)
            return rendered, rendered.message_id
        return None, message_id(Header(octets[: header_end(octets)]))

    def _check_hops(self, octets: Any) -> None:
        end = octets.find(b"\r\n\r\n")
        header = bytes(octets[: end + 2]) if end >= 0 else bytes(octets[:BODY_INLINE_OCTETS_MAX])
        refusal = decide_hops(header, self.house.settings.hops_max)
        if refusal is not None:
            raise refusal

    def _incoming(self, body: NewBody, seen: _Seen, now: int) -> Incoming:
        sender = self.sender
        assert sender is not None, "a body comes after MAIL"
        self.stations.insert(0, self._station(sender, body.size))
        return Incoming(
            body=body,
            rendered=seen[0],
            message_id=seen[1],
            received=now,
            envelope=Envelope(
                sender=sender.address,
                recipients=tuple(self.recipients),
                body=sender.body,
                smtputf8=sender.smtputf8,
                envelope_id=sender.envelope_id,
                returns=sender.returns,
            ),
            residents=tuple(self.residents),
            outside=tuple(self.outside),
            owner=self.owner,
            stations=self.stations,
        )

    def _station(self, sender: SenderOffered, size: int) -> Station:
        facts = self.connection.facts
        return Station(
            int(self.house.clock.now() * 1000),
            "accept",
            self._door,
            (
                ("peer", facts.address),
                ("helo", self.core.hello),
                ("tls", facts.tls.version if facts.tls else "no"),
                ("sender", f"<{sender.address}>"),
                *(("recipient", f"<{r.address}>") for r in self.recipients[:RECIPIENTS_SHOWN_MAX]),
                ("octets", str(size)),
            ),
        )

    # ---- keeping order

    def letter_id(self) -> LetterId:
        """The letter's id, from the moment somebody asks for it."""
        if self._letter is None:
            self._letter = self.house.ids.letter()
        return self._letter

    def accepted(self, letter: Incoming, **keys: object) -> None:
        """Counted and logged; the promise itself was `intake`'s."""
        house = self.house
        house.metrics.add("letters_accepted_total")
        house.metrics.add("octets_accepted_total", letter.body.size)
        if house.log.level <= Level.INFO:
            event = f"{self._door}.accepted"
            house.log.info(
                event,
                id=id_text(letter.body.id),
                peer=self.connection.facts.address,
                sender=letter.envelope.sender,
                recipients=len(letter.envelope.recipients),
                octets=letter.body.size,
                message_id=letter.message_id,
                **keys,
            )

    def refused(self, event: str, refusal: Refusal, **keys: object) -> None:
        """One line for what the peer was refused."""
        event = f"{self._door}.{event}"
        self.house.log.info(
            event,
            peer=self.connection.facts.address,
            code=refusal.code,
            status=refusal.status,
            why=refusal.note or refusal.say,
            **keys,
        )

    @property
    def declared_octets(self) -> int:
        """SIZE of MAIL, 0 when the client did not say."""
        return 0 if self.sender is None else self.sender.size or 0

    def drop(self) -> None:
        """Gives back what an unfinished body held."""
        if self._reserved:
            self.house.flight.release(self._reserved)
            self._reserved = 0
        if self._writer is not None:
            self._writer.drop()
            self._writer = None

    def forget(self) -> None:
        """No transaction."""
        self._letter = None
        self.sender = None
        self.recipients: list[Recipient] = []
        self.residents: list[Resident] = []
        self.outside: list[Recipient] = []
        self.stations: list[Station] = []


def trace_head(letter: LetterIn, number: LetterId, *, is_peer_told: bool) -> bytes:
    """Return-Path and Received of this letter. RFC 5321 4.4"""
    sender = letter.sender
    assert sender is not None, "a body comes after MAIL"
    facts, core = letter.connection.facts, letter.core
    return trace_fields(
        sender=sender.address,
        helo=core.hello,
        peer=facts.address,
        by=letter.house.hostname,
        with_protocol=core.with_protocol,
        tls=f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
        letter=id_text(number),
        only_recipient=letter.recipients[0].address if len(letter.recipients) == 1 else "",
        now=letter.house.clock.now(),
        is_peer_told=is_peer_told,
    )
