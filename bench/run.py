#!/usr/bin/env python3
"""Measures Posthouse beside Postfix and Dovecot on this machine: `make bench`.

    run.py [--rounds N] [--rows KEY,KEY] [--ours | --theirs] [--no-page]

Starts the peers and Posthouse by turns, never both, runs each row on each, prints ours beside
theirs and writes docs/performance.md. What was measured is kept in build/bench.json: a run with
--ours or with some rows only replaces just these. The peers need root and Debian; --ours needs
smtp-source.
"""

import argparse
import datetime
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import house
import peers
import private_root
import report
from rows import ROWS, Row

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build/bench.json"
MAILBENCH = Path(__file__).with_name("mailbench.py")
ROW_SECONDS_MAX = 600


def measure(row: Row, name: str, at: dict[str, str], pids: list[int]) -> dict[str, Any]:
    """Runs one row against a server that stands."""
    options = row.options
    if name == "peers" and row.peers_options is not None:
        options = row.peers_options
    imap = at["imaps"] if "--tls" in options else at["imap"]
    command = [
        sys.executable, str(MAILBENCH), row.workload, "--name", name, "--smtp", at["smtp"],
        "--submission", at["submission"], "--sink", str(house.SINK), "--imap", imap,
        "--pop3", at["pop3"], "--pids", ",".join(map(str, pids)), *options,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, check=False, timeout=ROW_SECONDS_MAX)
    if ran.returncode:
        print(f"    {row.key}: {ran.stderr.decode()[-500:]}", flush=True)
        return {}
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    short = {m.path: m.value(figures) for m in row.measures}
    print(f"    {row.key}: {short}", flush=True)
    return figures


def turn_of_peers(rows: list[Row], folder: Path) -> dict[str, dict[str, Any]]:
    """One round of the peers; rows with TLS on a second start, so that the others run as tuned."""
    found: dict[str, dict[str, Any]] = {}
    for tls, fresh in itertools.product((False, True), (False, True)):
        some = [row for row in rows if row.tls is tls and row.fresh is fresh]
        if some:
            with peers.running(folder, tls=tls) as pids:
                found |= {r.key: measure(r, "peers", peers.addresses(), pids) for r in some}
    return found


def turn_of_ours(rows: list[Row], folder: Path) -> dict[str, dict[str, Any]]:
    """One round of Posthouse; rows that want a fresh server have one together."""
    found: dict[str, dict[str, Any]] = {}
    for fresh in (False, True):
        some = [row for row in rows if row.fresh is fresh]
        if some:
            with house.running(folder) as ours:
                at = {
                    "smtp": ours.smtp,
                    "submission": ours.submission,
                    "imap": ours.imap,
                    "imaps": ours.imaps,
                    "pop3": ours.pop3,
                }
                found |= {r.key: measure(r, "posthouse", at, ours.pids) for r in some}
    return found


def main() -> int:
    """Runs the rounds, prints the table, writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many counts")
    parser.add_argument("--rows", default=",".join(row.key for row in ROWS))
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--theirs", action="store_true", help="leave Posthouse out")
    parser.add_argument("--no-page", action="store_true", help="print only")
    wanted = parser.parse_args()
    keys = wanted.rows.split(",")
    if unknown := set(keys) - {row.key for row in ROWS}:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(r.key for r in ROWS)}")
    rows = [row for row in ROWS if row.key in keys]
    if not wanted.ours or shutil.which("smtp-source") is None:
        private_root.enter(peers.UNPACKED)

    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"ours": {}, "theirs": {}}
    turns = []
    if not wanted.theirs:
        turns.append(("ours", turn_of_ours))
    if not wanted.ours:
        turns.append(("theirs", turn_of_peers))
    fresh: dict[str, report.Runs] = {"ours": {}, "theirs": {}}
    for number in range(wanted.rounds):
        for side, turn in turns:
            print(f"round {number + 1}, {side}", flush=True)
            with tempfile.TemporaryDirectory(prefix="posthouse-bench-") as folder:
                Path(folder).chmod(0o755)  # the peers have users of their own
                for key, figures in turn(rows, Path(folder) / side).items():
                    fresh[side].setdefault(key, []).append(figures)
    for side, runs in fresh.items():
        kept[side] |= runs
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1))

    lines = report.table(kept["ours"], kept["theirs"])
    print("\n".join(lines))
    if not wanted.no_page:
        command = " ".join(
            ["make bench", *([f"ARGS='{a}'"] if (a := os.environ.get("ARGS")) else [])]
        )
        today = datetime.datetime.now(datetime.UTC).date()
        head = f"Made by `{command}` on {today}: {report.machine()}."
        report.write("comparison", [head, "", *lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
