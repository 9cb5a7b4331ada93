"""The connection for reading."""

from pathlib import Path

import pytest

from posthouse.base.clock import SetClock
from posthouse.store.contract import StoreFailure
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
