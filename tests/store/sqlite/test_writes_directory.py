"""The directory below the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.letters import letter
from tests.store.sqlite.made import ADDRESS, kept, ledger_in, refused

from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    Credential,
    Place,
    PutAlias,
    RemoveAccount,
    RenameDomain,
    SetAccount,
    Subscribe,
    Why,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = ledger_in(tmp_path)
    yield ledger
    ledger.close()


def test_a_removed_account_loses_its_name_at_once_and_its_number_for_ever(ledger: Ledger) -> None:
    """The next one with the address is another account; the old letters wait for the sweep."""
    kept(ledger, letter().deliver(Place(1, INBOX)), Subscribe(1, "x", True))
    kept(ledger, SetAccount(1, credentials=(Credential("argon2id", "x"),)))
    kept(ledger, RemoveAccount(1))
    added = kept(ledger, AddAccount(ADDRESS, ADDRESS, 0, ()))

    assert added.account == 2
    assert refused(ledger, letter().deliver(Place(1, INBOX))) is Why.GONE
    for table in ("credential", "subscription"):
        assert ledger.db.execute(f"SELECT count(*) FROM {table}").get == 0
    assert ledger.db.execute("SELECT count(*) FROM email").get == 1


def test_a_renamed_domain_takes_its_addresses_along(ledger: Ledger) -> None:
    """Only its own: not those of a domain whose name ends alike."""
    kept(ledger, AddDomain("an.example.org"))
    kept(ledger, AddAccount("x@an.example.org", "x@an.example.org", 0, ()))
    kept(ledger, PutAlias("info@example.org", ("a@elsewhere.example",)))
    kept(ledger, RenameDomain("example.org", "new.example"))
    addresses = ledger.db.execute("SELECT address FROM account ORDER BY id").fetchall()

    assert addresses == [("ann@new.example",), ("x@an.example.org",)]
    assert ledger.db.execute("SELECT address FROM alias").fetchall() == [("info@new.example",)]


def test_every_change_raises_the_epoch_and_the_account_s_own(ledger: Ledger) -> None:
    """A cached account can be asked whether it is still the same."""
    before = ledger.epoch()
    kept(ledger, SetAccount(1, enabled=False))

    assert ledger.epoch() == before + 1
    assert ledger.db.execute("SELECT epoch FROM account").get == ledger.epoch()
    assert 1 in ledger.touched
