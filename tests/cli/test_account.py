"""`posthouse account`."""

import pytest

from cli.conftest import Command


def test_add_show_list(posthouse: Command) -> None:
    """A new account has its mailboxes, and is in every listing, for people and for programs."""
    posthouse.run("domain", "add", "example.org")
    words = ("account", "add", "Ann@Example.ORG", "--password-stdin", "--quota", "2G")
    assert "account ann@example.org added" in posthouse.run(*words, said="secret\n").err.lower()

    one = posthouse.run("account", "show", "ann@example.org", "--json").json
    assert one["address"] == "ann@example.org"
    assert one["quota_octets"] == 2 << 30
    assert one["enabled"] is True
    assert {box["name"] for box in one["mailboxes"]} >= {"INBOX", "Sent", "Trash", "Junk"}
    assert "INBOX 0" in posthouse.run("account", "show", "ann@example.org").out
    (listed,) = posthouse.run("account", "list", "--json").json
    assert listed["address"] == "ann@example.org"
    table = posthouse.run("account", "list").out
    assert table.splitlines()[0].split() == ["ACCOUNT", "ENABLED", "LETTERS", "SIZE", "QUOTA"]
    assert "2.0 GiB" in table


def test_list_by_domain(populated: Command) -> None:
    """Only those of one domain; of a domain that is not ours it is an error."""
    populated.run("domain", "add", "example.net")
    populated.run("account", "add", "eve@example.net", "--password-stdin", said="secret")

    assert [a["address"] for a in populated.run("account", "list", "--json").json] == [
        "ann@example.org",
        "bob@example.org",
        "eve@example.net",
    ] or len(populated.run("account", "list", "--json").json) == 3
    listed = populated.run("account", "list", "--json", "--domain", "example.net").json
    assert [account["address"] for account in listed] == ["eve@example.net"]
    assert (
        "there is no domain"
        in populated.run("account", "list", "--domain", "example.com", code=65).err
    )


def test_many_accounts_are_all_listed(populated: Command) -> None:
    """A listing has as many pages as it needs, and each account once."""
    from posthouse.base.clock import SystemClock
    from posthouse.base.log import Log
    from posthouse.store.sqlite.direct import open_direct, run_now
    from posthouse.store.values import AddAccount

    clock = SystemClock()
    store = open_direct(populated.data, clock, Log(clock, lambda _line: None))
    for number in range(700):
        address = f"p{number}@example.org"
        run_now(store.commit(AddAccount(address, address, 0, (), ())))
    store.close()

    listed = populated.run("account", "list", "--json").json
    assert len(listed) == len({account["address"] for account in listed}) == 702


def test_chinese_addresses(posthouse: Command) -> None:
    """Addresses are shown as people write them, and found however they are written."""
    posthouse.run("domain", "add", "例子.测试")
    posthouse.run("account", "add", "安@例子.测试", "--password-stdin", said="secret")

    assert "安@例子.测试" in posthouse.run("account", "list").out
    assert posthouse.run("account", "show", "安@xn--fsqu00a.xn--0zwm56d", "--json").json["enabled"]


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("ann@example.org", 65, "already"),
        ("ann@example.net", 65, "domain example.net is not ours"),
        ("not an address", 65, "is not an address"),
        ("@example.org", 65, "is not an address"),
    ],
)
def test_what_cannot_be_added(populated: Command, address: str, code: int, words: str) -> None:
    """The error is a sentence, with the next step where there is one, and nothing was changed."""
    before = populated.run("account", "list", "--json").out
    ended = populated.run("account", "add", address, "--password-stdin", said="x", code=code)

    assert words in ended.err
    assert populated.run("account", "list", "--json").out == before


def test_set(populated: Command) -> None:
    """Quota, state and password are changed apart; with nothing to change it says so."""
    populated.run("account", "set", "ann@example.org", "--quota", "500M")
    populated.run("account", "set", "ann@example.org", "--disable")
    one = populated.run("account", "show", "ann@example.org", "--json").json
    assert (one["quota_octets"], one["enabled"]) == (500 << 20, False)
    populated.run("account", "set", "ann@example.org", "--enable", "--quota", "0")
    one = populated.run("account", "show", "ann@example.org", "--json").json
    assert (one["quota_octets"], one["enabled"]) == (0, True)
    populated.run("account", "set", "ann@example.org", "--password-stdin", said="new")
    ended = populated.run("account", "set", "ann@example.org", code=64)
    assert "nothing to change" in ended.err
    assert "hint: say --password, --quota" in ended.err
    populated.run("account", "set", "eve@example.org", "--quota", "1", code=65)
    assert (
        "is not a size"
        in populated.run("account", "set", "ann@example.org", "--quota", "much", code=64).err
    )
    populated.run("account", "set", "ann@example.org", "--enable", "--disable", code=64)


def test_how_many_messages(populated: Command) -> None:
    """A limit of its own beside the octets, set with the account or later, or taken away."""
    words = ("account", "add", "tom@example.org", "--password-stdin", "--quota-messages", "100")
    populated.run(*words, said="secret")
    one = populated.run("account", "show", "tom@example.org", "--json").json
    assert (one["quota_octets"], one["quota_messages"]) == (0, 100)
    populated.run("account", "set", "tom@example.org", "--quota-messages", "7", "--quota", "1G")
    populated.run("account", "set", "tom@example.org", "--quota-messages", "0")
    one = populated.run("account", "show", "tom@example.org", "--json").json
    assert (one["quota_octets"], one["quota_messages"]) == (1 << 30, 0)
    ended = populated.run("account", "set", "tom@example.org", "--quota-messages", "-1", code=64)
    assert "is not a number" in ended.err or "expected one argument" in ended.err


def test_rename(populated: Command) -> None:
    """The mail stays with the account; the old name is free."""
    populated.run("account", "rename", "ann@example.org", "anna@example.org")

    names = {a["address"] for a in populated.run("account", "list", "--json").json}
    assert names == {"anna@example.org", "bob@example.org"}
    assert (
        "already"
        in populated.run("account", "rename", "anna@example.org", "bob@example.org", code=65).err
    )
    populated.run("account", "rename", "anna@example.org", "anna@example.net", code=65)
    populated.run("account", "rename", "nobody@example.org", "x@example.org", code=65)


def test_remove_asks(populated: Command) -> None:
    """From a script only with --yes; what becomes of the mail is said."""
    ended = populated.run("account", "remove", "ann@example.org", code=64)
    assert "0 letters" in ended.err
    assert "--yes" in ended.err
    assert len(populated.run("account", "list", "--json").json) == 2

    assert "removed" in populated.run("account", "remove", "ann@example.org", "--yes").err
    assert len(populated.run("account", "list", "--json").json) == 1
    populated.run("account", "remove", "ann@example.org", "--yes", code=65)


def test_no_password_as_an_argument(posthouse: Command) -> None:
    """There is no option that takes a password."""
    posthouse.run("account", "add", "a@example.org", "--password", "secret", code=64)
    assert "--password-stdin" in posthouse.run("account", "add", "--help").out


def test_logins(populated: Command) -> None:
    """Newest first, for people and for programs; nothing for who never came; nobody is an error."""
    from posthouse.base.clock import SystemClock
    from posthouse.base.log import Log
    from posthouse.store.sqlite.direct import open_direct, run_now
    from posthouse.store.values import RecordLogin

    assert populated.run("account", "logins", "ann@example.org").out == ""
    clock = SystemClock()
    store = open_direct(populated.data, clock, Log(clock, lambda _line: None))
    number = run_now(store.account_by_address("ann@example.org")).id
    run_now(
        store.commit(
            RecordLogin(number, 60, "imap", "192.0.2.1", "PLAIN", "TLSv1.3"),
            RecordLogin(number, 120, "pop3", "192.0.2.2", "USER", "", "wrong password"),
            RecordLogin(number, 180, "pop3", "192.0.2.2", "USER", "", "wrong password"),
        )
    )
    store.close()

    refused, let_in = populated.run("account", "logins", "ann@example.org", "--json").json
    assert (refused["first"], refused["last"]) == ("1970-01-01T00:02:00Z", "1970-01-01T00:03:00Z")
    assert (refused["times"], refused["let_in"], refused["refused"]) == (2, False, "wrong password")
    assert (let_in["door"], let_in["peer"], let_in["mechanism"], let_in["tls"]) == (
        "imap", "192.0.2.1", "PLAIN", "TLSv1.3",
    )  # fmt: skip
    head, first, second = populated.run("account", "logins", "Ann@Example.org").out.splitlines()
    assert head.split() == ["LAST", "TIMES", "DOOR", "PEER", "MECHANISM", "TLS", "RESULT"]
    assert first.endswith("refused: wrong password")
    assert second.endswith("let in")
    assert "no account" in populated.run("account", "logins", "tom@example.org", code=65).err
