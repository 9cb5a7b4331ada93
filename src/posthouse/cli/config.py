"""Shows the configuration that is used, or explains every key.

posthouse config                 what differs from the defaults, and where it was read
posthouse config --explain       every key: meaning, default, what is allowed
posthouse config --explain smtp  one section
"""

import argparse
import sys

from posthouse.cli import exits
from posthouse.cli.house import read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("section", nargs="?", default="", help="only this section")
    parser.add_argument("--explain", action="store_true", help="every key with its meaning")


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.config import SECTIONS
    from posthouse.app.explain import explain

    names = [section.name for section in SECTIONS if section.name]
    if arguments.section and arguments.section not in names:
        raise exits.Stop(
            exits.USAGE, f"there is no section [{arguments.section}]", f"one of {', '.join(names)}"
        )
    config = None if arguments.explain else read_config(arguments)
    sys.stdout.write(explain(config, only=arguments.section))
    return 0
