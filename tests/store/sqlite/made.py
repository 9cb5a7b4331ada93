"""A ledger or a store with an account in it, for tests of the parts below the contract."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.store.sqlite.running import SETTINGS, quiet

from posthouse.base.clock import Clock, SetClock
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.ledger import Failed, Kept, Ledger
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.values import AddAccount, AddDomain, AnyValue, Why

ADDRESS = "ann@example.org"


def ledger_in(data: Path, clock: Clock | None = None, settings: StoreSettings = SETTINGS) -> Ledger:
    """A new database with the account 1."""
    clock = clock or SetClock()
    prepare(data, clock)
    ledger = Ledger(data, clock=clock, log=quiet(clock), settings=settings)
    kept(ledger, AddDomain("example.org"), AddAccount(ADDRESS, ADDRESS, 0, ()))
    return ledger


def kept(ledger: Ledger, *values: AnyValue) -> Any:
    """Results of one unit that must succeed; the only one when there is one value."""
    outcome = ledger.commit([values])[0]
    assert isinstance(outcome, Kept), outcome
    return outcome.results[0] if len(values) == 1 else outcome.results


def refused(ledger: Ledger, *values: AnyValue) -> Why:
    """Why one unit failed."""
    outcome = ledger.commit([values])[0]
    assert isinstance(outcome, Failed), outcome
    return Why(outcome.why)


@contextmanager
def store_in(
    data: Path, clock: Clock, settings: StoreSettings = SETTINGS
) -> Iterator[tuple[SqliteStore, asyncio.AbstractEventLoop]]:
    """A worker's store on a loop of its own."""
    loop = asyncio.new_event_loop()
    store = SqliteStore(data, clock=clock, log=quiet(clock), settings=settings)
    store.start(loop)
    try:
        yield store, loop
    finally:
        store.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
