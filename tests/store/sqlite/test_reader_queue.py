"""Reading the queue costs the same with a million rows: every statement goes by an index."""

from pathlib import Path

from tests.store.sqlite.plans import Asked, scans
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader_queue import QueueReader


def test_no_read_walks_over_all_rows(tmp_path: Path) -> None:
    """Neither lists nor looks for what is due scan a table; counting, for people, does."""
    prepare(tmp_path, SetClock())
    reader = QueueReader(tmp_path)
    asked = Asked(reader)

    run_now(reader.queue_list(b"x", 10))
    run_now(reader.queue_letter(b"x"))
    run_now(reader.queue_due(5, (3, "x"), 10))
    run_now(reader.queue_next(5))
    run_now(reader.queue_destination("x"))

    assert scans(reader, asked.statements) == []
    reader.close_reader()
