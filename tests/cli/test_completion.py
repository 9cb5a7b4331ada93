"""`posthouse completion`."""

import subprocess

import pytest

from cli.conftest import Command
from posthouse.cli.commands import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_scripts_know_every_command(posthouse: Command, shell: str) -> None:
    """Commands, their actions and options are in the script."""
    script = posthouse.bare("completion", shell).out
    for word in (*COMMANDS, "--password-stdin", "rename", "--config"):
        assert word in script


def test_bash_takes_it(posthouse: Command) -> None:
    """The script is right bash."""
    script = posthouse.bare("completion", "bash").out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=60)


def test_other_shells(posthouse: Command) -> None:
    """A shell that is not known is wrong usage."""
    posthouse.bare("completion", "fish", code=64)
