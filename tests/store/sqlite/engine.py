"""The embedded engine for the contract suite: a scribe in a thread, a worker's store beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
from tests.store.engines import Engine
from tests.store.sqlite.running import SETTINGS, quiet, scribe_thread

from posthouse.base.clock import SetClock
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.database import DATABASE_NAME


class InsideSqlite:
    """Reaches into the database, as the contract does not allow."""

    def __init__(self, data: Path) -> None:
        self._path = str(data / DATABASE_NAME)

    def raise_log_floor(self, account: int, modseq: int) -> None:
        self._execute("UPDATE account SET log_floor=? WHERE id=?", (modseq, account))

    def set_uidnext(self, account: int, mailbox: int, uidnext: int) -> None:
        self._execute(
            "UPDATE mailbox SET uidnext=? WHERE account=? AND id=?", (uidnext, account, mailbox)
        )

    def _execute(self, statement: str, bindings: tuple[int, ...]) -> None:
        db = apsw.Connection(self._path)
        db.set_busy_timeout(5000)
        db.execute(statement, bindings)
        db.close()


@contextmanager
def sqlite(folder: Path) -> Iterator[Engine]:
    """In an empty folder."""
    clock = SetClock()
    with scribe_thread(folder, clock):
        store = SqliteStore(folder, clock=clock, log=quiet(clock), settings=SETTINGS)
        engine = Engine(store, clock, InsideSqlite(folder))
        store.start(engine.loop)
        yield engine
        store.close()
