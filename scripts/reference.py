#!/usr/bin/env python3
"""Writes docs/reference from the code: commands, configuration, metrics, protocols. `make docs`.

    reference.py [PAGE ...]     writes these pages, or all

What a user can type or read has one source, so a page cannot say something else than the program.
tests/test_reference.py fails when a page is older than its source.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import reference_protocols as protocols

FOLDER = Path(__file__).parents[1] / "docs/reference"
MADE = "<!-- Made by `make docs`; change the code instead. -->\n"


def commands() -> str:
    """Every subcommand as its own --help tells it."""
    from posthouse.cli.commands import GROUPS
    from posthouse.cli.main import help_text, parser_of

    os.environ["COLUMNS"] = "100"  # argparse asks the terminal otherwise
    parts = ["# The command `posthouse`\n", MADE, f"```text\n{help_text()}```\n"]
    for title, group in GROUPS.items():
        parts.append(f"## {title}\n")
        for name, command in group.items():
            module = importlib.import_module(f"posthouse.cli.{command.module}")
            told = parser_of(name, module).format_help()
            parts.append(f"### posthouse {name}\n\n```text\n{told}```\n")
    return "\n".join(parts)


def configuration() -> str:
    """Every key as `posthouse config --explain` tells it."""
    from posthouse.app.explain import explain

    head = "`posthouse.toml`, with every key at its default. All of them may be left out.\n"
    return "\n".join(["# Configuration\n", MADE, head, f"```toml\n{explain()}```\n"])


def metrics() -> str:
    """Every figure of /metrics."""
    from posthouse.base.metrics import METRICS

    rows = [f"| `posthouse_{m.name}` | {m.kind} | {m.meaning} |" for m in METRICS]
    table = ["| metric | kind | meaning |", "| --- | --- | --- |", *rows, ""]
    head = "What `/metrics` shows, in Prometheus' format, summed over all processes.\n"
    return "\n".join(["# Metrics\n", MADE, head, *table])


def imap() -> str:
    """Capabilities, commands, and the standards behind them."""
    from posthouse.read.imap.ports import after_login
    from posthouse.wire.imap import table
    from posthouse.wire.imap.limits import ImapLimits
    from posthouse.wire.imap.offer import BEFORE_LOGIN

    states = {
        table.NOT_AUTHENTICATED: "before log-in",
        table.NOT_AUTHENTICATED | table.AUTHENTICATED | table.SELECTED: "always",
        table.AUTHENTICATED | table.SELECTED: "after log-in",
        table.SELECTED: "with a mailbox selected",
    }
    rows = [
        f"| `{name.decode()}` | {states[entry.states]} | {entry.needs and f'`{entry.needs}`'} |"
        for name, entry in table.COMMANDS.items()
    ]
    before = ("IMAP4rev1", *BEFORE_LOGIN)
    return "\n".join(
        [
            "# IMAP\n",
            MADE,
            "## Capabilities\n",
            "Always: "
            + " ".join(f"`{name}`" for name in before)
            + ". Before log-in also `AUTH=` with",
            "each mechanism, `STARTTLS` where TLS does not stand, `LOGINDISABLED` where it must.\n",
            "After log-in: " + " ".join(f"`{name}`" for name in after_login(ImapLimits())) + ".\n",
            "## Commands\n",
            "| command | when | brought by |",
            "| --- | --- | --- |",
            *rows,
            "",
            *protocols.imap_standards(),
        ]
    )


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "configuration": configuration,
    "imap": imap,
    "metrics": metrics,
    "pop3": protocols.pop3,
    "smtp": protocols.smtp,
    "submission": protocols.submission,
}


def main() -> int:
    """Writes the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PAGES:
        (FOLDER / f"{name}.md").write_text(PAGES[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
