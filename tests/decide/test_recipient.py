"""Who may be mailed here."""

import pytest
from tests.letters import letter
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.base.errors import Refusal
from posthouse.decide.recipient import decide_recipient, decide_recipient_of_ours
from posthouse.directory.resolve import Directory
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    Deliver,
    Place,
    PutAlias,
    SetAccount,
)


def site() -> MemoryStore:
    store = MemoryStore(SetClock())
    run_now(store.commit(AddDomain("example.org"), AddAccount("ann@example.org", "", 0, ())))
    return store


def test_a_resident_is_let_in() -> None:
    """The accounts behind the address come out."""
    resident = run_now(decide_recipient("Ann+x@example.org", Directory(site())))

    assert resident.accounts == (1,)


@pytest.mark.parametrize(
    ("address", "code", "status"),
    [
        ("eve@example.org", 550, "5.1.1"),
        ("ann@example.net", 550, "5.7.1"),
        ("a%b@example.net", 550, "5.7.1"),
        ("nonsense", 550, "5.7.1"),
    ],
)
def test_others_are_refused(address: str, code: int, status: str) -> None:
    """An unknown mailbox is told apart from a domain that is not ours."""
    with pytest.raises(Refusal) as refusal:
        run_now(decide_recipient(address, Directory(site())))

    assert (refusal.value.code, refusal.value.status) == (code, status)


def test_a_disabled_account_takes_no_mail() -> None:
    """It exists, and the sender is told so."""
    store = site()
    run_now(store.commit(SetAccount(1, enabled=False)))
    with pytest.raises(Refusal) as refusal:
        run_now(decide_recipient("ann@example.org", Directory(store)))

    assert (refusal.value.code, refusal.value.status) == (550, "5.2.1")


def test_postmaster_of_an_empty_site_is_put_off() -> None:
    """Never refused for good. RFC 5321 4.5.1"""
    with pytest.raises(Refusal) as refusal:
        run_now(decide_recipient("postmaster", Directory(MemoryStore(SetClock()))))

    assert refusal.value.code == 451


@pytest.mark.parametrize(
    ("address", "accounts"),
    [("ann@example.org", (1,)), ("eve@example.net", None), ("eve@[192.0.2.1]", None),
     ("Postmaster", (1,))],
)  # fmt: skip
def test_our_own_people_write_to_anybody(address: str, accounts: tuple[int, ...] | None) -> None:
    """Somebody elsewhere is no resident, and no refusal."""
    resident = run_now(decide_recipient_of_ours(address, Directory(site())))

    assert (None if resident is None else resident.accounts) == accounts
    with pytest.raises(Refusal):
        run_now(decide_recipient_of_ours("eve@example.org", Directory(site())))


def test_a_full_mailbox_is_told_at_rcpt() -> None:
    """By SIZE, exactly; without it when no octet is left; an alias is full when everybody behind
    it is: who of them has no room does not keep the others from it. RFC 1870 6.1
    """
    store = site()
    run_now(store.commit(SetAccount(1, quota_octets=1000)))
    run_now(store.commit(AddAccount("bob@example.org", "", 0, ())))
    run_now(store.commit(PutAlias("team@example.org", ("bob@example.org", "ann@example.org"))))
    directory = Directory(store)

    def refused(address: str, octets: int) -> tuple[int, str]:
        assert run_now(decide_recipient(address, directory, octets - 1))
        with pytest.raises(Refusal) as refusal:
            run_now(decide_recipient(address, directory, octets))
        return refusal.value.code, refusal.value.status

    assert refused("ann@example.org", 1001) == (452, "4.2.2")
    assert run_now(decide_recipient("team@example.org", directory, 1 << 40))
    run_now(store.commit(SetAccount(2, quota_octets=2000)))
    assert refused("team@example.org", 2001) == (452, "4.2.2")
    run_now(store.commit(PutAlias("far@example.org", ("ann@example.org", "x@far.example"))))
    assert run_now(decide_recipient("far@example.org", directory, 1 << 40))


def test_a_mailbox_with_no_octet_left_is_full_whatever_the_size() -> None:
    """Nobody said a size: one octet at least will come."""
    store = site()
    run_now(store.commit(SetAccount(1, quota_octets=letter().body.size)))
    directory = Directory(store)
    assert run_now(decide_recipient("ann@example.org", directory))
    made = letter()
    run_now(store.commit(Deliver(made.body, made.rendered, 1, (Place(1, INBOX),))))
    with pytest.raises(Refusal) as refusal:
        run_now(decide_recipient("ann@example.org", directory))
    assert refusal.value.status == "4.2.2"


def test_a_mailbox_with_too_many_letters_is_told_at_rcpt() -> None:
    """Whatever the size of the one that comes."""
    store = site()
    run_now(store.commit(SetAccount(1, quota_letters=1)))
    directory = Directory(store)

    assert run_now(decide_recipient("ann@example.org", directory))
    run_now(store.commit(letter().append(1, INBOX)))
    with pytest.raises(Refusal) as refusal:
        run_now(decide_recipient("ann@example.org", directory))
    assert (refusal.value.code, refusal.value.status) == (452, "4.2.2")
