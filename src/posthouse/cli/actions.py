"""The actions of a command that has some, as `account add`: each with its help and an example."""

import argparse
from typing import Any, Final

JSON_HELP: Final = "for programs"


def actions_of(parser: argparse.ArgumentParser) -> Any:
    """Where actions are added."""
    return parser.add_subparsers(dest="action", required=True, metavar="ACTION")


def add_action(actions: Any, name: str, told: str, *examples: str) -> argparse.ArgumentParser:
    """One action. `examples`: what a user would type behind `posthouse`."""
    lines = "".join(f"\n  posthouse {example}" for example in examples)
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=told,
        description=f"{told[0].upper()}{told[1:]}.\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Every listing speaks to programs too."""
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
