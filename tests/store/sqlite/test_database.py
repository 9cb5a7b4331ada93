"""What both kinds of connection are set to."""

from pathlib import Path

import apsw
import pytest

from posthouse.store.sqlite.database import PAGE_OCTETS, open_reader, open_writer


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
