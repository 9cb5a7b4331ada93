"""A command writes: by the scribe where one runs, by itself where none does."""

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.letters import letter
from tests.store.sqlite.made import ADDRESS, ledger_in
from tests.store.sqlite.running import ScribeProcess, quiet, scribe_thread

from posthouse.base.clock import SystemClock
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.direct import DirectStore, all_now, open_direct, run_now
from posthouse.store.sqlite.lock import AlreadyHeld, DataLock
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    CreateMailbox,
    Note,
    Place,
    Why,
)

CLOCK = SystemClock()
SETTINGS = StoreSettings(disk_reserve_octets=0, away_seconds_max=1.0)


def opened(data: Path) -> DirectStore:
    return open_direct(data, CLOCK, quiet(CLOCK), SETTINGS)


def do(store: DirectStore, *values: Any) -> Any:
    return run_now(store.commit(*values))[0]


def test_without_a_server_it_holds_the_lock_and_commits(tmp_path: Path) -> None:
    """From an empty directory to a letter; then the lock is free."""
    store = opened(tmp_path)
    with pytest.raises(AlreadyHeld):
        DataLock(tmp_path).take()
    do(store, AddDomain("example.org"))
    account = do(store, AddAccount(ADDRESS, ADDRESS, 0, ())).account
    do(store, letter().deliver(Place(account, INBOX)))
    with pytest.raises(StoreFailure) as failure:
        do(store, CreateMailbox(account, "INBOX"))
    store.note(Note(b"i" * 16, 5, "m@x", b""))
    rows = all_now(store.letters(account, INBOX, ((1, 9),), ("uid",)))
    store.close()

    assert failure.value.why is Why.EXISTS
    assert rows == [[(1,)]]
    with DataLock(tmp_path):
        pass
    store = opened(tmp_path)
    assert len(run_now(store.trace(b"i" * 16))) == 1
    assert run_now(store.account_by_address(ADDRESS)) is not None
    store.close()


def test_beside_a_server_it_asks_the_scribe(tmp_path: Path) -> None:
    """What it writes is in effect at once; failures come over the same way; notes too."""
    ledger_in(tmp_path, CLOCK).close()
    with DataLock(tmp_path), scribe_thread(tmp_path, CLOCK):
        store = opened(tmp_path)
        store.note(Note(b"j" * 16, 5, "m@x", b""))
        assert do(store, CreateMailbox(1, "a")).mailbox == 2
        assert len(run_now(store.trace(b"j" * 16))) == 1
        with pytest.raises(StoreFailure) as failure:
            do(store, CreateMailbox(1, "a"))
        store.note(Note(b"k" * 16, 5, "m@x", b""))
        store.close()

    assert failure.value.why is Why.EXISTS
    with DataLock(tmp_path):
        pass


def test_a_server_that_does_not_answer_is_away(tmp_path: Path) -> None:
    """The lock is held and nobody listens."""
    with DataLock(tmp_path), pytest.raises(StoreFailure) as failure:
        opened(tmp_path)

    assert failure.value.why is Why.AWAY


def test_it_waits_for_a_scribe_that_is_started_again(tmp_path: Path) -> None:
    """Each unit once, though the scribe is killed between and during them."""
    ledger_in(tmp_path, CLOCK).close()
    process = ScribeProcess(tmp_path)
    process.start()
    with DataLock(tmp_path):
        store = open_direct(tmp_path, CLOCK, quiet(CLOCK), StoreSettings(disk_reserve_octets=0))
        for number in range(30):
            if number % 5 == 2:
                process.kill()
                threading.Timer(0.05, process.start).start()
            do(store, CreateMailbox(1, f"m{number}"))
        names = [box.name for box in run_now(store.mailboxes(1))]
        store.close()
    process.close()

    assert len(names) == len(set(names)) == 31


def test_it_takes_over_from_a_server_that_ended(tmp_path: Path) -> None:
    """Even when the server decided the unit and had no time to answer."""
    ledger = ledger_in(tmp_path, CLOCK)
    with scribe_thread(tmp_path, CLOCK):
        store = opened(tmp_path)
        do(store, CreateMailbox(1, "a"))
    from posthouse.store.sqlite.writers import Writer

    ledger.commit(
        [[CreateMailbox(1, "b")]],
        lambda db, outcomes: Writer(store._writer, 1, {}).record(db, {2: outcomes[0]}, 5),
    )
    ledger.close()

    assert do(store, CreateMailbox(1, "b")).mailbox == 3
    assert do(store, CreateMailbox(1, "c")).mailbox == 4
    store.close()


def test_a_coroutine_that_waits_is_a_fault_of_ours() -> None:
    """`run_now` says so."""
    import asyncio

    with pytest.raises(AssertionError, match="never suspends"):
        run_now(asyncio.sleep(0))
