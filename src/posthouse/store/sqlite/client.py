"""The store as a worker has it: reads by itself, writes by the scribe. Lives on the worker's event
loop.

Units of one turn of the loop leave in one frame. When the scribe goes away, units wait for it and
are submitted again under their numbers; the scribe applies none twice. A unit fails as AWAY only
when it is known not to have been committed, or when nobody could be asked for `away_seconds_max`.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import (
    FRAME_OCTETS_MAX,
    SOCKET_NAME,
    Batch,
    FrameError,
    Frames,
    Hello,
    Submit,
    frame,
    from_scribe,
    pack,
    record_decoder,
)
from posthouse.store.sqlite.ledger import Kept, Outcome
from posthouse.store.sqlite.reader import Reader
from posthouse.store.sqlite.watches import Watches
from posthouse.store.values import AnyResult, AnyValue, Noted, Why

READ_OCTETS: Final = 64 * 1024
SOCKET_BUFFER_OCTETS: Final = 1024 * 1024
RECONNECT_SECONDS: Final = 0.05
"""Between attempts to reach the scribe."""
REST_SECONDS: Final = 0.25
"""Who has not read for so long gives back the map of the database."""
UNIT_OCTETS_MAX: Final = FRAME_OCTETS_MAX - 1024
SUBMIT_OCTETS_MAX: Final = 8 * 1024 * 1024
"""Units of one turn are split into frames of about this size."""


class _Pending:
    """A unit whose answer has not come."""

    __slots__ = ("future", "packed", "sent", "since")

    def __init__(
        self,
        future: "asyncio.Future[tuple[AnyResult, ...]]",
        packed: msgspec.Raw,
        since: float,
    ) -> None:
        self.future = future
        self.packed = packed
        self.since = since
        self.sent = False
        """Once sent on any connection, the scribe may have committed it."""


class SqliteStore(Reader):
    """One a process, made after the fork; `start` when its loop runs."""

    def __init__(
        self,
        data: Path,
        *,
        clock: Clock,
        log: Log,
        metrics: Row | None = None,
        settings: StoreSettings | None = None,
    ) -> None:
        super().__init__(data)
        del metrics  # the scribe counts what is committed
        self._clock = clock
        self._log = log
        self._settings = settings or StoreSettings()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket: socket.socket | None = None
        self._frames = Frames()
        self._writer = secrets.randbits(62) + 1
        self._number = 0
        self._acked = 0
        self._pending: dict[int, _Pending] = {}
        self._new: list[int] = []
        """Numbers that have not been sent on this connection."""
        self._notes: list[msgspec.Raw] = []
        self._out = bytearray()
        self._is_writing = False
        self._flush_is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._note_timer: asyncio.TimerHandle | None = None
        self._rest_timer: asyncio.TimerHandle | None = None
        self._watches = Watches()
        self._closed = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connects now, or as soon as there is a scribe."""
        self._loop = loop
        self._connect()

    # ---- writes

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        """One unit of work, durable when this returns."""
        loop = self._loop
        assert loop is not None, "the store was not started"
        if self._closed:
            raise StoreFailure(Why.AWAY, "the store is closed")
        packed = pack(values)
        if len(packed) > UNIT_OCTETS_MAX:
            raise StoreFailure(Why.LIMIT, f"a unit of {len(packed)} octets")
        self._number = number = self._number + 1
        future: asyncio.Future[tuple[AnyResult, ...]] = loop.create_future()
        self._pending[number] = _Pending(future, packed, self._clock.monotonic())
        self._new.append(number)
        if not self._flush_is_due:
            self._flush_is_due = True
            loop.call_soon(self._flush)
        return await future

    def note(self, note: Noted) -> None:
        """Rides on the next unit that leaves, or goes alone after a while."""
        if len(self._notes) < self._settings.notes_max:
            self._notes.append(pack(note))
        if self._note_timer is None and self._loop is not None:
            self._note_timer = self._loop.call_later(
                self._settings.note_seconds_max / 2, self._flush_notes
            )

    def watch(self, account: int, changed: Callable[[int], None]) -> "Watches.Entry":
        """See the contract."""
        return self._watches.add(account, changed)

    def close(self) -> None:
        """Units that wait fail; what was sent may still be committed."""
        self._closed = True
        self._disconnect()
        for timer in (self._timer, self._note_timer, self._rest_timer):
            if timer is not None:
                timer.cancel()
        for number in list(self._pending):
            self._fail(number, StoreFailure(Why.AWAY, "the store is closed"))
        self.close_reader()

    # ---- the map

    def began_to_read(self) -> None:
        """Looks from now on whether reading goes on."""
        if self._rest_timer is None and self._loop is not None and not self._closed:
            self._rest_timer = self._loop.call_later(REST_SECONDS, self._look_for_rest)

    def _look_for_rest(self) -> None:
        self._rest_timer = None
        if self._was_read:
            self._was_read = False
            self.began_to_read()
        else:
            self.rest()

    # ---- the connection

    def _connect(self) -> None:
        assert self._loop is not None
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            # A local socket connects at once or not at all.
            connected.connect(str(self._data / SOCKET_NAME))
        except OSError:
            connected.close()
            self._again()
            return
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connected.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_OCTETS)
        self._socket = connected
        self._frames = Frames()
        self._out = bytearray(frame(Hello(self._writer)))
        self._new = sorted(self._pending)  # all without an answer, in their order
        self._loop.add_reader(connected, self._readable)
        self._flush()
        if self._socket is not None and self._pending:
            self._again()

    def _disconnect(self) -> None:
        if self._socket is None:
            return
        assert self._loop is not None
        self._loop.remove_reader(self._socket)
        if self._is_writing:
            self._loop.remove_writer(self._socket)
            self._is_writing = False
        self._socket.close()
        self._socket = None

    def _again(self) -> None:
        """Looks after the connection and the units' time limits a little later."""
        if self._timer is None and self._loop is not None and not self._closed:
            self._timer = self._loop.call_later(RECONNECT_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._give_up_old()
        if self._socket is None:
            self._connect()
        elif self._pending:
            self._again()

    def _lost(self, why: str) -> None:
        self._log.warning("store.scribe_lost", reason=why)
        self._disconnect()
        self._again()

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(str(error))
            return
        if not data:
            self._lost("closed")
            return
        try:
            messages = self._frames.feed(data, from_scribe)
        except FrameError as error:
            self._lost(str(error))
            return
        for message in messages:
            if isinstance(message, Batch):
                for number, outcome in message.answers:
                    self._settle(number, outcome)
                for account, modseq in message.notices:
                    self._watches.tell(account, modseq)
        # Everything below the oldest open number was answered.
        self._acked = next(iter(self._pending), self._number + 1) - 1

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._socket is None:
            self._again()
            return
        units: list[tuple[int, msgspec.Raw]] = []
        octets = 0
        for number in self._new:
            pending = self._pending.get(number)
            if pending is None:
                continue
            pending.sent = True
            units.append((number, pending.packed))
            octets += len(pending.packed)
            if octets > SUBMIT_OCTETS_MAX:
                self._out += frame(Submit(tuple(units), self._acked))
                units, octets = [], 0
        self._new.clear()
        if units or self._notes:
            self._out += frame(Submit(tuple(units), self._acked, tuple(self._notes)))
            self._notes.clear()
        self._send()
        if self._pending:
            self._again()

    def _flush_notes(self) -> None:
        self._note_timer = None
        if self._notes:
            self._flush()

    def _send(self) -> None:
        assert self._loop is not None
        assert self._socket is not None
        try:
            while self._out:
                sent = self._socket.send(self._out)
                del self._out[:sent]
        except (BlockingIOError, InterruptedError):
            if not self._is_writing:
                self._is_writing = True
                self._loop.add_writer(self._socket, self._send)
            return
        except OSError as error:
            self._lost(str(error))
            return
        if self._is_writing:
            self._is_writing = False
            self._loop.remove_writer(self._socket)

    # ---- answers

    def _settle(self, number: int, outcome: Outcome) -> None:
        pending = self._pending.pop(number, None)
        if pending is None or pending.future.done():
            return
        if isinstance(outcome, Kept):
            pending.future.set_result(outcome.results)
        else:
            pending.future.set_exception(outcome.error())

    def _fail(self, number: int, failure: StoreFailure) -> None:
        pending = self._pending.pop(number)
        if not pending.future.done():
            pending.future.set_exception(failure)

    def _give_up_old(self) -> None:
        """Units that waited too long: what the database knows of them decides."""
        if not self._pending:
            return
        limit = self._clock.monotonic() - self._settings.away_seconds_max
        old = [number for number, pending in self._pending.items() if pending.since < limit]
        if not old:
            return
        # Hanging up takes back what the scribe has not begun (it drops units of clients that are
        # gone).
        self._disconnect()
        decided = self._recorded() if any(self._pending[number].sent for number in old) else {}
        for number in old:
            outcome = decided.get(number)
            if outcome is not None:
                self._settle(number, outcome)
            else:
                self._fail(number, StoreFailure(Why.AWAY, "the scribe did not answer"))

    def _recorded(self) -> dict[int, Outcome]:
        try:
            results = self._one("SELECT results FROM unit WHERE writer=?", (self._writer,))
        except Exception as error:  # noqa: BLE001 - then nobody can be asked
            self._log.warning("store.record_unreadable", error=error)
            return {}
        return {} if results is None else dict(record_decoder.decode(results))


def _is_a_store(store: SqliteStore) -> Store:
    """For the type checker: the contract is kept."""
    return store
