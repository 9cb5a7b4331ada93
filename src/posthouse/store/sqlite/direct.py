"""The store for a command: no loop, no waiting task. Its coroutines never suspend; `run_now` steps
one to its end.

Where a server runs, units go to its scribe over the socket and this process waits for the answer.
Where none runs, this process takes the lock of the data directory and is the scribe for that
moment. So there is one writer always.
"""

import secrets
import select
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import (
    SOCKET_NAME,
    Batch,
    FrameError,
    Frames,
    Hello,
    Submit,
    frame,
    from_scribe,
    pack,
)
from posthouse.store.sqlite.ledger import Kept, Ledger, Outcome
from posthouse.store.sqlite.lock import AlreadyHeld, DataLock
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader import Reader
from posthouse.store.sqlite.watches import Watches
from posthouse.store.sqlite.writers import load
from posthouse.store.values import AnyResult, AnyValue, Noted, Why

RETRY_SECONDS: Final = 0.05
READ_OCTETS: Final = 256 * 1024

_T = TypeVar("_T")


def open_direct(
    data: Path, clock: Clock, log: Log, settings: StoreSettings | None = None
) -> "DirectStore":
    """Reaches the scribe or becomes it. Raises StoreFailure AWAY when neither can be had."""
    store = DirectStore(data, clock=clock, log=log, settings=settings or StoreSettings())
    store.reach()
    return store


def run_now(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of a coroutine that does not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    coroutine.close()
    raise AssertionError("a direct store's coroutine never suspends")


def all_now(slices: AsyncIterator[_T]) -> list[_T]:
    """All steps of a sliced read."""

    async def collect() -> list[_T]:
        return [part async for part in slices]

    return run_now(collect())


class DirectStore(Reader):
    """See `open_direct`."""

    def __init__(self, data: Path, *, clock: Clock, log: Log, settings: StoreSettings) -> None:
        super().__init__(data)
        self._clock = clock
        self._log = log
        self._settings = settings
        self._lock = DataLock(data)
        self._ledger: Ledger | None = None
        self._socket: socket.socket | None = None
        self._frames = Frames()
        self._writer = secrets.randbits(62) + 1
        self._number = 0
        self._notes: list[Noted] = []
        self._watches = Watches()

    # ---- writes

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        """Durable when this returns."""
        self._number += 1
        deadline = self._clock.monotonic() + self._settings.away_seconds_max
        while True:
            outcome = self._commit_here(values) if self._ledger else self._ask(values, deadline)
            if outcome is not None:
                break
            self._reach(deadline)  # the scribe went away: it, or we, will know the number
        self._notes.clear()
        if isinstance(outcome, Kept):
            return outcome.results
        raise outcome.error()

    def note(self, note: Noted) -> None:
        """Goes with the next commit, or at the end."""
        if len(self._notes) < self._settings.notes_max:
            self._notes.append(note)

    def watch(self, account: int, changed: Callable[[int], None]) -> Watches.Entry:
        """A command has no loop on which anybody could be called."""
        return self._watches.add(account, changed)

    def close(self) -> None:
        """Writes notes that wait; gives the lock back."""
        if self._notes:
            notes, self._notes = tuple(self._notes), []
            if self._ledger is not None:
                self._ledger.commit([(note,) for note in notes])
            elif self._socket is not None:
                self._send(Submit((), self._number, tuple(pack(note) for note in notes)))
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.close_reader()
        if self._ledger is not None:
            self._ledger.checkpoint(idle=True)
            self._ledger.close()
            self._ledger = None
        self._lock.release()

    def reach(self) -> None:
        """Finds a way to write."""
        self._reach(self._clock.monotonic() + self._settings.away_seconds_max)

    # ---- the two ways

    def _reach(self, deadline: float) -> None:
        while not self._connect() and not self._take_over():
            if self._clock.monotonic() >= deadline:
                raise StoreFailure(Why.AWAY, "a server holds the data directory, no scribe answers")
            select.select([], [], [], RETRY_SECONDS)

    def _connect(self) -> bool:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(self._settings.away_seconds_max)
        try:
            connected.connect(str(self._data / SOCKET_NAME))
        except OSError:
            connected.close()
            return False
        self._socket, self._frames = connected, Frames()
        # Connected means only that somebody listens; the scribe itself says Welcome.
        if self._send(Hello(self._writer, wants_notices=False)) and self._receive():
            return True
        self._hang_up()
        return False

    def _take_over(self) -> bool:
        try:
            self._lock.take()
        except AlreadyHeld:
            return False
        try:
            prepare(self._data, self._clock)
            self._ledger = Ledger(
                self._data, clock=self._clock, log=self._log, settings=self._settings
            )
        except BaseException:
            self._lock.release()
            raise
        return True

    def _commit_here(self, values: tuple[AnyValue, ...]) -> Outcome | None:
        assert self._ledger is not None
        # A scribe that died may have committed the unit before; then its record has the answer.
        known = load(self._ledger.db, self._writer).decided.get(self._number)
        if known is not None:
            return known
        outcome = self._ledger.commit([values, *([note] for note in self._notes)])[0]
        self._ledger.checkpoint(idle=False)
        return outcome

    def _ask(self, values: tuple[AnyValue, ...], deadline: float) -> Outcome | None:
        """None: the connection was lost before the answer."""
        unit = (self._number, pack(values))
        notes = tuple(pack(note) for note in self._notes)
        if self._send(Submit((unit,), self._number - 1, notes)):
            while self._clock.monotonic() < deadline:
                messages = self._receive()
                if not messages:
                    break
                for message in messages:
                    if isinstance(message, Batch):
                        for number, outcome in message.answers:
                            if number == self._number:
                                return outcome
        self._hang_up()
        return None

    def _send(self, message: Hello | Submit) -> bool:
        assert self._socket is not None
        try:
            self._socket.sendall(frame(message))
        except OSError:
            return False
        return True

    def _receive(self) -> list[Any]:
        """At least one message; none when the connection is lost or silent for too long."""
        assert self._socket is not None
        while True:
            try:
                data = self._socket.recv(READ_OCTETS)
                messages = self._frames.feed(data, from_scribe) if data else []
            except (OSError, FrameError) as error:
                self._log.warning("store.scribe_lost", reason=error)
                return []
            if messages or not data:
                return messages

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_a_store(store: DirectStore) -> Store:
    """For the type checker: the contract is kept."""
    return store
