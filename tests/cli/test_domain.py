"""`posthouse domain`."""

from cli.conftest import Command


def test_add_show_list(posthouse: Command) -> None:
    """A domain is in every listing, with how many live there."""
    assert "domain example.org added" in posthouse.run("domain", "add", "Example.ORG").err
    assert posthouse.run("domain", "show", "example.org", "--json").json == {
        "domain": "example.org",
        "accounts": 0,
        "aliases": 0,
    }
    assert "accounts  0" in posthouse.run("domain", "show", "example.org").out
    assert [d["domain"] for d in posthouse.run("domain", "list", "--json").json] == ["example.org"]
    assert posthouse.run("domain", "list").out.startswith("DOMAIN")


def test_an_empty_listing(posthouse: Command) -> None:
    """Nothing for people, an empty array for programs."""
    assert posthouse.run("domain", "list").out == ""
    assert posthouse.run("domain", "list", "--json").json == []


def test_internationalised_names(posthouse: Command) -> None:
    """A Chinese domain is kept in its ASCII form and shown in both."""
    posthouse.run("domain", "add", "例子.测试")

    (row,) = posthouse.run("domain", "list", "--json").json
    assert row == {
        "domain": "xn--fsqu00a.xn--0zwm56d", "accounts": 0, "aliases": 0, "shown": "例子.测试",
    }  # fmt: skip
    assert posthouse.run("domain", "show", "例子.测试").out


def test_rename(populated: Command) -> None:
    """Accounts and aliases go with their domain."""
    populated.run("alias", "add", "info@example.org", "ann@example.org")
    populated.run("domain", "rename", "example.org", "example.com")

    names = {a["address"] for a in populated.run("account", "list", "--json").json}
    assert names == {"ann@example.com", "bob@example.com"}
    (alias,) = populated.run("alias", "list", "--json").json
    assert alias == {"alias": "info@example.com", "targets": ["ann@example.com"]}
    populated.run("domain", "add", "example.net")
    populated.run("domain", "rename", "example.com", "example.net", code=65)
    populated.run("domain", "rename", "example.org", "example.info", code=65)


def test_remove(populated: Command) -> None:
    """Only an empty domain is removed; otherwise it is said who is still there."""
    ended = populated.run("domain", "remove", "example.org", code=65)
    assert "still has accounts" in ended.err
    assert "account list --domain example.org" in ended.err
    for name in ("ann", "bob"):
        populated.run("account", "remove", f"{name}@example.org", "--yes")

    populated.run("domain", "remove", "example.org")
    assert populated.run("domain", "list", "--json").json == []
    populated.run("domain", "remove", "example.org", code=65)


def test_what_is_no_domain(posthouse: Command) -> None:
    """A sentence and an example; adding twice is an error too."""
    for name in ("", "a b", "x" * 300, "a..b"):
        assert "is not a domain name" in posthouse.run("domain", "add", name, code=65).err
    posthouse.run("domain", "add", "example.org")
    assert "already" in posthouse.run("domain", "add", "example.org", code=65).err
    assert "there is no domain" in posthouse.run("domain", "show", "example.net", code=65).err
