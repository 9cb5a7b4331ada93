"""Opening mail.db: one writer (the scribe, or whoever holds the data directory's lock), many
readers.

Both get a connection with its PRAGMAs set. Fails with apsw.Error when the file is no database.
"""

from pathlib import Path
from typing import Any, Final, Protocol

import apsw

DATABASE_NAME: Final = "mail.db"
PAGE_OCTETS: Final = 8192
"""bench/budget_scribe.py: 4,096 costs more for each row of 2 KB, 16,384 writes more log a commit.
"""
WRITER_CACHE_KIB: Final = 64 * 1024
READER_CACHE_KIB: Final = 4 * 1024
READER_MAP_OCTETS: Final = 1 << 40
"""A reader at work maps the whole file (up to what SQLite allows): no page is copied."""
READER_BUSY_MS: Final = 5_000
"""A reader waits only while the log is recovered after a crash, or the file is being opened."""
WRITER_BUSY_MS: Final = 5_000
STATEMENTS_MAX: Final = 400
"""Prepared statements that a connection keeps: more than there are texts in this folder."""


class Database(Protocol):
    """What the write functions need of a connection: a cursor that is used for everything."""

    def execute(self, statements: str, bindings: Any = ...) -> Any: ...

    def executemany(self, statements: str, sequenceofbindings: Any) -> Any: ...


def _keep_plans(db: apsw.Connection) -> None:
    """A statement keeps its plan whatever is bound to it. Else SQLite looks at the values and
    prepares many statements anew for each: a letter was read in 14 us that takes 4."""
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def open_writer(data: Path) -> apsw.Connection:
    """The connection of the one who commits: every commit is on stable storage when it returns."""
    db = apsw.Connection(str(data / DATABASE_NAME), statementcachesize=STATEMENTS_MAX)
    _keep_plans(db)
    db.set_busy_timeout(WRITER_BUSY_MS)
    db.execute(f"PRAGMA page_size={PAGE_OCTETS}")
    db.execute("PRAGMA journal_mode=WAL")
    for pragma in (
        "synchronous=FULL",
        "wal_autocheckpoint=0",  # the scribe checkpoints between its batches
        "temp_store=MEMORY",
        "foreign_keys=OFF",
        f"cache_size=-{WRITER_CACHE_KIB}",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def open_reader(data: Path) -> apsw.Connection:
    """A connection that only reads. Raises apsw.CantOpenError when there is no mail.db yet."""
    db = apsw.Connection(
        str(data / DATABASE_NAME),
        flags=apsw.SQLITE_OPEN_READWRITE,  # the shared index of the log wants to be written
        statementcachesize=STATEMENTS_MAX,
    )
    _keep_plans(db)
    db.set_busy_timeout(READER_BUSY_MS)
    # The last one to leave would copy the log back; a worker that stops has better things to do.
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    for pragma in (
        "query_only=ON",
        "temp_store=MEMORY",
        f"cache_size=-{READER_CACHE_KIB}",
        "mmap_size=0",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def map_file(db: apsw.Connection) -> None:
    """Pages are read in place from now on."""
    db.execute(f"PRAGMA mmap_size={READER_MAP_OCTETS}")


def unmap_file(db: apsw.Connection) -> None:
    """Gives back the map and the pages that the connection keeps. No statement may be open."""
    db.execute("PRAGMA mmap_size=0")
    db.execute("PRAGMA shrink_memory")
