"""One writer a data directory."""

import multiprocessing
import os
from pathlib import Path

import pytest

from posthouse.store.sqlite.lock import AlreadyHeld, DataLock


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    """Also within one process; after the release it is free."""
    with DataLock(tmp_path), pytest.raises(AlreadyHeld, match=f"process {os.getpid()}"):
        DataLock(tmp_path).take()

    with DataLock(tmp_path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """No stale lock after a crash."""
    context = multiprocessing.get_context("fork")
    taken = context.Event()

    def hold() -> None:
        DataLock(tmp_path).take()
        taken.set()
        context.Event().wait()

    process = context.Process(target=hold, daemon=True)
    process.start()
    assert taken.wait(10)
    with pytest.raises(AlreadyHeld):
        DataLock(tmp_path).take()
    process.kill()
    process.join()

    with DataLock(tmp_path):
        pass


def test_it_is_for_its_owner_only_and_released_twice_without_harm(tmp_path: Path) -> None:
    """0600 as all files of the store."""
    lock = DataLock(tmp_path)
    lock.take()
    lock.release()
    lock.release()

    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
