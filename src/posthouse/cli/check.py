"""Is this configuration right? Reads it with every key checked, then looks at directory,
certificate, ports and accounts.

  posthouse check --config /etc/posthouse/posthouse.toml
  posthouse check --json

Exit code 0 when nothing keeps the server from starting, 78 otherwise.
"""

import argparse
import sys

from posthouse.cli import exits
from posthouse.cli.actions import add_json
from posthouse.cli.house import open_house, read_config
from posthouse.cli.output import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.check import Finding, check
    from posthouse.app.status import ask_status

    config = read_config(arguments)
    found = check(config, is_running=ask_status(config.data) is not None)
    if config.data.is_dir():
        with open_house(arguments) as house:
            if not house.run(house.store.accounts()):
                found.append(
                    Finding(False, "nobody has an account", "posthouse account add you@your.domain")
                )
    if arguments.json:
        write_json([{"error": f.is_error, "sentence": f.sentence, "hint": f.hint} for f in found])
    else:
        for finding in found:
            kind = "error" if finding.is_error else "note"
            sys.stdout.write(f"{kind}: {finding.sentence}\n  hint: {finding.hint}\n")
        sys.stdout.write(f"configuration {config.file or '(defaults)'} read\n")
    return exits.CONFIG if any(f.is_error for f in found) else exits.OK
