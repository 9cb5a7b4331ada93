"""What is the twin's own: it never waits, and works without a loop. See tests/store/contract/"""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.letters import RECEIVED, letter, new_body

from posthouse.base.clock import SetClock
from posthouse.store.contract import Store
from posthouse.store.memory import MemoryStore
from posthouse.store.values import INBOX, AddAccount, AddDomain, Deliver, Place


def now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that does not wait."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With one account, number 1."""
    store = MemoryStore(SetClock(), body_path=lambda body: tmp_path / body.hex())
    now(store.commit(AddDomain("x.org"), AddAccount("a@x.org", "a@x.org", 0, ())))
    return store


def test_everything_finishes_in_the_same_turn(store: Store) -> None:
    """Neither a commit nor a read suspends, so a driver may step it once and answer."""
    [delivered] = now(store.commit(letter().deliver(Place(1, INBOX))))

    assert delivered.places[0].uid == 1
    assert len(now(store.mailboxes(1))) == 1
    assert now(store.epoch()) > 0


def test_without_a_loop_watchers_are_called_at_once(store: Store) -> None:
    """In a plain program a watch is called before commit returns; a cancelled one is not."""
    heard: list[int] = []
    watch = store.watch(1, heard.append)
    now(store.commit(letter().deliver(Place(1, INBOX))))
    watch.cancel()
    watch.cancel()
    now(store.commit(letter().deliver(Place(1, INBOX))))

    assert len(heard) == 1


def test_a_large_body_is_read_from_its_file(store: Store, tmp_path: Path) -> None:
    """Octets of a body that the caller put into a file come from there."""
    octets = b"0123456789" * 10_000
    body = new_body(octets, in_file=True)
    (tmp_path / body.id.hex()).write_bytes(octets)
    now(store.commit(Deliver(body, letter().rendered, RECEIVED, (Place(1, INBOX),))))

    assert now(store.octets(body.id, 5, 10)) == b"5678901234"
    assert now(store.octets(body.id)) == octets


def test_closing_ends_the_watches(store: Store) -> None:
    """After close() nobody is called."""
    heard: list[int] = []
    store.watch(1, heard.append)
    store.close()
    now(store.commit(letter().deliver(Place(1, INBOX))))

    assert heard == []
