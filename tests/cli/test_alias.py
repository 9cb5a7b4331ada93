"""`posthouse alias`."""

import pytest

from cli.conftest import Command


def test_add_show_list_set_remove(populated: Command) -> None:
    """An alias from its making to its end, to one, to several, as catch-all."""
    added = populated.run("alias", "add", "info@example.org", "ann@example.org", "bob@example.org")
    assert "mail for info@example.org goes to ann@example.org, bob@example.org" in added.err
    populated.run("alias", "add", "@example.org", "ann@example.org")
    assert populated.run("alias", "show", "info@example.org", "--json").json == {
        "alias": "info@example.org",
        "targets": ["ann@example.org", "bob@example.org"],
    }
    populated.run("alias", "set", "info@example.org", "bob@example.org")
    assert "bob@example.org" in populated.run("alias", "show", "info@example.org").out
    listed = populated.run("alias", "list", "--json", "--domain", "example.org").json
    assert [a["alias"] for a in listed] == ["@example.org", "info@example.org"]
    assert populated.run("alias", "list").out.startswith("ALIAS")
    populated.run("alias", "rename", "info@example.org", "help@example.org")
    populated.run("alias", "remove", "help@example.org")
    assert len(populated.run("alias", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "ann@example.org", "bob@example.org"), "already"),
        (("add", "x@example.net", "bob@example.org"), "example.net is not ours"),
        (("add", "x@example.org", "not an address"), "is not an address"),
        (("set", "x@example.org", "bob@example.org"), "there is no alias"),
        (("show", "x@example.org"), "there is no alias"),
        (("remove", "x@example.org"), "there is no alias"),
        (("rename", "x@example.org", "y@example.org"), "there is no alias"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done(populated: Command, words: tuple[str, ...], said: str) -> None:
    """A sentence, exit 65, nothing changed."""
    assert said in populated.run("alias", *words, code=65).err
    assert populated.run("alias", "list", "--json").json == []


def test_twice(populated: Command) -> None:
    """Adding an alias that is there asks for `set`."""
    populated.run("alias", "add", "x@example.org", "ann@example.org")
    ended = populated.run("alias", "add", "x@example.org", "bob@example.org", code=65)
    assert "posthouse alias set x@example.org" in ended.err
    populated.run("alias", "add", "y@example.org", "ann@example.org")
    populated.run("alias", "rename", "x@example.org", "y@example.org", code=65)


def test_a_target_is_missing(populated: Command) -> None:
    """Wrong usage ends with 64."""
    populated.run("alias", "add", "x@example.org", code=64)
