"""Proves every stored letter readable: octets, digests, counters, indexes. Changes nothing.

posthouse verify
posthouse verify --salvage DIR     writes what can still be read of a damaged store as .eml files
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from posthouse.cli import exits
from posthouse.cli.actions import add_json
from posthouse.cli.house import read_config
from posthouse.cli.output import octets_text, say, write_json

NO_DATA: Final = "posthouse quickstart you@your.domain makes one, --config names another"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--salvage", metavar="DIR", help="write readable letters there")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from posthouse.store.sqlite.verify import verify

    config = read_config(arguments)
    if not config.data.is_dir():
        raise exits.Stop(exits.UNAVAILABLE, f"there is no data directory {config.data}", NO_DATA)
    findings = verify(
        config.data,
        salvage=Path(arguments.salvage) if arguments.salvage else None,
        report=lambda problem: say(f"problem: {problem}"),
    )
    if arguments.json:
        write_json(asdict(findings))
        return exits.OK if findings.is_sound else exits.DATA
    sys.stdout.write(
        f"{findings.letters} letters of {findings.accounts} accounts,"
        f" {findings.bodies} bodies ({octets_text(findings.octets)}) read\n"
    )
    if findings.orphan_files or findings.unnamed_bodies:
        sys.stdout.write(
            f"{findings.orphan_files} files and {findings.unnamed_bodies} bodies that no letter"
            " needs will be swept\n"
        )
    if arguments.salvage:
        sys.stdout.write(f"{findings.salvaged} letters written to {arguments.salvage}\n")
    if findings.is_sound:
        sys.stdout.write("everything is sound\n")
        return exits.OK
    sys.stdout.write(f"{len(findings.problems)} problems\n")
    say("hint: posthouse verify --salvage DIR writes what can still be read")
    return exits.DATA
