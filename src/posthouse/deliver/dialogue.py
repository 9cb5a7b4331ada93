"""One connection to a next host: greeting, TLS, log-in, letters. RFC 5321, 3207, 4954, 2033

Each step has the limit of its stage. What fails in the beginning raises NoDialogue; a letter always
comes back with a reply for each recipient, whatever became of the connection.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from posthouse.net.dial import Line, LineFailed, TlsFailed, client_context, dial
from posthouse.wire.smtp.client import SmtpClient
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import Outgoing
from posthouse.wire.smtp.remote_replies import RemoteReply

QUIT_SECONDS: Final = 5.0
"""How long the answer to QUIT is waited for; it changes nothing."""


class NoDialogue(Exception):
    """This host cannot be talked to now; perhaps another one can."""

    def __init__(self, reply: RemoteReply) -> None:
        super().__init__(reply.said)
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One address of a next host, and how it is talked to."""

    host: str
    address: str
    port: int
    tls: str = "may"
    """may, must, verify, implicit, never."""
    is_fixed: bool = False
    """The configuration names it."""
    is_lmtp: bool = False
    user: str = ""
    password: str = ""

    @property
    def shown(self) -> str:
        """For logs and reports."""
        place = "" if self.host == self.address else f"[{self.address}]"
        return f"{self.host}{place}:{self.port}"


class Contexts:
    """TLS as a client; made when first needed."""

    __slots__ = ("_any", "_verified")

    def __init__(self, verified: ssl.SSLContext | None = None) -> None:
        self._any: ssl.SSLContext | None = None
        self._verified = verified

    def of(self, wish: str) -> ssl.SSLContext:
        if wish in ("verify", "implicit"):
            self._verified = self._verified or client_context(verify=True)
            return self._verified
        self._any = self._any or client_context(verify=False)
        return self._any


class Dialogue:
    """A connection that stands, greeted and ready for letters."""

    def __init__(self, way: Way, line: Line, client: SmtpClient) -> None:
        self.way = way
        self._line = line
        self._client = client
        self.begun = 0
        """Letters that the host was told of, or would have been."""
        self.letters = 0
        """Answered on this connection, by anything but 421."""
        self.is_idle = False
        """It stood without a letter and has not heard of the next one: hosts close such connections
        and that says nothing against them."""
        self.has_quit = False
        """We have said good-bye."""

    @classmethod
    async def begin(
        cls,
        way: Way,
        *,
        hostname: str,
        limits: ClientLimits,
        contexts: Contexts,
        loop: asyncio.AbstractEventLoop,
    ) -> "Dialogue":
        """Raises NoDialogue. TLS that fails where it is only wished for is done without, on a new
        connection. RFC 7435 3"""
        try:
            return await cls._begin(way, way.tls, hostname, limits, contexts, loop)
        except TlsFailed as failed:
            if way.tls != "may":
                raise NoDialogue(RemoteReply(454, "4.7.5", str(failed))) from failed
        try:
            return await cls._begin(way, "never", hostname, limits, contexts, loop)
        except TlsFailed as failed:
            raise AssertionError("without TLS none can fail") from failed

    @classmethod
    async def _begin(
        cls,
        way: Way,
        tls: str,
        hostname: str,
        limits: ClientLimits,
        contexts: Contexts,
        loop: asyncio.AbstractEventLoop,
    ) -> "Dialogue":
        client = SmtpClient(limits, is_lmtp=way.is_lmtp)
        try:
            line = await dial(loop, way.address, way.port, client, limits.connect_seconds_max)
        except LineFailed as failed:
            raise NoDialogue(RemoteReply(451, "4.4.1", str(failed))) from failed
        dialogue = cls(way, line, client)
        try:
            await dialogue._open(tls, hostname, limits, contexts)
        except BaseException:
            line.abort()
            raise
        return dialogue

    async def _open(
        self, tls: str, hostname: str, limits: ClientLimits, contexts: Contexts
    ) -> None:
        client, way = self._client, self.way
        if tls == "implicit":  # RFC 8314 3.3
            await self._line.start_tls(contexts.of(tls), way.host, limits.command_seconds_max)
        await self._answered("greeting")
        client.hello(hostname)
        await self._answered("hello")
        if tls in ("may", "must", "verify"):
            if "STARTTLS" in client.offered:
                await self._start_tls(tls, hostname, limits, contexts)
            elif tls != "may":
                raise NoDialogue(RemoteReply(454, "4.7.4", "the host offers no STARTTLS"))
        if way.user:
            if "AUTH" not in client.offered:
                raise NoDialogue(RemoteReply(454, "4.7.0", "the host offers no AUTH"))
            client.authenticate(way.user, way.password)
            await self._answered("auth")

    async def _start_tls(
        self, tls: str, hostname: str, limits: ClientLimits, contexts: Contexts
    ) -> None:
        client = self._client
        client.start_tls()
        try:
            await self._answered("STARTTLS")
        except NoDialogue as refused:
            if client.fault or tls != "may":
                raise TlsFailed(f"STARTTLS: {refused.reply.said}") from refused
            return  # a host that offers it and does not do it: go on in the open
        await self._line.start_tls(contexts.of(tls), self.way.host, limits.command_seconds_max)
        client.tls_stands()
        client.hello(hostname)
        await self._answered("hello")

    async def _answered(self, what: str) -> None:
        """The order is carried out, and the host said yes. Raises NoDialogue."""
        client = self._client
        await self._settle()
        if client.fault:
            raise NoDialogue(RemoteReply(451, "4.4.2", f"{what}: {client.fault}"))
        reply = client.reply
        if reply is None or not reply.is_positive:
            raise NoDialogue(reply or RemoteReply(451, "4.4.2", f"{what}: no answer"))

    # ---- letters

    @property
    def name_said(self) -> str:
        """The name by which the host greeted us, in lower case."""
        reply = self._client.reply
        return reply.text.partition(" ")[0].lower() if reply is not None else ""

    @property
    def is_usable(self) -> bool:
        """Another letter may be begun."""
        return not (self._client.fault or self._line.lost)

    @property
    def offered(self) -> dict[str, str]:
        """The host's extensions."""
        return self._client.offered

    @property
    def heard_nothing(self) -> bool:
        """The host was gone before it saw the last letter."""
        is_gone = bool(self._client.fault) and self._client.heard == 0
        return is_gone and (self.letters > 0 or self.is_idle)

    @property
    def has_tls(self) -> str:
        """Version and cipher, "" without."""
        facts = self._line.tls
        return f"{facts.version} {facts.cipher}" if facts is not None else ""

    async def send(
        self, letter: Outgoing, body: bytes | None, pieces: AsyncIterator[bytes]
    ) -> list[RemoteReply]:
        """One transaction; a reply for each recipient. `body` is the whole letter when it is at
        hand, else `pieces` give it."""
        client = self._client
        self.begun += 1
        client.begin(letter, body)
        await self._settle()
        if client.heard:
            self.is_idle = False
        if client.wants_body:
            await self._send_body(body, pieces)
            await self._settle()
        if any(result is not None and result.code != 421 for result in client.results):
            self.letters += 1
        lost = self.loss
        return [result if result is not None else lost for result in client.results]

    async def _send_body(self, body: bytes | None, pieces: AsyncIterator[bytes]) -> None:
        client, line = self._client, self._line
        if body is not None:
            client.body(body, is_last=True)
            return
        held = b""
        async for piece in pieces:
            if held:
                client.body(held, is_last=False)
                line.flush()
                with contextlib.suppress(LineFailed):
                    await line.drained(client.seconds_max)
            if not client.wants_body:
                return  # it refused midway, or is gone
            held = piece
        client.body(held, is_last=True)

    async def quit(self) -> None:
        """Says good-bye, and waits a moment for the answer."""
        self.has_quit = True
        if self.is_usable:
            self._client.quit()
            with contextlib.suppress(LineFailed):
                await self._line.until(lambda: self._client.done, QUIT_SECONDS)
        self._line.close()

    def abort(self) -> None:
        self._line.abort()

    async def _settle(self) -> None:
        """Until the order is done or wants the body; each reply has its own time."""
        client, line = self._client, self._line
        with contextlib.suppress(LineFailed):
            while not (client.done or client.wants_body):
                await line.until(self._progress(), client.seconds_max)
                if line.lost:
                    client.lost(line.lost)
        line.flush()

    def _progress(self) -> Callable[[], bool]:
        client = self._client
        due = client.replies_due
        return lambda: client.done or client.wants_body or client.replies_due != due

    @property
    def loss(self) -> RemoteReply:
        """What stands for an answer that never came. RFC 1047: after the dot it may come twice."""
        client = self._client
        why = client.fault or self._line.lost or "the host did not answer"
        if client.body_sent:
            why = f"{why} after the letter was sent; it may come twice"
        return RemoteReply(451, "4.4.2", f"connection lost: {why}")
