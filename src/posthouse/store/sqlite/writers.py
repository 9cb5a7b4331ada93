"""Who submitted what: the scribe's memory of each writer, and its record in the table `unit`.

A number that was decided is answered from here and never applied again. The record is written in
the transaction that decides, so it is exactly as true as the units themselves, whenever the scribe
dies.
"""

from typing import Final

from posthouse.store.sqlite.channel import encode, record_decoder
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ledger import Outcome

FORGET_SECONDS: Final = 86_400
"""A writer that was not heard of for so long will not ask again."""
_RECORD: Final = (
    "INSERT INTO unit VALUES (?,?,?,?) ON CONFLICT DO UPDATE"
    " SET number=excluded.number, results=excluded.results, written=excluded.written"
)


class Writer:
    """One writer. `decided` has the outcomes whose arrival it has not confirmed yet."""

    __slots__ = ("decided", "id", "last")

    def __init__(self, writer: int, last: int, decided: dict[int, Outcome]) -> None:
        self.id = writer
        self.last = last
        self.decided = decided

    def confirm(self, acked: int) -> None:
        """Answers up to this number have arrived."""
        decided = self.decided
        for number in [number for number in decided if number <= acked]:
            del decided[number]

    def record(self, db: Database, new: dict[int, Outcome], now: int) -> None:
        """Into the transaction that decides `new`."""
        decided = tuple((self.decided | new).items() if self.decided else new.items())
        db.execute(_RECORD, (self.id, max(new), encode(decided), now))

    def settle(self, new: dict[int, Outcome]) -> None:
        """The transaction that decided these is durable."""
        self.decided.update(new)
        self.last = max(self.last, max(new))


def load(db: Database, writer: int) -> Writer:
    """What the database remembers of a writer; a new one has decided nothing."""
    row = db.execute("SELECT number, results FROM unit WHERE writer=?", (writer,)).get
    if row is None:
        return Writer(writer, 0, {})
    return Writer(writer, row[0], dict(record_decoder.decode(row[1])))
