"""Domains, accounts, aliases and credentials on every engine."""

import pytest
from tests.letters import letter
from tests.store.engines import Engine

from posthouse.store.contract import Alias, Domain
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    AnyValue,
    CreateMailbox,
    Credential,
    Place,
    PutAlias,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    RenameAccount,
    RenameDomain,
    SetAccount,
    Subscribe,
    Why,
)

PASSWORD = Credential("argon2id", "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA")
SCRAM = Credential("scram-sha-256", "100000,c2FsdA==,c3RvcmVk,c2VydmVy")


@pytest.fixture
def house(engine: Engine) -> Engine:
    """Accounts ann (1) and bob (2) in example.org, an empty domain, an alias and a catch-all."""
    engine.account("ann")
    engine.account("bob")
    engine.do(
        AddDomain("example.net"),
        AddDomain("empty.org"),
        PutAlias("sales@example.org", ("ann@example.org", "else@where.org")),
        PutAlias("@example.net", ("bob@example.org",)),
    )
    return engine


def test_what_is_there_can_be_read(house: Engine) -> None:
    """Domains with their counts, accounts and aliases by address and in order."""
    store = house.store

    assert house.run(store.domains()) == [
        Domain("empty.org", 0, 0),
        Domain("example.net", 0, 1),
        Domain("example.org", 2, 1),
    ]
    assert house.run(store.has_domain("empty.org")) is True
    assert house.run(store.has_domain("nowhere.org")) is False
    assert house.run(store.account_by_address("bob@example.org")).id == 2
    assert house.run(store.account_by_address("sales@example.org")) is None
    assert house.run(store.account(2)).address == "bob@example.org"
    assert house.run(store.account(3)) is None
    assert house.run(store.alias("@example.net")) == Alias("@example.net", ("bob@example.org",))
    assert house.run(store.alias("ann@example.org")) is None


def test_a_new_account_as_it_was_added(house: Engine) -> None:
    """An account has the address, quota, credentials and mailboxes it was added with."""
    value = AddAccount(
        "straße@example.net", "Straße@Example.net", 5000, (PASSWORD, SCRAM), (("Sent", "\\Sent"),)
    )

    number = house.one(value).account

    found = house.run(house.store.account_by_address("straße@example.net"))
    assert found == house.run(house.store.account(number))
    assert (found.id, found.shown, found.enabled) == (number, "Straße@Example.net", True)
    assert (found.quota_octets, found.octets, found.letters) == (5000, 0, 0)
    assert found.created == int(house.clock.now())
    assert set(house.run(house.store.credentials(number))) == {PASSWORD, SCRAM}
    assert house.names(number) == ["INBOX", "Sent"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (AddDomain("example.org"), Why.EXISTS),
        (AddAccount("ann@example.org", "", 0, ()), Why.EXISTS),
        (AddAccount("sales@example.org", "", 0, ()), Why.EXISTS),
        (AddAccount("ann@nowhere.org", "", 0, ()), Why.NO_DOMAIN),
        (RenameDomain("nowhere.org", "new.org"), Why.GONE),
        (RenameDomain("example.org", "example.net"), Why.EXISTS),
        (RemoveDomain("nowhere.org"), Why.GONE),
        (RemoveDomain("example.org"), Why.IN_USE),
        (RemoveDomain("example.net"), Why.IN_USE),
        (SetAccount(9, enabled=False), Why.GONE),
        (RenameAccount(9, "x@example.org", ""), Why.GONE),
        (RenameAccount(1, "bob@example.org", ""), Why.EXISTS),
        (RenameAccount(1, "sales@example.org", ""), Why.EXISTS),
        (RenameAccount(1, "ann@nowhere.org", ""), Why.NO_DOMAIN),
        (RemoveAccount(9), Why.GONE),
        (PutAlias("ann@example.org", ("bob@example.org",)), Why.EXISTS),
        (PutAlias("x@nowhere.org", ("bob@example.org",)), Why.NO_DOMAIN),
        (PutAlias("@nowhere.org", ("bob@example.org",)), Why.NO_DOMAIN),
        (RemoveAlias("none@example.org"), Why.GONE),
        (RemoveAlias("ann@example.org"), Why.GONE),
    ],
    ids=str,
)
def test_what_fails(house: Engine, value: AnyValue, why: Why) -> None:
    """Each failure has its reason, changes nothing and raises no epoch."""
    before = house.everything()

    assert house.refused(value) is why
    assert house.everything() == before


def test_each_change_raises_the_epoch(house: Engine) -> None:
    """Every write of the directory is seen in the epoch, mail is not."""
    epochs = [house.run(house.store.epoch())]
    values: list[AnyValue] = [
        AddDomain("new.org"),
        RenameDomain("new.org", "newer.org"),
        RemoveDomain("newer.org"),
        AddAccount("cid@example.org", "Cid@example.org", 0, ()),
        SetAccount(1, quota_octets=10**6),
        SetAccount(1, enabled=False),
        SetAccount(1, credentials=(PASSWORD,)),
        RenameAccount(1, "anna@example.org", "Anna@example.org"),
        PutAlias("x@example.org", ("y@example.org",)),
        PutAlias("x@example.org", ("z@example.org",)),
        RemoveAlias("x@example.org"),
        RemoveAccount(1),
    ]
    for value in values:
        house.one(value)
        epochs.append(house.run(house.store.epoch()))
    assert epochs == sorted(set(epochs))

    for value in (letter().deliver(Place(2, INBOX)), Subscribe(2, "x", subscribed=True)):
        house.one(value)
        assert house.run(house.store.epoch()) == epochs[-1]


def test_a_domain_can_be_removed_when_empty(house: Engine) -> None:
    """Accounts and aliases must go first."""
    house.do(RemoveAlias("@example.net"), RemoveDomain("example.net"))

    assert not house.run(house.store.has_domain("example.net"))


def test_a_renamed_domain_takes_its_people_along(house: Engine) -> None:
    """Accounts and aliases have the new domain, the mail stays, other domains are not touched."""
    house.one(letter().deliver(Place(1, INBOX)))
    house.one(RenameDomain("example.org", "neu.de"))

    assert [d.name for d in house.run(house.store.domains())] == [
        "empty.org",
        "example.net",
        "neu.de",
    ]
    found = house.run(house.store.account_by_address("ann@neu.de"))
    assert (found.id, found.shown, found.letters) == (1, "ann@neu.de", 1)
    assert house.run(house.store.account_by_address("ann@example.org")) is None
    assert house.run(house.store.alias("sales@neu.de")) is not None
    assert house.run(house.store.alias("sales@example.org")) is None
    assert house.run(house.store.alias("@example.net")) is not None
    house.one(AddDomain("example.org"))
    house.one(AddAccount("ann@example.org", "ann@example.org", 0, ()))


def test_targets_in_a_renamed_domain_follow(house: Engine) -> None:
    """An alias of any domain still leads to the same people; targets elsewhere stay."""
    house.one(PutAlias("team@example.net", ("ann@example.org", "eve@outside.test")))
    house.one(RenameDomain("example.org", "neu.de"))

    alias = house.run(house.store.alias("team@example.net"))
    assert alias is not None
    assert alias.targets == ("ann@neu.de", "eve@outside.test")


def test_a_renamed_catch_all(house: Engine) -> None:
    """A catch-all moves with its domain too."""
    house.one(RenameDomain("example.net", "neu.de"))

    assert house.run(house.store.alias("@neu.de")) is not None
    assert house.run(house.store.alias("@example.net")) is None


def test_set_account_changes_what_is_named(house: Engine) -> None:
    """What is None stays."""
    house.one(SetAccount(1, quota_octets=77))
    house.one(SetAccount(1, enabled=False))
    house.one(SetAccount(1, credentials=(SCRAM,)))

    found = house.run(house.store.account(1))
    assert (found.quota_octets, found.enabled) == (77, False)
    assert house.run(house.store.credentials(1)) == (SCRAM,)
    house.one(SetAccount(1, credentials=(PASSWORD,), enabled=True))
    assert house.run(house.store.credentials(1)) == (PASSWORD,)
    house.one(SetAccount(1, credentials=()))
    assert house.run(house.store.credentials(1)) == ()


def test_a_disabled_account_still_gets_mail(house: Engine) -> None:
    """Whether mail is taken is the stations' matter."""
    house.one(SetAccount(1, enabled=False))

    house.one(letter().deliver(Place(1, INBOX)))


def test_a_renamed_account_keeps_its_mail(house: Engine) -> None:
    """The old address is free at once; a rename to the own address changes how it is shown."""
    house.one(letter().deliver(Place(1, INBOX)))
    house.one(RenameAccount(1, "anna@example.net", "Anna@example.net"))

    found = house.run(house.store.account_by_address("anna@example.net"))
    assert (found.id, found.shown, found.letters) == (1, "Anna@example.net", 1)
    assert house.run(house.store.account_by_address("ann@example.org")) is None
    house.one(PutAlias("ann@example.org", ("anna@example.net",)))
    house.one(RenameAccount(1, "anna@example.net", "ANNA@example.net"))
    assert house.run(house.store.account(1)).shown == "ANNA@example.net"


def test_a_removed_account_is_gone_at_once(house: Engine) -> None:
    """Address, credentials, mailboxes, letters: nothing is found, and no write reaches it."""
    house.one(SetAccount(1, credentials=(PASSWORD,)))
    house.one(letter().deliver(Place(1, INBOX)))
    house.one(RemoveAccount(1))
    store = house.store

    assert house.run(store.account(1)) is None
    assert house.run(store.account_by_address("ann@example.org")) is None
    assert [a.id for a in house.run(store.accounts())] == [2]
    assert house.run(store.credentials(1)) == ()
    assert house.refused(letter().deliver(Place(1, INBOX))) is Why.GONE
    assert house.refused(letter().append(1, INBOX)) in {Why.GONE, Why.NO_MAILBOX}
    assert house.refused(CreateMailbox(1, "x")) in {Why.GONE, Why.NO_MAILBOX}
    assert house.refused(SetAccount(1, enabled=True)) is Why.GONE
    assert house.refused(RemoveAccount(1)) is Why.GONE


def test_an_address_given_again_is_another_account(house: Engine) -> None:
    """A new account with an old address has a new id, no old mail, and a new UIDVALIDITY."""
    house.one(letter().deliver(Place(1, INBOX)))
    old = house.mailbox(1, INBOX).uidvalidity
    house.one(RemoveAccount(1))

    number = house.one(AddAccount("ann@example.org", "ann@example.org", 0, ())).account

    assert number == 3
    assert house.uids(number, INBOX) == []
    assert house.mailbox(number, INBOX).uidvalidity > old


def test_lists_go_on_after_an_address(house: Engine) -> None:
    """Pages: ordered by address, those after one, of one domain or of all."""
    names = ["a", "b", "c", "d", "é"]
    for name in names:
        house.one(AddAccount(f"{name}@example.net", f"{name}@example.net", 0, ()))
        house.one(PutAlias(f"x{name}@example.net", ("bob@example.org",)))
    store = house.store

    def addresses(found: list[object]) -> list[str]:
        return [each.address for each in found]  # type: ignore[attr-defined]

    everyone = addresses(house.run(store.accounts()))
    assert everyone == sorted(everyone)
    assert len(everyone) == 7
    of_net = addresses(house.run(store.accounts("example.net")))
    assert of_net == [f"{name}@example.net" for name in names]
    assert addresses(house.run(store.accounts("example.net", "b@example.net", 2))) == [
        "c@example.net",
        "d@example.net",
    ]
    assert addresses(house.run(store.accounts("", "d@example.net", 1))) == ["é@example.net"]
    assert addresses(house.run(store.accounts("nowhere.org"))) == []
    assert addresses(house.run(store.aliases("example.net", "", 2))) == [
        "@example.net",
        "xa@example.net",
    ]
    assert addresses(house.run(store.aliases("", "xd@example.net"))) == ["xé@example.net"]


def test_a_domain_is_not_its_own_ending(house: Engine) -> None:
    """b.org is another domain than sub.b.org and ab.org."""
    house.do(AddDomain("b.org"), AddDomain("sub.b.org"), AddDomain("ab.org"))
    for domain in ("b.org", "sub.b.org", "ab.org"):
        house.one(AddAccount(f"x@{domain}", f"x@{domain}", 0, ()))

    assert [a.address for a in house.run(house.store.accounts("b.org"))] == ["x@b.org"]
    house.one(RenameDomain("b.org", "c.org"))
    assert house.run(house.store.account_by_address("x@sub.b.org")) is not None
    assert house.run(house.store.account_by_address("x@ab.org")) is not None


def test_an_alias_is_replaced(house: Engine) -> None:
    """PutAlias of the same address gives it other targets, in their order."""
    house.one(PutAlias("sales@example.org", ("z@x.org", "a@x.org")))

    found = house.run(house.store.alias("sales@example.org"))
    assert found.targets == ("z@x.org", "a@x.org")
    house.one(RemoveAlias("sales@example.org"))
    assert house.run(house.store.alias("sales@example.org")) is None
    house.one(AddAccount("sales@example.org", "sales@example.org", 0, ()))


def test_modseq_of_a_new_account(house: Engine) -> None:
    """An account begins with a MODSEQ of at least 1, and its INBOX is not above it."""
    account = house.run(house.store.account(1))

    assert 1 <= house.mailbox(1, INBOX).highest_modseq <= account.modseq
