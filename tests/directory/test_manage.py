"""Changes of the directory, as command line and admin page make them."""

import pytest
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.directory.manage import SPECIAL_MAILBOXES, Manage, NotDone
from posthouse.store.contract import Store
from posthouse.store.memory import MemoryStore


@pytest.fixture
def store() -> Store:
    return MemoryStore(SetClock())


@pytest.fixture
def manage(store: Store) -> Manage:
    """example.org with ann."""
    manage = Manage(store, scram=False)
    run_now(manage.add_domain("Example.ORG"))
    run_now(manage.add_account("Ann@example.org", "secret", 500))
    return manage


def test_domains(store: Store, manage: Manage) -> None:
    """Added once, renamed with everybody in them, removed when empty."""
    assert run_now(manage.domain("example.org")).accounts == 1
    with pytest.raises(NotDone, match="there already"):
        run_now(manage.add_domain("example.org"))
    with pytest.raises(NotDone, match="still has") as why:
        run_now(manage.remove_domain("example.org"))
    assert "account list" in why.value.hint
    run_now(manage.rename_domain("example.org", "例子.测试"))
    assert run_now(manage.account("ann@例子.测试")).letters == 0
    run_now(manage.remove_account("ann@例子.测试"))
    assert run_now(manage.remove_domain("例子.测试")) == "xn--fsqu00a.xn--0zwm56d"
    for nothing in (
        manage.domain("example.org"),
        manage.remove_domain("example.org"),
        manage.rename_domain("example.org", "example.com"),
    ):
        with pytest.raises(NotDone, match="there is no domain"):
            run_now(nothing)


@pytest.mark.parametrize("name", ["", "a b", "-x.org", "x..org", "ann@example.org"])
def test_what_is_no_domain(manage: Manage, name: str) -> None:
    """The sentence says what was found."""
    with pytest.raises(NotDone, match="not a domain name"):
        run_now(manage.add_domain(name))


def test_an_account_has_its_mailboxes_and_quota(store: Store, manage: Manage) -> None:
    """INBOX and the special ones, from the first moment."""
    account = run_now(manage.account("ann@example.org"))
    names = {m.name: m.special_use for m in run_now(store.mailboxes(account.id))}

    assert (account.shown, account.quota_octets) == ("Ann@example.org", 500)
    assert names == {"INBOX": "", **dict(SPECIAL_MAILBOXES)}


def test_accounts_that_cannot_be_added(manage: Manage) -> None:
    """Twice, in a domain of others, with an empty password, with no address."""
    cases = {
        "already": ("ANN@example.org", "x"),
        "is not ours": ("ann@example.net", "x"),
        "is empty": ("bob@example.org", ""),
        "is not an address": ("bob", "x"),
    }
    for sentence, (address, password) in cases.items():
        with pytest.raises(NotDone, match=sentence):
            run_now(manage.add_account(address, password))


def test_an_account_changes_and_goes(store: Store, manage: Manage) -> None:
    """Password, quota, state and address change; removed is removed."""
    account = run_now(
        manage.set_account("ann@example.org", password="new", quota_octets=9, enabled=False)
    )
    assert (account.quota_octets, account.enabled) == (9, False)
    with pytest.raises(NotDone, match="is empty"):
        run_now(manage.set_account("ann@example.org", password=""))
    _, new = run_now(manage.rename_account("ann@example.org", "anna@example.org"))
    assert new.key == "anna@example.org"
    with pytest.raises(NotDone, match="is not ours"):
        run_now(manage.rename_account("anna@example.org", "anna@example.net"))
    run_now(manage.remove_account("anna@example.org"))
    with pytest.raises(NotDone, match="no account"):
        run_now(manage.account("anna@example.org"))
    assert run_now(store.credentials(account.id)) == ()


def test_aliases(manage: Manage) -> None:
    """Added, replaced, renamed, removed; the catch-all is written @domain."""
    alias = run_now(manage.put_alias("Info@example.org", ("Ann@example.org",), new=True))
    assert (alias.address, alias.targets) == ("info@example.org", ("ann@example.org",))
    with pytest.raises(NotDone, match="an alias already"):
        run_now(manage.put_alias("info@example.org", ("ann@example.org",), new=True))
    with pytest.raises(NotDone, match="no alias"):
        run_now(manage.put_alias("new@example.org", ("ann@example.org",), new=False))
    with pytest.raises(NotDone, match="an account already"):
        run_now(manage.put_alias("ann@example.org", ("ann@example.org",), new=True))
    assert run_now(manage.rename_alias("info@example.org", "hello@example.org")) == (
        "info@example.org",
        "hello@example.org",
    )
    run_now(manage.put_alias("@example.org", ("hello@example.org",), new=True))
    assert run_now(manage.alias("@EXAMPLE.org")).targets == ("hello@example.org",)
    with pytest.raises(NotDone, match="an alias already"):
        run_now(manage.rename_alias("hello@example.org", "@example.org"))
    with pytest.raises(NotDone, match="an account already"):
        run_now(manage.rename_alias("hello@example.org", "ann@example.org"))
    assert run_now(manage.alias("hello@example.org"))
    assert run_now(manage.remove_alias("@example.org")) == "@example.org"
    with pytest.raises(NotDone, match="no alias"):
        run_now(manage.remove_alias("@example.org"))
    with pytest.raises(NotDone, match="no alias"):
        run_now(manage.alias("@example.org"))


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ((), "at least one"),
        (("x",), "not an ad"),
    ],
)
def test_aliases_that_lead_nowhere(manage: Manage, targets: tuple[str, ...], sentence: str) -> None:
    """No target is no alias, and a target is an address."""
    with pytest.raises(NotDone, match=sentence):
        run_now(manage.put_alias("info@example.org", targets, new=True))


def test_an_alias_may_lead_elsewhere(manage: Manage) -> None:
    """Case is ours to forget only for addresses of ours. RFC 5321 2.4"""
    alias = run_now(
        manage.put_alias("x@example.org", ("Bob@Example.NET", "Ann@Example.org"), new=True)
    )

    assert alias.targets == ("Bob@example.net", "ann@example.org")
