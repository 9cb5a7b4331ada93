"""The numbers that the store gives: they only grow."""

from pathlib import Path

import pytest
from tests.store.sqlite.made import ledger_in
from tests.store.sqlite.running import SETTINGS

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import (
    UINT32_MAX,
    Context,
    next_modseq,
    next_uidvalidity,
    raise_epoch,
)
from posthouse.store.values import Why


def test_uidvalidity_follows_the_time_and_never_goes_back(tmp_path: Path) -> None:
    """A clock that jumps back, or beyond 32 bits, changes nothing about that."""
    ledger = ledger_in(tmp_path)
    given = [
        next_uidvalidity(ledger.db, Context(now, SETTINGS, set()))
        for now in (1_900_000_000, 5, 1_900_000_000, 2**40, 2**40)
    ]

    assert given[:3] == [1_900_000_000, 1_900_000_001, 1_900_000_002]
    assert given == sorted(set(given))
    assert given[-1] <= UINT32_MAX
    ledger.db.execute("UPDATE site SET value=? WHERE key='uidvalidity'", (UINT32_MAX,))
    with pytest.raises(StoreFailure) as failure:
        next_uidvalidity(ledger.db, Context(5, SETTINGS, set()))
    assert failure.value.why is Why.LIMIT
    ledger.close()


def test_modseq_belongs_to_an_account_that_exists(tmp_path: Path) -> None:
    """It is told to the watchers after the commit."""
    ledger = ledger_in(tmp_path)
    context = Context(5, SETTINGS, set())
    first, second = (next_modseq(ledger.db, 1, context) for _ in range(2))

    assert second == first + 1
    assert context.touched == {1: second}
    with pytest.raises(StoreFailure) as failure:
        next_modseq(ledger.db, 9, context)
    assert failure.value.why is Why.GONE
    ledger.close()


def test_the_epoch_grows(tmp_path: Path) -> None:
    """With each change of the directory."""
    ledger = ledger_in(tmp_path)
    before = ledger.epoch()

    assert raise_epoch(ledger.db) == before + 1 == ledger.epoch()
    ledger.close()
