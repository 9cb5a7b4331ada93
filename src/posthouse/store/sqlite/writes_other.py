"""Leases and the trace."""

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import DAY_SECONDS, Context
from posthouse.store.sqlite.database import Database
from posthouse.store.values import Done, DropLease, Note, TakeLease, Why


def take_lease(db: Database, value: TakeLease, context: Context) -> Done:
    """Whose time is over loses it only when somebody else takes it."""
    taken = db.execute(
        "INSERT INTO lease VALUES (?,?,?) ON CONFLICT DO UPDATE"
        " SET holder=excluded.holder, until=excluded.until"
        " WHERE holder=excluded.holder OR until<=? RETURNING name",
        (value.name, value.holder, value.until, context.now),
    ).get
    if taken is None:
        raise StoreFailure(Why.IN_USE, f"lease {value.name} is held")
    return Done()


def drop_lease(db: Database, value: DropLease, context: Context) -> Done:
    del context
    db.execute("DELETE FROM lease WHERE name=? AND holder=?", (value.name, value.holder))
    return Done()


def note(db: Database, value: Note, context: Context) -> Done:
    """A table a day, so that an old day is dropped whole."""
    day = max(0, value.written) // DAY_SECONDS
    if day not in context.trace_days:
        make_day(db, day)
        context.trace_days.add(day)
    db.execute(
        f"INSERT INTO trace_{day:d} (letter, written, message_id, stations) VALUES (?,?,?,?)",
        (value.letter, value.written, value.message_id, value.stations),
    )
    return Done()


def make_day(db: Database, day: int) -> None:
    """The table of a day, where it is missing."""
    known = db.execute("SELECT 1 FROM trace_day WHERE day=?", (day,)).get
    if known is None:
        db.execute(
            f"CREATE TABLE trace_{day:d} (number INTEGER PRIMARY KEY, letter BLOB NOT NULL,"
            " written INTEGER NOT NULL, message_id TEXT NOT NULL, stations BLOB NOT NULL) STRICT"
        )
        db.execute(f"CREATE INDEX trace_{day:d}_letter ON trace_{day:d} (letter)")
        db.execute("INSERT INTO trace_day VALUES (?)", (day,))
