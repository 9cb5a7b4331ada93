"""Proves every stored letter readable: octets, digests, counters, indexes. Changes nothing.

posthouse verify
posthouse verify --salvage DIR     writes what can still be read of a damaged store as .eml files
"""

import argparse
import sys
from pathlib import Path

from posthouse.cli import exits
from posthouse.cli.house import read_config
from posthouse.cli.output import say, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--salvage", metavar="DIR", help="write readable letters there")
    parser.add_argument("--json", action="store_true")


def run(arguments: argparse.Namespace) -> int:
    from posthouse.store.sqlite.verify import verify

    config = read_config(arguments)
    if not config.data.is_dir():
        raise exits.Stop(exits.UNAVAILABLE, f"there is no data directory {config.data}")
    findings = verify(
        config.data,
        salvage=Path(arguments.salvage) if arguments.salvage else None,
        report=say if sys.stderr.isatty() else None,
    )
    if arguments.json:
        write_json(findings.record())
    else:
        sys.stdout.write(findings.text())
    return exits.OK if findings.is_sound else exits.DATA
