"""The queue as Sendmail's and Postfix's mailq show it; the same as posthouse queue list.

posthouse mailq
"""

import argparse

from posthouse.cli.actions import add_json
from posthouse.cli.house import open_house
from posthouse.cli.queue import Wanted, list_letters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with open_house(arguments) as house:
        list_letters(house, Wanted(is_all=True), as_json=arguments.json)
    return 0
