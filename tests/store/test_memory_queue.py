"""The twin's queue; what it must do is in tests/store/contract/test_queue.py."""

from tests.queue_rows import queued
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.store.memory import MemoryStore
from posthouse.store.memory_queue import QUEUE_WRITES
from posthouse.store.sqlite.writes import WRITES


def test_the_twin_does_all_that_the_engine_does() -> None:
    """No kind of the queue's writes is missing."""
    assert {kind for kind in WRITES if kind.__module__.endswith("_queue")} == set(QUEUE_WRITES)


def test_a_commit_finishes_in_the_same_turn() -> None:
    """Also those of the queue."""
    store = MemoryStore(SetClock())
    run_now(store.commit(queued()))
    assert len(run_now(store.queue_list())) == 1
