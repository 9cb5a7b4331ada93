"""The one process that writes the database: takes units from all workers, commits all that wait in
one transaction, answers, tells the others what changed. One blocking loop, no thread, no event
loop.

Dies at any moment without harm: what was committed is recorded with its results (`writers.py`),
what was not is submitted again by the clients. A client that does not read is dropped; it never
makes the others wait.
"""

import os
import select
import selectors
import signal
import socket
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import (
    Batch,
    FrameError,
    Hello,
    Submit,
    Welcome,
    frame,
    from_client,
    note_decoder,
    values_decoder,
)
from posthouse.store.sqlite.connection import Client
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.gather import WAIT_SECONDS, Gather
from posthouse.store.sqlite.ledger import Failed, Ledger, Outcome
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.sweep import Sweep
from posthouse.store.sqlite.writers import Writer, load
from posthouse.store.values import AnyValue, Noted, Why

IDLE_SECONDS: Final = 0.5
"""How long the loop waits for anybody before it looks after the log and the sweep."""
SWEEP_PAUSE_SECONDS: Final = 0.02
"""Between two slices of the sweep."""
ORPHAN_SECONDS_MAX: Final = 30.0
"""How long a scribe without a supervisor waits for the workers to end."""
ORPHAN_LOOK_SECONDS: Final = 0.05
CHECKPOINT_PAUSE_SECONDS: Final = 0.05
"""When a reader keeps the log from being copied back, the next attempt waits so long."""


class Waiting:
    """A unit that waits for the next commit."""

    __slots__ = ("client", "number", "values", "writer")

    def __init__(
        self, client: Client, writer: Writer, number: int, values: tuple[AnyValue, ...]
    ) -> None:
        self.client = client
        self.writer = writer
        self.number = number
        self.values = values


def run_scribe(
    *,
    data: Path,
    listener: socket.socket,
    clock: Clock,
    log: Log,
    metrics: Row | None,
    settings: StoreSettings,
) -> None:
    """Runs until SIGTERM or SIGINT, then commits what waits, copies the log back and returns."""
    scribe = Scribe(
        data=data, listener=listener, clock=clock, log=log, metrics=metrics, settings=settings
    )
    previous = {
        number: signal.signal(number, scribe.stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        scribe.run()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class Scribe:
    """The loop and its state."""

    def __init__(
        self,
        *,
        data: Path,
        listener: socket.socket,
        clock: Clock,
        log: Log,
        metrics: Row | None,
        settings: StoreSettings,
    ) -> None:
        prepare(data, clock)
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._settings = settings
        self._ledger = Ledger(data, clock=clock, log=log, settings=settings)
        self._sweep = Sweep(self._ledger, clock=clock, log=log)
        self._epoch = self._ledger.epoch()
        self._clients: dict[int, Client] = {}
        self._writers: dict[int, Writer] = {}
        self._waiting: deque[Waiting] = deque()
        self._notes: deque[Noted] = deque(maxlen=max(1, settings.notes_max))
        self._notes_since = 0.0
        self._checkpoint_after = 0.0
        self._sweep_after = 0.0
        self._gather = Gather(clock.monotonic())
        self._stopping = False
        self._parent = os.getppid()
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        # A signal that comes between two looks must end the wait for the next event.
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def stop(self, number: int = 0, at: FrameType | None = None) -> None:
        """Safe in a signal handler."""
        del number, at
        self._stopping = True
        try:
            self._wake_write.send(b"\0")
        except OSError:
            return  # it is awake already, or has seen the flag and is gone

    def run(self) -> None:
        """Until `stop`."""
        self._log.info("scribe.started", epoch=self._epoch)
        while not self._stopping:
            self._look(self._patience())
            if self._gather.waits and self._waiting:
                self._let_gather()
            self._work()
        self._drain()

    def _patience(self) -> float:
        if self._waiting:
            return 0.0
        if self._notes:
            due = self._notes_since + self._settings.note_seconds_max - self._clock.monotonic()
            return min(max(0.0, due), IDLE_SECONDS)
        return SWEEP_PAUSE_SECONDS if self._sweep.has_work else IDLE_SECONDS

    def _look(self, seconds: float) -> None:
        """Takes in all that has arrived."""
        for key, events in self._selector.select(seconds):
            client = key.data
            if client is None:
                if key.fileobj is self._listener:
                    self._accept()
                continue
            if events & selectors.EVENT_WRITE:
                self._write(client)
            if events & selectors.EVENT_READ:
                self._read(client)

    def _let_gather(self) -> None:
        """Sleeps through what comes in, since to wake for each unit would cost what this saves."""
        select.select([self._wake_read], [], [], WAIT_SECONDS)  # a signal ends it
        self._look(0.0)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # out of descriptors: those who are connected go on
                self._log.warning("scribe.accept_failed", error=error)
                return
            accepted.setblocking(False)
            client = Client(accepted, self._settings.client_buffer_octets_max)
            self._clients[accepted.fileno()] = client
            self._selector.register(accepted, selectors.EVENT_READ, client)

    def _read(self, client: Client) -> None:
        try:
            messages = client.receive(from_client)
        except (FrameError, OSError) as error:
            self._drop(client, str(error))
            return
        if client.gone:
            # What it still had to say was read with the end: who hung up does not wait for it.
            self._drop(client, "")
            return
        for message in messages:
            if isinstance(message, Hello):
                client.wants_notices = message.wants_notices
                client.writer = self._writer(message.writer)
                self._send(client, frame(Welcome(client.writer.last)))
            elif client.writer is None:
                self._drop(client, "units before Hello")
                return
            else:
                self._submit(client, client.writer, message)

    def _writer(self, writer: int) -> Writer:
        known = self._writers.get(writer)
        if known is None:
            known = self._writers[writer] = load(self._ledger.db, writer)
        return known

    def _submit(self, client: Client, writer: Writer, message: Submit) -> None:
        writer.confirm(message.acked)
        again: list[tuple[int, Outcome]] = []
        for number, packed in message.units:
            if number > writer.last:
                try:
                    values = values_decoder.decode(packed)
                except msgspec.DecodeError as error:
                    again.append((number, Failed(Why.OURS, f"not understood: {error}")))
                    continue
                self._waiting.append(Waiting(client, writer, number, values))
                continue
            outcome = writer.decided.get(number)
            if outcome is None:
                outcome = Failed(Why.OURS, "the unit was decided and its answer is not known")
            again.append((number, outcome))
        if again:
            self._send(client, frame(Batch(tuple(again), (), self._epoch)))
        if message.notes:
            if not self._notes:
                self._notes_since = self._clock.monotonic()
            for packed in message.notes:
                try:
                    self._notes.append(note_decoder.decode(packed))
                except msgspec.DecodeError as error:
                    self._log.warning("scribe.note_dropped", reason=error)

    def _work(self) -> None:
        """One commit if anybody waits for one, then what the log and the sweep need."""
        now = self._clock.monotonic()
        if self._waiting or self._notes_are_due(now):
            self._commit()
        elif self._sweep.has_work and now >= self._sweep_after:
            self._sweep.step()
            # Whoever comes meanwhile shall not wait for slice after slice.
            self._sweep_after = now + SWEEP_PAUSE_SECONDS
        else:
            self._checkpoint(idle=True)
            return
        self._checkpoint(idle=False)

    def _notes_are_due(self, now: float) -> bool:
        return bool(self._notes) and now - self._notes_since >= self._settings.note_seconds_max

    def _take(self) -> list[Waiting]:
        """The next batch. Units of clients that hung up meanwhile and numbers decided twice are
        left out.
        """
        batch: list[Waiting] = []
        numbers: set[tuple[int, int]] = set()
        while self._waiting and len(batch) < self._settings.commit_units_max:
            waiting = self._waiting.popleft()
            key = (waiting.writer.id, waiting.number)
            if waiting.client.gone or key in numbers:
                continue
            if waiting.number <= waiting.writer.last:
                again = waiting.writer.decided.get(waiting.number)
                if again is not None:
                    answer = Batch(((waiting.number, again),), (), self._epoch)
                    self._send(waiting.client, frame(answer))
                continue
            numbers.add(key)
            batch.append(waiting)
        return batch

    def _commit(self) -> None:
        batch = self._take()
        notes: list[tuple[AnyValue, ...]] = [(note,) for note in self._notes]
        if not batch and not notes:
            return
        started = self._clock.monotonic()
        decided: dict[Writer, dict[int, Outcome]] = {}

        def record(db: Database, outcomes: list[Outcome]) -> None:
            now = int(self._clock.now())
            for waiting, outcome in zip(batch, outcomes, strict=False):  # notes come behind
                decided.setdefault(waiting.writer, {})[waiting.number] = outcome
            for writer, new in decided.items():
                writer.record(db, new, now)

        outcomes = self._ledger.commit([waiting.values for waiting in batch] + notes, record)
        if self._ledger.committed:
            for writer, new in decided.items():
                writer.settle(new)
        if batch:
            self._gather.committed(len(batch), self._clock.monotonic())
        self._notes.clear()
        self._answer(batch, outcomes[: len(batch)])
        self._count(outcomes[: len(batch)], started)

    def _answer(self, batch: list[Waiting], outcomes: list[Outcome]) -> None:
        """One frame a connection: its answers, and what changed for all."""
        self._epoch = self._ledger.epoch()
        notices = tuple(self._ledger.touched.items())
        answers: dict[Client, list[tuple[int, Outcome]]] = {}
        for waiting, outcome in zip(batch, outcomes, strict=True):
            answers.setdefault(waiting.client, []).append((waiting.number, outcome))
        for client, found in answers.items():
            told = notices if client.wants_notices else ()
            self._send(client, frame(Batch(tuple(found), told, self._epoch)))
        if not notices:
            return
        others = frame(Batch((), notices, self._epoch))
        for client in list(self._clients.values()):
            if client not in answers and client.wants_notices and client.writer is not None:
                self._send(client, others)

    def _count(self, outcomes: list[Outcome], started: float) -> None:
        metrics = self._metrics
        if metrics is None:
            return
        failed = sum(1 for outcome in outcomes if isinstance(outcome, Failed))
        metrics.add("units_committed_total", len(outcomes) - failed)
        metrics.add("units_failed_total", failed)
        metrics.add("commits_total")
        spent = self._clock.monotonic() - started
        metrics.add("commit_seconds_total", int(spent * 1_000_000))

    def _checkpoint(self, *, idle: bool) -> None:
        now = self._clock.monotonic()
        if now < self._checkpoint_after and not idle:
            return
        if not self._ledger.checkpoint(idle=idle):
            self._checkpoint_after = now + CHECKPOINT_PAUSE_SECONDS
        if self._metrics is not None:
            self._metrics.set("wal_octets", self._ledger.log_octets())

    def _send(self, client: Client, data: bytes) -> None:
        if client.gone:
            return
        client.out += data
        self._write(client)

    def _write(self, client: Client) -> None:
        try:
            client.send()
        except OSError as error:
            self._drop(client, str(error))
            return
        if client.is_too_slow:
            self._drop(client, "does not read its answers")
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.out else 0)
        if wanted != client.events:
            client.events = wanted
            self._selector.modify(client.socket, wanted, client)

    def _drop(self, client: Client, why: str) -> None:
        """Ends a connection. Its units that wait are not begun; its writer may come again."""
        if self._clients.pop(client.socket.fileno(), None) is None:
            return
        if why:
            self._log.warning("scribe.client_dropped", reason=why)
        self._selector.unregister(client.socket)
        client.close()
        if client.writer is not None and not any(
            other.writer is client.writer for other in self._clients.values()
        ):
            self._writers.pop(client.writer.id, None)

    def _outlast_workers(self) -> None:
        """The supervisor died, and we were told to stop together with the workers: they finish what
        they promised first. A supervisor that lives stops them before us.
        """
        end = self._clock.monotonic() + ORPHAN_SECONDS_MAX
        while self._clients and self._clock.monotonic() < end:
            self._look(ORPHAN_LOOK_SECONDS)
            self._commit()

    def _drain(self) -> None:
        """What has arrived is still committed and answered."""
        self._look(0.0)
        if os.getppid() != self._parent:
            self._outlast_workers()
        while self._waiting or self._notes:
            self._commit()
        for client in list(self._clients.values()):
            self._drop(client, "")
        self._ledger.checkpoint(idle=True)
        self._ledger.close()
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        self._log.info("scribe.stopped")
