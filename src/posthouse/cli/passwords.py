"""Where a password comes from: standard input, a file, or a prompt. Never an argument."""

import argparse
import sys
from pathlib import Path
from typing import Final

from posthouse.cli import exits

ONE_LINE: Final = "the first line alone is no password: is it the right file?"


def add_password_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    group.add_argument("--password-file", metavar="FILE", help="read the password from a file")


def read_password(arguments: argparse.Namespace, who: str) -> str:
    """The password, its line end taken off. Raises Stop when there is none."""
    if arguments.password_file:
        try:
            text = Path(arguments.password_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise exits.Stop(
                exits.DATA,
                f"cannot read {arguments.password_file}: {error}",
                "--password-file wants a text file that you may read",
            ) from error
        return _one_line(text)
    if arguments.password_stdin:
        return _one_line(sys.stdin.read())
    if not sys.stdin.isatty():
        raise exits.Stop(
            exits.USAGE,
            f"no password for {who}",
            "printf '%s' \"$PASSWORD\" | posthouse ... --password-stdin",
        )
    from getpass import getpass

    password = getpass(f"password for {who}: ")
    if getpass("the same again: ") != password:
        raise exits.Stop(exits.DATA, "the two passwords differ", "nothing was changed: again")
    return _one_line(password)


def _one_line(text: str) -> str:
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise exits.Stop(exits.DATA, "the password is empty", "give one line of text")
    if "\n" in password:
        raise exits.Stop(exits.DATA, "the password has more than one line", ONE_LINE)
    return password
