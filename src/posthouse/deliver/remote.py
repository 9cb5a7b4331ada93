"""Brings letters to their next host: finds it, talks to it, keeps the connection for the next one.

A session takes letters of one destination as long as there are any. It ends when there are none
for a while, or when no host can be reached; what it took it always gives back with a result.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from posthouse.base.chance import Shuffle
from posthouse.base.clock import Clock
from posthouse.base.log import Level, Log
from posthouse.deliver.dialogue import Contexts, Dialogue, NoDialogue, Way
from posthouse.net.resolve import LookupFailed, Resolver
from posthouse.queue.lane import Attempt, Job, Session
from posthouse.queue.route import LOOP, NO_HOST, Routes, hosts_of, literal_address
from posthouse.queue.settings import QueueSettings, RelaySettings
from posthouse.store.contract import Store
from posthouse.store.values import BODY_INLINE_OCTETS_MAX
from posthouse.store.values_queue import QueueEnvelope, QueueRecipient
from posthouse.wire.octets import has_bare_newline
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import Outgoing, OutgoingRecipient, recipients_max
from posthouse.wire.smtp.remote_replies import RemoteReply

PIECE_OCTETS: Final = 131_072
NOTHING_THERE: Final = RemoteReply(451, "4.4.1", "no host answers")
BODY_GONE: Final = RemoteReply(554, "5.3.0", "the letter's text is lost here")
NO_MAIL_HOST: Final = 521
"""RFC 7504 3: this host never takes mail."""


@dataclass(slots=True, kw_only=True)
class RemoteHouse:
    """What a carrier works with."""

    hostname: str
    relay: RelaySettings
    queue: QueueSettings
    limits: ClientLimits
    routes: Routes
    resolver: Resolver
    store: Store
    contexts: Contexts
    clock: Clock
    log: Log
    loop: asyncio.AbstractEventLoop
    shuffle: Shuffle


class RemoteCarrier:
    """One a worker."""

    __slots__ = ("_house", "_own_names")

    def __init__(self, house: RemoteHouse) -> None:
        self._house = house
        self._own_names = frozenset({house.hostname.lower()})

    async def carry(self, session: Session) -> None:
        """See `queue.house.Carrier`."""
        try:
            ways = await self._ways(session.destination)
        except (LookupFailed, OSError) as failed:
            session.out_of_reach(RemoteReply(451, "4.4.3", f"DNS: {failed}"))
            return
        if isinstance(ways, RemoteReply):
            await self._refuse(session, ways)
            return
        again: Job | None = None
        while True:
            try:
                dialogue = await self._connect(ways)
            except NoDialogue as none:
                if again is not None:
                    _settle_all(session, again, none.reply)
                if none.reply.is_permanent:
                    await self._refuse(session, none.reply)
                else:
                    session.out_of_reach(none.reply, tried=again is not None)
                return
            try:
                again = await self._talk(session, dialogue, again)
            finally:
                dialogue.abort()
            if not (dialogue.has_quit or dialogue.is_idle):
                session.pace.failed()
                if dialogue.letters == 0:
                    # It greets us and takes nothing: as good as not there.
                    reply = dialogue.loss
                    if again is not None:
                        _settle_all(session, again, reply)
                    tried = again is not None or dialogue.begun > 0
                    session.out_of_reach(reply, tried=tried)
                    return
            if again is None:
                return

    async def _refuse(self, session: Session, reply: RemoteReply) -> None:
        """Everything of a destination that will never take it."""
        while (job := session.take()) is not None:
            await _settle_all(session, job, reply)

    # ---- where to

    async def _ways(self, destination: str) -> list[Way] | RemoteReply:
        """Addresses to try, in their order. Raises LookupFailed."""
        house = self._house
        fixed = house.routes.fixed(destination)
        if fixed is not None:
            addresses = await self._addresses(fixed.host)
            password = fixed.password if fixed.user else ""
            return [
                Way(
                    host=fixed.host,
                    address=address,
                    port=fixed.port,
                    tls=fixed.tls,
                    is_fixed=True,
                    is_lmtp=fixed.is_lmtp,
                    user=fixed.user,
                    password=password,
                )
                for address in addresses
            ] or NOTHING_THERE
        tls = "may" if house.relay.tls else "never"
        literal = literal_address(destination)
        if literal:
            return [Way(host=literal, address=literal, port=house.relay.port, tls=tls)]
        return await self._by_mx(destination, tls)

    async def _by_mx(self, domain: str, tls: str) -> list[Way] | RemoteReply:
        house = self._house
        exchangers = await house.resolver.exchangers(domain)
        hosts = hosts_of(domain, exchangers, own_names=self._own_names, shuffle=house.shuffle)
        if isinstance(hosts, RemoteReply):
            return hosts
        ways: list[Way] = []
        unknown: LookupFailed | None = None
        for host in hosts:
            try:
                addresses = await self._addresses(host)
            except LookupFailed as failed:
                unknown = failed
                continue
            ways += [
                Way(host=host, address=address, port=house.relay.port, tls=tls)
                for address in addresses
            ]
            if len(ways) >= house.relay.addresses_max:
                break
        if not ways and unknown is not None:
            raise unknown
        return ways[: house.relay.addresses_max] or NO_HOST

    async def _addresses(self, host: str) -> list[str]:
        return [host] if _is_address(host) else await self._house.resolver.addresses(host)

    async def _connect(self, ways: list[Way]) -> Dialogue:
        """The first that can be talked to. Raises NoDialogue with what the last one said."""
        house = self._house
        last = NOTHING_THERE
        never = 0
        for way in ways:
            try:
                dialogue = await Dialogue.begin(
                    way,
                    hostname=house.hostname,
                    limits=house.limits,
                    contexts=house.contexts,
                    loop=house.loop,
                )
            except NoDialogue as none:
                never += none.reply.code == NO_MAIL_HOST
                last = RemoteReply(
                    none.reply.code, none.reply.status, f"{way.shown}: {none.reply.text}"
                )
                house.log.info("relay.no_dialogue", host=way.shown, why=none.reply.said)
                continue
            if dialogue.name_said in self._own_names and not way.is_fixed:
                await dialogue.quit()
                raise NoDialogue(LOOP)  # RFC 5321 6.3
            if house.log.level <= Level.DEBUG:
                house.log.debug("relay.connected", host=way.shown, tls=dialogue.has_tls or "no")
            return dialogue
        if last.is_permanent and never < len(ways):
            # A host that does not greet us today may do so tomorrow, or another one may.
            last = RemoteReply(451, "4.4.0", last.text)
        raise NoDialogue(last)

    # ---- letters

    async def _talk(self, session: Session, dialogue: Dialogue, again: Job | None) -> Job | None:
        """Letters until there are none, or the connection is of no use; a letter that the host
        cannot have seen comes back, for the next connection."""
        house = self._house
        before: asyncio.Future[None] | None = None
        while dialogue.is_usable:
            job = again or session.take()
            again = None
            if job is None:
                dialogue.is_idle = True
                await session.wait(house.queue.idle_seconds_max)
                job = session.take()
                if not dialogue.is_usable:
                    return job
            if job is None or dialogue.letters >= house.queue.letters_per_connection_max:
                await dialogue.quit()
                return job
            began = house.clock.monotonic()
            attempts = await self._send(dialogue, job)
            if dialogue.heard_nothing:
                return job
            if before is not None:
                await before  # no more than two letters whose end the store does not know
            before = session.settled(job, attempts)
            if any(attempt.reply.is_positive for attempt in attempts):
                session.pace.succeeded(house.clock.monotonic() - began)
        return again

    async def _send(self, dialogue: Dialogue, job: Job) -> list[Attempt]:
        """One letter, in as many transactions as the host's limit of recipients wants."""
        rows = job.letter.recipients
        host = dialogue.way.shown
        try:
            load = await self._load(job)
        except KeyError:
            return [Attempt(row.number, BODY_GONE) for row in rows]
        most = recipients_max(dialogue.offered)
        attempts: list[Attempt] = []
        is_relayed = "DSN" not in dialogue.offered
        for at in range(0, len(rows), most):
            part = rows[at : at + most]
            letter = load.outgoing(job.letter.sender, part, job.letter.envelope)
            pieces = load.pieces(self._house.store)
            replies = await dialogue.send(letter, load.body, pieces)
            attempts += [
                Attempt(row.number, reply, host, is_relayed)
                for row, reply in zip(part, replies, strict=True)
            ]
            if not dialogue.is_usable:
                rest = RemoteReply(451, "4.4.2", "the connection ended before it was offered")
                attempts += [Attempt(row.number, rest, host) for row in rows[at + most :]]
                break
        return attempts

    async def _load(self, job: Job) -> "Load":
        """The letter as it leaves. Raises KeyError when the store has it no more."""
        store, letter = self._house.store, job.letter
        if job.octets is not None:
            return Load(letter.body, letter.size, job.octets, job.octets)
        if letter.size <= BODY_INLINE_OCTETS_MAX:
            octets = await store.octets(letter.body)
            return Load(letter.body, letter.size, octets, octets)
        first = await store.octets(letter.body, 0, PIECE_OCTETS)
        return Load(letter.body, letter.size, first, None)


class Load:
    """A letter's octets without the Return-Path that is ours. RFC 5321 4.4"""

    __slots__ = ("_body_id", "_head", "_size", "_skip", "body")

    def __init__(self, body_id: bytes, size: int, head: bytes, whole: bytes | None) -> None:
        self._body_id = body_id
        self._size = size
        self._head = head
        self._skip = head.find(b"\r\n") + 2 if head[:12].lower() == b"return-path:" else 0
        self.body = whole[self._skip :] if whole is not None else None

    def outgoing(
        self, sender: str, rows: tuple[QueueRecipient, ...], envelope: QueueEnvelope
    ) -> Outgoing:
        """The letter as the next host hears of it."""
        head = self._head
        is_large = self.body is None
        end = head.find(b"\r\n\r\n")
        return Outgoing(
            sender=sender,
            recipients=tuple(
                OutgoingRecipient(address=row.address, notify=row.notify, original=row.original)
                for row in rows
            ),
            size=self._size - self._skip,
            # A large one is not looked through: to say so of plain text does no harm.
            has_8bit=is_large or not head.isascii(),
            is_binary=envelope.body == "BINARYMIME" and (is_large or _is_binary(head)),
            needs_utf8=envelope.smtputf8 and not head[: end if end >= 0 else None].isascii(),
            envelope_id=envelope.envelope_id,
            returns=envelope.returns,
        )

    async def pieces(self, store: Store) -> AsyncIterator[bytes]:
        """All of it, piece by piece."""
        yield self._head[self._skip :]
        at = len(self._head)
        while at < self._size:
            piece = await store.octets(self._body_id, at, PIECE_OCTETS)
            if not piece:
                return
            at += len(piece)
            yield piece


def _settle_all(session: Session, job: Job, reply: RemoteReply) -> "asyncio.Future[None]":
    return session.settled(job, [Attempt(row.number, reply) for row in job.letter.recipients])


def _is_binary(octets: bytes) -> bool:
    return has_bare_newline(octets) or b"\0" in octets


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
