"""Help that shows how, for every command, action and option."""

import argparse
from collections.abc import Iterator
from importlib import import_module

import pytest

from cli.conftest import Command
from posthouse.cli.actions import actions_of, add_action, add_json
from posthouse.cli.commands import COMMANDS
from posthouse.cli.main import parser_of


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and every action of one."""
    for name, command in COMMANDS.items():
        parser = parser_of(name, import_module(f"posthouse.cli.{command.module}"))
        yield name, parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, one in action.choices.items():
                    yield f"{name} {word}", one


ALL = dict(parsers())


@pytest.mark.parametrize("words", ALL)
def test_help_has_an_example_and_a_word_on_each_argument(words: str) -> None:
    """What it does, a line that a user could type, and what each argument and option means."""
    parser = ALL[words]
    told = parser.description or ""
    assert told.partition("\n")[0].strip(), "a first line"
    assert any(line.lstrip(" |").startswith(f"posthouse {words}") or f"posthouse {words}" in line
               for line in told.splitlines()[1:]), "an example"  # fmt: skip
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            assert action.help, f"{words}: {action.dest} says nothing"


@pytest.mark.parametrize("words", [w for w in ALL if w.endswith((" list", " show"))])
def test_listings_speak_to_programs(words: str) -> None:
    """Each has --json."""
    assert "--json" in ALL[words].format_help()


def test_an_action_with_its_help() -> None:
    """The sentence once in the list of actions and once on its own page, with the examples."""
    parser = argparse.ArgumentParser(prog="posthouse thing")
    one = add_action(actions_of(parser), "do", "does it", "thing do this", "thing do that")
    add_json(one)
    assert "does it" in parser.format_help()
    assert "Does it.\n\n  posthouse thing do this\n  posthouse thing do that\n" in one.format_help()
    assert parser.parse_args(["do", "--json"]).json


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ("queue show zz", 64, "posthouse queue list"),
        ("queue show 01JD9Z5R3W7Q0XK8M2N4P6S1TV", 65, "posthouse trace"),
        ("config --explain nope", 64, "one of listen, store"),
        ("account add nobody", 65, "for example ann@example.org"),
        ("account add ann@example.org --password-file /none", 65, "a text file"),
        ("account set ann@example.org", 64, "--quota"),
        ("alias set info@example.org ann@example.org", 65, "posthouse alias add"),
        ("domain remove example.net", 65, "posthouse domain list"),
        ("trace nothing", 65, "trace_days"),
    ],
)  # fmt: skip
def test_an_error_names_the_next_step(posthouse: Command, words: str, code: int, hint: str) -> None:
    """A sentence and a hint, on standard error."""
    ended = posthouse.run(*words.split(), code=code)
    assert ended.out == ""
    said, *_, told = ended.err.splitlines()
    assert said.startswith("posthouse: ")
    assert told.startswith("hint: ")
    assert hint in told
