"""The connection for reading."""

from pathlib import Path

import pytest

from posthouse.base.clock import SetClock
from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.database import DATABASE_NAME
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader_base import ReaderConnection
from posthouse.store.values import Why


def test_it_opens_at_the_first_question_and_again_after_a_close(tmp_path: Path) -> None:
    """Without mail.db the question fails as AWAY; once it is there it is answered."""
    reader = ReaderConnection(tmp_path)
    with pytest.raises(StoreFailure) as failure:
        reader._one("SELECT 1")
    assert failure.value.why is Why.AWAY
    prepare(tmp_path, SetClock())

    assert reader._one("SELECT 1") == 1
    reader.close_reader()
    reader.close_reader()
    assert reader._all("SELECT 1, 2 UNION SELECT 3, 4") == [(1, 2), (3, 4)]
    reader.close_reader()


def _maps(data: Path) -> bool:
    """Whether this process maps the database now."""
    return str(data / DATABASE_NAME) + "\n" in Path("/proc/self/maps").read_text()


def test_the_file_is_mapped_while_it_is_read_and_given_back_at_rest(tmp_path: Path) -> None:
    """A rest may come at any time, twice too; the next question maps the file again."""
    prepare(tmp_path, SetClock())
    reader = ReaderConnection(tmp_path)
    reader.rest()
    for _ in range(2):
        assert reader._one("SELECT value FROM site WHERE key='epoch'") is not None
        assert _maps(tmp_path)
        reader.rest()
        reader.rest()
        assert not _maps(tmp_path)
    reader.close_reader()
