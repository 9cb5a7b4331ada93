"""One connection of a peer: octets between a transport, a core of `wire` and a station's visit.

Parses inside `data_received`; a question whose answer need not wait is answered in the same turn,
without a task; one write a turn. Reads nothing while it cannot use it, waits while the peer does
not read. Never raises into the loop: a fault of ours is logged, counted and becomes a 451 or NO.
"""

import asyncio
import ssl
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from posthouse.base.errors import Blame, Refusal
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.net.census import Census
from posthouse.net.deflate import Deflate
from posthouse.net.ports import (
    NO_FACTS,
    NO_TRANSPORT,
    NO_VISIT,
    NOBODY,
    Core,
    PeerFacts,
    Transport,
    Visit,
    has_input,
)
from posthouse.net.steps import Steps, one_turn
from posthouse.net.tls import Tunnel

FAULT: Final = ("4.3.0", "a fault of ours, please try again later")
IDLE_SECONDS: Final = 300.0
"""Where a core does not name its own limit. RFC 5321 4.5.3.2.7"""


class Door(Protocol):
    """Where a protocol meets its station."""

    @property
    def name(self) -> str:
        """The service in [listen], as "smtp"."""

    def open(self, connection: "Connection") -> tuple[Core, Visit]: ...


@dataclass(slots=True)
class Entrance:
    """What all connections of one listener share."""

    door: Door
    loop: asyncio.AbstractEventLoop
    log: Log
    row: Row
    census: Census
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    """TLS from the first octet on. RFC 8314 3.3"""
    end_point: Callable[[], bytes] = bytes
    """The hash of the certificate that new TLS sessions get. RFC 5929 4"""


class Connection:
    """An `asyncio.Protocol` by its methods, on any loop. Made for each accepted socket."""

    __slots__ = (
        "_asking", "_core", "_deflate", "_eof", "_handshake_octets", "_leaving", "_more",
        "_paused", "_quiet_since", "_shutting", "_stalled", "_steps", "_transport", "_tunnel",
        "_visit", "_waiting", "entrance", "facts",
    )  # fmt: skip

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
        self.facts = NO_FACTS
        self._core: Core = NOBODY
        self._visit: Visit = NO_VISIT
        self._transport: Transport = NO_TRANSPORT
        self._tunnel: Tunnel | None = None
        self._deflate: Deflate | None = None
        self._steps: Steps | None = None  # a question is open and waits
        self._waiting: asyncio.Future[None] | None = None  # `drained` waits for it
        self._quiet_since = 0.0  # 0: something happened since the last sweep
        self._handshake_octets = 0  # of the handshake that is going on
        self._asking = False  # in `_ask` just now
        self._more = False  # a turn is scheduled: other connections go first
        self._paused = False  # we told the transport to read no more
        self._stalled = False  # the transport told us to write no more
        self._eof = False  # the peer sends no more
        self._shutting = False  # say good-bye when no question is open
        self._leaving = False  # closed by us, the last output is on its way

    # ---- for stations

    def flush(self) -> None:
        """Writes what the core has put out."""
        self._write(self._core.take_output())
        if self._core.closing and self._steps is None and not self._asking:
            self._close()

    async def drained(self) -> None:
        """Waits while the peer leaves more output unread than is kept for it."""
        while self._stalled:
            if self._waiting is None:
                self._waiting = self.entrance.loop.create_future()
            await self._waiting

    async def turn(self) -> None:
        """Gives the loop one turn; for slices of large work."""
        await one_turn()

    def abort(self) -> None:
        """Cuts the connection."""
        self._leaving = True
        self._transport.abort()

    def shut_down(self) -> None:
        """The server stops: the core says good-bye as soon as no question is open."""
        self._shutting = True
        tunnel = self._tunnel
        if self._core is NOBODY or (tunnel is not None and not tunnel.stands):
            self.abort()  # in a handshake, or gone: there is no way to say good-bye
        elif self._steps is None and not self._more:
            self._advance()

    @property
    def is_busy(self) -> bool:
        """A question is open."""
        return self._steps is not None

    # ---- for the loop

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        try:
            self._begin(transport)
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)
            self.abort()

    def data_received(self, data: bytes) -> None:
        self._quiet_since = 0.0
        try:
            if self._tunnel is not None:
                data = self._open_tunnel(data)
                if not data:
                    return
            self._take(data)
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)
            self.abort()

    def eof_received(self) -> bool:
        """The peer may still read: what it asked for is answered, then we close. RFC 9293 3.6"""
        self._eof = True
        if self._steps is None and not self._more and not self._stalled and not self._holds_input:
            self._close()
        return True

    def pause_writing(self) -> None:
        self._stalled = True
        self._quiet_since = 0.0
        self._pause()

    def resume_writing(self) -> None:
        self._stalled = False
        self._quiet_since = 0.0
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if self._steps is None and not self._more:
            self._advance()

    def connection_lost(self, _error: Exception | None) -> None:
        steps, self._steps = self._steps, None
        visit = self._visit
        self._leaving = True
        self._stalled = False
        # References go now, so that memory is free without a run of the collector.
        self._core, self._visit, self._transport = NOBODY, NO_VISIT, NO_TRANSPORT
        self._tunnel = self._waiting = self._deflate = None
        self.entrance.census.leave(self, self.facts.address)
        try:
            if steps is not None:
                steps.cancel()
            visit.ended()
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)

    # ---- for the census

    def look(self, now: float) -> None:
        """The sweep came by: is it too long that nothing happened?"""
        since = self._quiet_since
        if since == 0.0 or (self._steps is not None and not self._stalled and not self._eof):
            self._quiet_since = now  # while we owe an answer the peer may be silent
            return
        silent = now - since
        if self._deflate is not None:
            self._deflate.rest()
        settings = self.entrance.census.settings
        try:
            if self._leaving:
                if silent >= settings.close_seconds_max:
                    self.abort()
            elif self._stalled or self._steps is not None:
                if silent >= settings.stall_seconds_max:
                    self.entrance.log.info("net.stalled", peer=self.facts.address)
                    self.abort()
            elif self._tunnel is not None and not self._tunnel.stands:
                if silent >= settings.handshake_seconds_max:
                    self._tls_failed("took too long")
            elif silent >= getattr(self._core, "idle_seconds", IDLE_SECONDS):
                self._core.timed_out()
                self.flush()
                self._close()
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)
            self.abort()

    # ---- the turn

    def _begin(self, transport: Transport) -> None:
        entrance = self.entrance
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            local = transport.get_extra_info("sockname")
            self.facts = PeerFacts(_plain(peer[0]), peer[1], _plain(local[0]), local[1], None)
        else:
            self.facts = PeerFacts("", 0, "", 0, None)
        is_welcome = entrance.census.enter(self, self.facts.address)
        transport.set_write_buffer_limits(high=entrance.census.settings.write_buffer_octets_max)
        if entrance.implicit_tls:
            if not is_welcome:
                self.abort()  # a handshake would be too much honour
                return
            self._start_tls()
            return
        self._enter()
        if is_welcome:
            # What came before we said a word is read before we say it: an early talker.
            if not has_input(transport):
                self._advance()
        else:
            self._core.shut_down()
            self.flush()
            self._close()

    def _enter(self) -> None:
        self._core, self._visit = self.entrance.door.open(self)

    def _advance(self) -> None:
        """Goes on until the core wants input, a question waits, or it is others' turn."""
        self._more = False
        core = self._core
        try:
            if self._shutting:
                core.shut_down()
            self._asking = True
            waits = self._ask(core)
            self._asking = False
            output = core.take_output()
            if output:
                self._write(output)
            if waits:
                if not core.wants_input:
                    self._pause()
            elif core.closing:
                self._close()
            elif core.starting_tls and self._tunnel is None:  # the core clears it when TLS stands
                if self._tunnel is None:
                    self._start_tls()
            elif getattr(core, "starting_compression", False):
                self._deflate = Deflate()
                getattr(core, "compression_stands")()  # noqa: B009 - only IMAP's core has it
                self._resume()
            elif self._eof and not self._stalled and not self._holds_input:
                self._close()
            else:
                self._resume()
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)
            self.abort()

    def _ask(self, core: Core) -> bool:
        """Answers questions as long as nothing waits. True: something does."""
        visit = self._visit
        left = self.entrance.census.settings.questions_per_turn_max
        while (question := core.next_question()) is not None:
            answering = visit.answer(question)
            try:
                given = answering.send(None)
            except StopIteration as end:
                core.answer(end.value)
            except Refusal as refusal:
                core.answer(refusal)
            except Exception as error:  # noqa: BLE001 - the peer gets an answer, we the traceback
                core.answer(self._fault(error))
            else:
                self._steps = Steps(answering, given, self._answered, self.entrance.loop)
                return True
            if self._shutting:
                core.shut_down()
            left -= 1
            if left == 0:
                self._more = True
                self.entrance.loop.call_soon(self._advance)
                return True
            if self._stalled or core.starting_tls:
                return self._stalled
        return False

    def _answered(self, result: Any, error: BaseException | None) -> None:
        """A question that waited is settled."""
        self._steps = None
        self._quiet_since = 0.0
        try:
            if error is not None:
                result = error if isinstance(error, Refusal) else self._fault(error)
            self._core.answer(result)
        except Exception as second:  # noqa: BLE001 - nothing may reach the loop
            self._fault(second)
            self.abort()
            return
        if self._stalled:
            self.flush()  # `resume_writing` goes on
        else:
            self._advance()

    def _take(self, data: bytes) -> None:
        """What the peer said, without TLS."""
        if self._deflate is not None:
            self._deflate.feed(data)
            self._inflate()
            return
        core = self._core
        core.receive(data)
        if self._steps is None and not self._more and not self._stalled:
            self._advance()
        elif not core.wants_input:
            self._pause()

    # ---- output and end

    def _write(self, output: bytes) -> None:
        if output and not self._leaving:
            if self._deflate is not None:
                output = self._deflate.press(output)
            tunnel = self._tunnel
            self._transport.write(output if tunnel is None else tunnel.seal(output))

    def _pause(self) -> None:
        if not self._paused and not self._leaving:
            self._paused = True
            self._transport.pause_reading()

    def _close(self) -> None:
        """The output leaves first, then the connection ends."""
        if self._leaving:
            return
        self._leaving = True
        self._quiet_since = 0.0
        transport = self._transport
        if self._tunnel is not None and (last := self._tunnel.close()):
            transport.write(last)
        transport.close()

    def _fault(self, error: BaseException) -> Refusal:
        entrance = self.entrance
        entrance.row.add("faults_total")
        entrance.log.fault("net.fault", error, door=entrance.door.name, peer=self.facts.address)
        return Refusal(451, *FAULT, note=repr(error), blame=Blame.OURS)

    # ---- compression

    @property
    def _holds_input(self) -> bool:
        """Compressed input is here that the core has not seen."""
        return self._deflate is not None and self._deflate.waits

    def _inflate(self) -> None:
        """Hands on what compressed input says, as much as the core can use."""
        deflate, core = self._deflate, self._core
        assert deflate is not None
        try:
            while deflate.waits and core.wants_input and not self._is_held:
                core.receive(deflate.take())
                if self._steps is None:
                    self._advance()
        except zlib.error as error:
            self.entrance.log.info("net.deflate_failed", peer=self.facts.address, reason=str(error))
            self.abort()
        if deflate.waits or not core.wants_input:
            self._pause()
        else:
            self._resume()

    @property
    def _is_held(self) -> bool:
        return self._more or self._stalled or self._leaving

    def _inflate_later(self) -> None:
        try:
            if not self._leaving:
                self._inflate()
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._fault(error)
            self.abort()

    # ---- TLS

    def _start_tls(self) -> None:
        entrance = self.entrance
        assert entrance.tls is not None, "an entrance without a certificate offers no TLS"
        self._tunnel = Tunnel(entrance.tls, entrance.end_point())
        self._handshake_octets = 0
        self._resume()

    def _resume(self) -> None:
        if self._paused and not self._stalled and not self._leaving:
            if self._holds_input:
                self.entrance.loop.call_soon(self._inflate_later)
                return
            self._paused = False
            self._transport.resume_reading()

    def _open_tunnel(self, data: bytes) -> bytes:
        """The octets inside TLS; does the handshake, which is never mixed with plain input."""
        tunnel = self._tunnel
        assert tunnel is not None
        stood = tunnel.stands
        if not stood and self._handshake_octets == 0 and self._holds_back(data):
            return b""
        try:
            inside = tunnel.receive(data)
        except ssl.SSLError as error:
            if waiting := tunnel.take():
                self._transport.write(waiting)  # the alert says why
            self._tls_failed(error.reason or str(error))
            return b""
        if waiting := tunnel.take():
            self._transport.write(waiting)
        if not stood:
            if tunnel.stands:
                self._tls_stands(tunnel)
            else:
                # What comes with the end of a handshake is no longer part of it: counted after.
                self._handshake_octets += len(data)
                if self._handshake_octets > self.entrance.census.settings.handshake_octets_max:
                    self._tls_failed("too many octets")
        if self._leaving:
            return b""
        if tunnel.ended:
            if inside:
                self._take(inside)
            self.eof_received()
            return b""
        return inside

    def _holds_back(self, hello: bytes) -> bool:
        """More handshakes a second than we allow: this one waits its turn."""
        entrance = self.entrance
        wait = entrance.census.handshake_wait()
        self._handshake_octets = 1  # it has its turn now, or will have it
        if wait > 0:
            self._pause()
            entrance.loop.call_later(wait, self._go_on_with, hello)
        return wait > 0

    def _go_on_with(self, hello: bytes) -> None:
        if not self._leaving:
            self._resume()
            self.data_received(hello)

    def _tls_stands(self, tunnel: Tunnel) -> None:
        entrance = self.entrance
        entrance.row.add("tls_handshakes_total")
        self.facts.tls = tunnel.facts()
        if self._core is NOBODY:
            self._enter()  # implicit TLS: the protocol begins only now
        else:
            self._core.tls_stands()
        self._advance()

    def _tls_failed(self, reason: str) -> None:
        entrance = self.entrance
        entrance.row.add("tls_failures_total")
        entrance.log.info(
            "net.tls_failed", door=entrance.door.name, peer=self.facts.address, reason=reason
        )
        self._leaving = True
        self._quiet_since = 0.0
        self._transport.close()


def _plain(address: str) -> str:
    """An IPv4 peer at a socket for both families, as systemd opens them, by its own address."""
    return address.removeprefix("::ffff:") if "." in address else address
