"""Is the server of this data directory running, and what is it doing?

posthouse status         for people
posthouse status --json  pids, listeners, sessions, rates, totals, sizes, for programs

Exit code 0 when it runs, 69 when nothing answers.
"""

import argparse
import sys

from posthouse.cli import exits
from posthouse.cli.actions import add_json
from posthouse.cli.house import read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.status import as_json, as_text, ask_status

    data = read_config(arguments).data
    status = ask_status(data)
    if status is None:
        raise exits.Stop(
            exits.UNAVAILABLE, f"no server answers for {data}", "posthouse serve starts one"
        )
    sys.stdout.write((as_json(status).decode() if arguments.json else as_text(status)) + "\n")
    return exits.OK
