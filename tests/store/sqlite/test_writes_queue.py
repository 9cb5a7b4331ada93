"""The queue's writes in SQLite; what they must do is in tests/store/contract/test_queue.py."""

from pathlib import Path
from typing import Any

import apsw
from tests.letters import RECEIVED
from tests.queue_rows import queued
from tests.store.sqlite.plans import Asked, scans

from posthouse.base.clock import SetClock
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.context import Context
from posthouse.store.sqlite.database import open_writer
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.writes import WRITES
from posthouse.store.values_queue import (
    ClaimAged,
    ClaimQueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueAction,
    Settle,
    Settled,
    Settlement,
)


class Writer:
    """A connection with the two words of a reader that `plans` wants."""

    def __init__(self, data: Path) -> None:
        prepare(data, SetClock())
        self.connection = open_writer(data)
        self.context = Context(RECEIVED, StoreSettings(), set())

    def _cursor(self) -> apsw.Cursor:
        return self.connection.cursor()

    def _all(self, statement: str, bindings: Any) -> list[Any]:
        return self._cursor().execute(statement, bindings).fetchall()

    def do(self, value: Any) -> Any:
        """Without a transaction of several units."""
        return WRITES[type(value)](self.connection.cursor(), value, self.context)


def test_no_write_walks_over_all_rows(tmp_path: Path) -> None:
    """Every statement goes by a key or an index: a million rows cost no more than ten."""
    writer = Writer(tmp_path)
    asked = Asked(writer)
    letter = queued("a@example.net", "b@example.net", "c@example.net", attend=RECEIVED)
    key = letter.letter
    writer.do(letter)
    writer.do(ClaimQueue("example.net", "w0", RECEIVED + 9, 2))
    writer.do(ClaimAged("w0", RECEIVED + 9, 2))
    writer.do(
        Settle(
            "w0",
            (Settled(key, 0, Settlement.AGAIN, 9), Settled(key, 1, Settlement.KEPT, 9)),
            ((key, 9),),
        )
    )
    writer.do(PauseQueue("example.net", 9, 1))
    for action in (QueueAction.HOLD, QueueAction.RELEASE, QueueAction.RETRY, QueueAction.DROP):
        writer.do(QueueAct(action, ((key, 0),)))
    writer.do(FreeQueue("w0"))
    writer.do(Settle("", (Settled(key, 1, Settlement.FAILED), Settled(key, 2, 1))))

    assert scans(writer, asked.statements) == []
    assert len(asked.statements) > 20
    writer.connection.close()


def test_a_letter_that_is_delivered_at_once_touches_no_destination(tmp_path: Path) -> None:
    """While the destination's row is early enough, the way in and out writes nothing to it."""
    writer = Writer(tmp_path)
    writer.do(queued(holder="w0", due=RECEIVED + 300))
    before = writer._all("SELECT * FROM queue_destination", ())
    changes = writer.connection.total_changes()
    second = queued(holder="w0", due=RECEIVED + 310)
    writer.do(second)
    writer.do(Settle("w0", (Settled(second.letter, 0, Settlement.DELIVERED),)))

    assert writer._all("SELECT * FROM queue_destination", ()) == before
    # body, letter, row; row and letter gone again
    assert writer.connection.total_changes() - changes == 5
    assert writer.context.unnamed == [second.body]
    writer.connection.close()
