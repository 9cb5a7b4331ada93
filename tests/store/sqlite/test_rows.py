"""Many ranges, few statements."""

import apsw
import pytest

from posthouse.store.sqlite.rows import STATEMENTS_BEFORE_SCAN, rows_in


@pytest.mark.parametrize("step", [2, 3, 50])
@pytest.mark.parametrize("count", [1, STATEMENTS_BEFORE_SCAN, STATEMENTS_BEFORE_SCAN + 1, 200])
def test_scan_and_statements_find_the_same(step: int, count: int) -> None:
    """Whether the ranges are dense or sparse, few or many."""
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE placement (uid INTEGER PRIMARY KEY, box)")
    db.executemany(
        "INSERT INTO placement VALUES (?, 7)", [(uid,) for uid in range(1, 12_000) if uid % 5]
    )
    uids = tuple((uid, uid) for uid in range(1, count * step, step))

    statement = "SELECT uid FROM placement WHERE box=? AND uid BETWEEN ? AND ?"
    rows = rows_in(db.cursor(), statement, (7,), uids)

    assert [row[0] for row in rows] == [uid for uid, _ in uids if uid % 5]
