"""One transaction for all units that wait: every caller gets an outcome, whatever fails.

Units are first applied without savepoints, which cost a copy of each page they touch. A unit that
fails before it wrote anything (the usual case) needs none; if one fails halfway, all are taken back
and done again, each in a savepoint.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import apsw
import msgspec

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.context import Context
from posthouse.store.sqlite.database import (
    DATABASE_NAME,
    WRITER_BUSY_MS,
    Database,
    open_writer,
)
from posthouse.store.sqlite.writes import NEED_DISK, WRITES
from posthouse.store.values import AnyResult, AnyValue, Why

LOG_SUFFIX: Final = "-wal"
CHECKPOINT_BUSY_MS: Final = 500
"""How long a checkpoint of a log past its hard limit waits for readers."""
DISK_SECONDS: Final = 0.1
"""How often free disk is looked at."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A unit of which nothing was kept."""

    why: int
    text: str

    def error(self) -> StoreFailure:
        return StoreFailure(Why(self.why), self.text)


class Kept(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A unit that is on stable storage."""

    results: tuple[AnyResult, ...]


Outcome = Kept | Failed
Unit = Sequence[AnyValue]
Record = Callable[[Database, list[Outcome]], None]
"""Writes what became of the units into the same transaction."""


class _Halfway(Exception):
    """A unit failed after it had written something."""


class Ledger:
    """The one connection that writes, and the way into it. Used by the scribe and by `direct`."""

    def __init__(self, data: Path, *, clock: Clock, log: Log, settings: StoreSettings) -> None:
        self.data = data
        self.settings = settings
        self._clock = clock
        self._log = log
        self._disk_looked_at = -1.0
        self._disk_is_low = False
        self.touched: dict[int, int] = {}
        """After a commit: the accounts it touched, with their MODSEQ."""
        self.unnamed: list[bytes] = []
        """Bodies that may be named no more; the sweep empties it."""
        self.trace_days: set[int] = set()
        self.committed = False
        """Whether the last `commit` wrote something that is durable now."""
        self._log_pages = 0
        self._changes_before = 0
        self._open()

    def _open(self) -> None:
        self.connection = open_writer(self.data)
        self.db: Database = self.connection.cursor()
        self.connection.set_wal_hook(self._log_grew)
        page: int = self.connection.pragma("page_size")
        self._page_octets = page
        self._log_pages = self.log_octets() // page
        self.trace_days.clear()

    def close(self) -> None:
        """Copies the log back and closes."""
        self.connection.close()

    def epoch(self) -> int:
        value: int = self.db.execute("SELECT value FROM site WHERE key='epoch'").get
        return value

    def commit(self, units: Sequence[Unit], record: Record | None = None) -> list[Outcome]:
        """Durable when this returns. Never raises for what a unit or the disk does.

        `record` is called before the COMMIT when anything was written at all.
        """
        self.touched = {}
        self.committed = False
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                outcomes, context = self._apply(units)
            except _Halfway:
                self._roll_back()
                self.db.execute("BEGIN IMMEDIATE")
                outcomes, context = self._apply_each_apart(units)
            wrote = bool(outcomes) and self.connection.total_changes() != self._changes_before
            if wrote and record is not None:
                record(self.db, outcomes)
            self.db.execute("COMMIT")
        except apsw.Error as error:
            return self._none_kept(units, error)
        self.committed = wrote
        self.touched = context.touched
        self.unnamed += context.unnamed
        return outcomes

    def transact(self, work: Callable[[Database], None]) -> bool:
        """The store's own work in its own transaction. False: it failed, nothing of it is kept."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            work(self.db)
            self.db.execute("COMMIT")
        except apsw.Error as error:
            self._none_kept((), error)
            return False
        return True

    def checkpoint(self, *, idle: bool) -> bool:
        """Copies the log back when it is large, or when there is time. False: a reader still needs
        some of it.
        """
        octets = self._log_pages * self._page_octets
        if octets < (1 if idle else self.settings.wal_soft_octets):
            return True
        # Only when the log passes its hard limit do the waiting units wait for the slowest reader
        # too.
        mode = (
            apsw.SQLITE_CHECKPOINT_TRUNCATE
            if octets > self.settings.wal_octets_max
            else apsw.SQLITE_CHECKPOINT_PASSIVE
        )
        try:
            self.connection.set_busy_timeout(CHECKPOINT_BUSY_MS)
            try:
                in_log, copied = self.connection.wal_checkpoint(mode=mode)
            finally:
                self.connection.set_busy_timeout(WRITER_BUSY_MS)
        except apsw.BusyError:
            return False
        except apsw.Error as error:
            self._log.error("store.checkpoint_failed", error=error)
            return False
        if in_log == copied:
            self._log_pages = 0
            return True
        return False

    def log_octets(self) -> int:
        """Size of the write-ahead log's file."""
        try:
            return (self.data / (DATABASE_NAME + LOG_SUFFIX)).stat().st_size
        except FileNotFoundError:
            return 0

    def reopen(self) -> None:
        """After an I/O error nothing that the connection believes is trusted."""
        try:
            self.connection.close()
        except apsw.Error as error:
            self._log.warning("store.close_failed", error=error)
        self._open()

    def _apply(self, units: Sequence[Unit]) -> tuple[list[Outcome], Context]:
        context = self._context()
        self._changes_before = self.connection.total_changes()
        outcomes: list[Outcome] = []
        for unit in units:
            before = self.connection.total_changes()
            try:
                outcomes.append(self._apply_unit(unit, context))
            except StoreFailure as failure:
                if self.connection.total_changes() != before:
                    raise _Halfway from None
                outcomes.append(Failed(failure.why, failure.text))
            except apsw.Error:
                raise _Halfway from None
            except Exception as error:  # noqa: BLE001 - not the others' loss
                self._log.fault("store.unit_failed", error)
                raise _Halfway from None
        return outcomes, context

    def _apply_each_apart(self, units: Sequence[Unit]) -> tuple[list[Outcome], Context]:
        context = self._context()
        self._changes_before = self.connection.total_changes()
        outcomes: list[Outcome] = []
        for unit in units:
            own = self._context()
            self.db.execute("SAVEPOINT unit")
            try:
                outcomes.append(self._apply_unit(unit, own))
            except Exception as error:
                if isinstance(error, apsw.Error) and not self.connection.in_transaction:
                    raise  # SQLite took back the whole transaction: full disk, I/O error
                self.db.execute("ROLLBACK TO unit")
                self.trace_days.clear()
                outcomes.append(self._failed(error))
            else:
                context.touched.update(own.touched)
                context.unnamed += own.unnamed
            self.db.execute("RELEASE unit")
        return outcomes, context

    def _apply_unit(self, unit: Unit, context: Context) -> Kept:
        db = self.db
        results = []
        for value in unit:
            kind = type(value)
            if kind in NEED_DISK and self._disk_low():
                raise StoreFailure(Why.FULL, "the disk's reserve is touched")
            results.append(WRITES[kind](db, value, context))
        return Kept(tuple(results))

    def _context(self) -> Context:
        return Context(int(self._clock.now()), self.settings, self.trace_days)

    def _log_grew(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _disk_low(self) -> bool:
        now = self._clock.monotonic()
        if not 0 <= now - self._disk_looked_at < DISK_SECONDS:
            self._disk_looked_at = now
            low = shutil.disk_usage(self.data).free < self.settings.disk_reserve_octets
            if low != self._disk_is_low:
                self._disk_is_low = low
                event = "store.disk_low" if low else "store.disk_enough"
                self._log.warning(event, reserve_octets=self.settings.disk_reserve_octets)
        return self._disk_is_low

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.db.execute("ROLLBACK")
        self.trace_days.clear()  # a table made in it is gone

    def _none_kept(self, units: Sequence[Unit], error: apsw.Error) -> list[Outcome]:
        try:
            self._roll_back()
        except apsw.Error as second:
            self._log.warning("store.rollback_failed", error=second)
        failed = self._failed(error)
        if isinstance(error, apsw.IOError | apsw.FullError | apsw.CantOpenError):
            self.reopen()
        return [failed for _ in units]

    def _failed(self, error: Exception) -> Failed:
        if isinstance(error, StoreFailure):
            return Failed(error.why, error.text)
        if isinstance(error, apsw.FullError):
            return Failed(Why.FULL, str(error))
        if isinstance(error, apsw.IOError | apsw.BusyError | apsw.CantOpenError):
            self._log.error("store.commit_failed", error=error)
            return Failed(Why.AWAY, str(error))
        self._log.fault("store.unit_failed", error)
        return Failed(Why.OURS, str(error))
