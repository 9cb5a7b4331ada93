"""Prints the completion script of a shell, made from the commands themselves.

posthouse completion bash > /etc/bash_completion.d/posthouse
posthouse completion zsh  > "${fpath[1]}/_posthouse"
"""

import argparse
import sys
from importlib import import_module

from posthouse.cli.commands import COMMANDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh"], help="yours")


def run(arguments: argparse.Namespace) -> int:
    import shtab

    sys.stdout.write(shtab.complete(whole_parser(), shell=arguments.shell))
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """One parser of everything, for completion only."""
    parser = argparse.ArgumentParser(prog="posthouse")
    parser.add_argument("--config", metavar="FILE", help="the configuration")
    commands = parser.add_subparsers()
    for name, command in COMMANDS.items():
        module = import_module(f"posthouse.cli.{command.module}")
        module.add_arguments(commands.add_parser(name, help=command.summary))
    return parser
