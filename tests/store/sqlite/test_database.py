"""What both kinds of connection are set to."""

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.store.sqlite.database import PAGE_OCTETS, open_reader, open_writer
from posthouse.store.sqlite.letters import letters_statement
from posthouse.store.values import INBOX, Place


def test_the_writer_syncs_each_commit(tmp_path: Path) -> None:
    """WAL with synchronous=FULL; it checkpoints when it is told to."""
    db = open_writer(tmp_path)

    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("synchronous") == 2
    assert db.pragma("wal_autocheckpoint") == 0
    assert db.pragma("page_size") == PAGE_OCTETS


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """Not even by mistake."""
    open_writer(tmp_path).execute("CREATE TABLE t (a)")
    db = open_reader(tmp_path)

    with pytest.raises(apsw.ReadOnlyError):
        db.execute("INSERT INTO t VALUES (1)")


def test_a_reader_makes_no_database(tmp_path: Path) -> None:
    """Where there is none, it says so."""
    with pytest.raises(apsw.CantOpenError):
        open_reader(tmp_path)


@pytest.mark.parametrize("opened", [open_writer, open_reader])
def test_a_statement_is_prepared_once(
    opened: Callable[[Path], apsw.Connection], tmp_path: Path
) -> None:
    """Whatever values are bound to it: to prepare one that joins takes longer than to run it."""
    ledger = ledger_in(tmp_path)
    kept(ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(3)])
    ledger.close()
    db = opened(tmp_path)
    statement = letters_statement(("octets", "body", "size", "header_octets"))
    compiled: list[int] = []
    # It is asked whenever a statement is compiled.
    db.authorizer = lambda operation, *_: bool(compiled.append(operation)) or apsw.SQLITE_OK
    counts = []
    for uid in (1, 2, 3):
        assert db.execute(statement, (1, INBOX, uid, uid, 0, 32)).fetchall()
        counts.append(len(compiled))
    db.authorizer = None
    db.close()

    assert counts[0] == counts[2] > 0
