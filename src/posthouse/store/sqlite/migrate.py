"""Brings mail.db to the newest schema: numbered files of SQL, forward only, all in one transaction.

A copy of the database is taken before, when there is something in it. A database from a newer
Posthouse is refused. The number of the schema is SQLite's user_version.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from posthouse.base.clock import Clock
from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.database import DATABASE_NAME, open_writer
from posthouse.store.values import Why

SCHEMA_FOLDER: Final = Path(__file__).with_name("schema")
_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql\Z")


class SchemaTooNew(Exception):
    """The data directory was used by a newer Posthouse; this one would not understand it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: from `number` - 1 to `number`."""

    number: int
    name: str
    statements: str


def migrations(folder: Path = SCHEMA_FOLDER) -> list[Migration]:
    """All steps there are, in order; their numbers have no gap."""
    steps = []
    for path in sorted(folder.iterdir()):
        match = _NAME.match(path.name)
        if match:
            steps.append(Migration(int(match[1]), path.stem, path.read_text("utf-8")))
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    return steps


def prepare(data: Path, clock: Clock, folder: Path = SCHEMA_FOLDER) -> int:
    """Makes or migrates data/mail.db and gives the number of its schema. The caller holds the lock.

    Raises SchemaTooNew, and StoreFailure for a file that cannot be used. Any failure leaves the
    database as it was.
    """
    path = data / DATABASE_NAME
    if not path.exists():
        path.touch(mode=0o600)  # the log beside it gets the same mode from SQLite
        sync_folder(data)
    try:
        db = open_writer(data)
        try:
            return migrate(db, data, clock, migrations(folder))
        finally:
            db.close()
    except (apsw.FullError, apsw.IOError) as error:
        raise StoreFailure(Why.FULL, f"{path} cannot be written: {error}") from error
    except (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError) as error:
        hint = "posthouse verify tells what can still be read"
        raise StoreFailure(Why.OURS, f"{path} cannot be used: {error}; {hint}") from error


def void_leases(data: Path) -> None:
    """At the start of a server, which holds the lock: whoever has a lease is a process of one that
    is gone, and nobody shall wait until it runs out.
    """
    db = open_writer(data)
    try:
        db.execute("DELETE FROM lease")
    finally:
        db.close()


def migrate(db: apsw.Connection, data: Path, clock: Clock, steps: list[Migration]) -> int:
    """Applies what is missing to an open database."""
    at: int = db.pragma("user_version")
    newest = len(steps)
    if at > newest:
        raise SchemaTooNew(
            f"{data / DATABASE_NAME} has schema {at}, this Posthouse knows up to {newest}: "
            "use the newer Posthouse again, or restore the copy made before the upgrade"
        )
    if at == newest:
        return at
    if at > 0:
        take_copy(db, data / f"mail.before-{at + 1:04d}.db")
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[at:]:
            db.execute(step.statements)
        if at == 0:
            _first_rows(db, clock)
        db.execute(f"PRAGMA user_version={newest}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return newest


def take_copy(db: apsw.Connection, target: Path) -> None:
    """A whole and durable copy of the database under a name that is complete or not there."""
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    db.execute("VACUUM INTO ?", (str(unfinished),))
    handle = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    unfinished.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_rows(db: apsw.Connection, clock: Clock) -> None:
    created = int(clock.now())
    rows = {"epoch": 1, "uidvalidity": 0, "account": 0, "created": created}
    rows["instance"] = int.from_bytes(os.urandom(7), "big")
    db.executemany("INSERT INTO site VALUES (?, ?)", rows.items())
