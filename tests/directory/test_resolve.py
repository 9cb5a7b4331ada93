"""Which residents an address means."""

import pytest
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.directory.residents import Resident
from posthouse.directory.resolve import Directory
from posthouse.store.contract import Store
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    AccountAdded,
    AddAccount,
    AddDomain,
    PutAlias,
    RemoveAccount,
    SetAccount,
)


@pytest.fixture
def store() -> Store:
    """example.org with ann (1) and bob (2), and a domain with a Chinese name."""
    store = MemoryStore(SetClock())
    run_now(store.commit(AddDomain("example.org"), AddDomain("xn--fsqu00a.xn--0zwm56d")))
    add(store, "ann@example.org")
    add(store, "bob@example.org")
    return store


def add(store: Store, address: str) -> int:
    (result,) = run_now(store.commit(AddAccount(address, address, 0, ())))
    assert isinstance(result, AccountAdded)
    return result.account


def alias(store: Store, address: str, *targets: str) -> None:
    run_now(store.commit(PutAlias(address, targets)))


def found(store: Store, address: str) -> Resident | None:
    return run_now(Directory(store).find(address))


@pytest.mark.parametrize(
    "address", ["ann@example.org", "ANN@EXAMPLE.ORG", '"ann"@example.org', "Ann@Example.Org."]
)
def test_an_account_is_found_however_it_is_written(store: Store, address: str) -> None:
    """Case and quotes do not matter."""
    assert found(store, address) == Resident("ann@example.org", (1,))


@pytest.mark.parametrize(
    "address",
    ["eve@example.org", "ann@example.net", "ann", "", "@example.org", "ann@", "a b@example.org",
     "ann@example.org@example.org", "x" * 5000 + "@example.org", "ann@[192.0.2.1]"],
)  # fmt: skip
def test_nobody(store: Store, address: str) -> None:
    """Unknown people, other domains and what is no address mean nobody, without an error."""
    assert found(store, address) is None


def test_a_subaddress_is_the_same_person(store: Store) -> None:
    """The detail is told as it was written."""
    assert found(store, "ann+Lists@example.org") == Resident("ann@example.org", (1,), "Lists")
    assert found(store, "ann+@example.org") == Resident("ann@example.org", (1,), "")
    assert found(store, "+ann@example.org") is None


def test_an_address_with_a_plus_of_its_own_comes_first(store: Store) -> None:
    """An account that really has a plus sign is found before anybody's subaddress."""
    number = add(store, "ann+work@example.org")

    assert found(store, "ann+work@example.org") == Resident("ann+work@example.org", (number,))


def test_chinese_addresses(store: Store) -> None:
    """A domain may come in U-labels or A-labels, a local part in UTF-8."""
    number = add(store, "安@xn--fsqu00a.xn--0zwm56d")
    expected = Resident("安@xn--fsqu00a.xn--0zwm56d", (number,))

    assert found(store, "安@例子.测试") == expected
    assert found(store, "安@xn--fsqu00a.xn--0zwm56d") == expected


def test_an_alias_reaches_each_account_once(store: Store) -> None:
    """Through other aliases too, and never in a circle."""
    alias(store, "team@example.org", "ann@example.org", "staff@example.org")
    alias(store, "staff@example.org", "bob@example.org", "ann@example.org", "team@example.org")

    assert found(store, "team@example.org") == Resident("team@example.org", (1, 2))
    assert found(store, "team+x@example.org") == Resident("team@example.org", (1, 2), "x")


def test_a_target_with_a_subaddress(store: Store) -> None:
    """An alias may lead to somebody's subaddress."""
    alias(store, "sales@example.org", "ann+sales@example.org")

    assert found(store, "sales@example.org") == Resident("sales@example.org", (1,))


def test_an_alias_that_leads_nowhere_is_nobody(store: Store) -> None:
    """Targets that are gone count as nobody."""
    alias(store, "old@example.org", "gone@example.org")

    assert found(store, "old@example.org") is None


def test_the_catch_all_takes_the_rest_of_its_domain(store: Store) -> None:
    """Known people keep their mail; other domains are not touched."""
    alias(store, "@example.org", "bob@example.org")

    assert found(store, "whoever@example.org") == Resident("@example.org", (2,))
    assert found(store, "ann@example.org") == Resident("ann@example.org", (1,))
    assert found(store, "whoever@例子.测试") is None


def test_postmaster_is_always_somebody(store: Store) -> None:
    """RFC 5321 4.5.1: the oldest account when nobody was named, also without a domain."""
    assert found(store, "postmaster@example.org") == Resident("postmaster@example.org", (1,))
    assert found(store, "PostMaster+x@例子.测试") == Resident(
        "postmaster@xn--fsqu00a.xn--0zwm56d", (1,)
    )
    assert found(store, "Postmaster") == Resident("postmaster@", (1,))


def test_a_named_postmaster_comes_first(store: Store) -> None:
    """An alias decides."""
    alias(store, "postmaster@example.org", "bob@example.org")

    for address in ("postmaster@example.org", "postmaster", "postmaster+x@example.org"):
        resident = found(store, address)
        assert resident is not None
        assert resident.accounts == (2,)


def test_changes_are_true_at_once(store: Store) -> None:
    """What was cached is forgotten with the directory's epoch."""
    directory = Directory(store)
    assert run_now(directory.find("ann@example.org")) is not None
    run_now(store.commit(SetAccount(1, enabled=False)))
    disabled = run_now(directory.find("ann@example.org"))
    run_now(store.commit(RemoveAccount(1)))

    assert disabled == Resident("ann@example.org", (1,), enabled=False)
    assert run_now(directory.find("ann@example.org")) is None


def test_an_alias_with_one_enabled_account_delivers_there(store: Store) -> None:
    """Disabled accounts behind an alias are left out while one is enabled."""
    alias(store, "team@example.org", "ann@example.org", "bob@example.org")
    run_now(store.commit(SetAccount(1, enabled=False)))

    assert found(store, "team@example.org") == Resident("team@example.org", (2,))


def test_a_domain_is_ours_or_not(store: Store) -> None:
    """Whether the person exists does not matter."""
    directory = Directory(store)

    assert run_now(directory.is_local("nobody@example.org"))
    assert not run_now(directory.is_local("ann@example.net"))
    assert not run_now(directory.is_local("no address"))


def test_the_cache_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of unknown addresses does not fill memory."""
    monkeypatch.setattr("posthouse.directory.resolve.CACHE_ENTRIES_MAX", 10)
    directory = Directory(store)
    for n in range(50):
        run_now(directory.find(f"x{n}@example.org"))

    assert len(directory._cache) == 10


def test_an_alias_may_lead_elsewhere(store: Store) -> None:
    """People here and addresses elsewhere, also by further aliases; unknown ones are nobody."""
    alias(store, "team@example.org", "ann@example.org", "Eve@example.net", "more@example.org")
    alias(store, "more@example.org", "Eve@example.net", "joe@example.com", "nobody@example.org")
    alias(store, "away@example.org", "Eve@example.net")

    assert found(store, "team@example.org") == Resident(
        "team@example.org", (1,), outside=("Eve@example.net", "joe@example.com")
    )
    assert found(store, "away@example.org") == Resident(
        "away@example.org", (), outside=("Eve@example.net",)
    )
    run_now(store.commit(SetAccount(1, enabled=False)))
    assert found(store, "team@example.org") == Resident(
        "team@example.org", (), outside=("Eve@example.net", "joe@example.com")
    )
