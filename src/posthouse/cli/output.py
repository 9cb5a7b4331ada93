"""How commands speak: data to standard output, talk to standard error; `--json` for programs."""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final
from unicodedata import east_asian_width

from posthouse.cli import exits

DIGITS_MAX: Final = 12
"""Of a number that somebody types."""


def width(text: str) -> int:
    """Columns a text takes on a terminal; Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be, the head in upper case; the last column is not padded."""
    everything = [[title.upper() for title in head], *[list(row) for row in rows]]
    widths = [max(width(row[i]) for row in everything) for i in range(len(head))]
    lines = []
    for row in everything:
        cells = [cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row[:-1])]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines) + "\n"


def show(records: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """A listing: a table for people, a JSON array for programs."""
    if as_json:
        write_json(list(records))
        return
    rows = [[_cell(record[column]) for column in columns] for record in records]
    if rows:
        sys.stdout.write(table([c.replace("_", " ") for c in columns], rows))


def show_one(record: dict[str, Any], *, as_json: bool) -> None:
    """One thing: a line a key for people, a JSON object for programs."""
    if as_json:
        write_json(record)
        return
    longest = max(len(key) for key in record)
    for key, value in record.items():
        sys.stdout.write(f"{key.replace('_', ' '):<{longest}}  {_cell(value)}\n")


def write_json(value: Any) -> None:
    """JSON on standard output, Chinese as it is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """Talk, for the person at the terminal."""
    sys.stderr.write(text + "\n")


def confirm(question: str, *, yes: bool) -> None:
    """Asks before what cannot be undone. Without a terminal only `--yes` goes on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise exits.Stop(exits.USAGE, f"not done: {question}", "say --yes to do it from a script")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in ("y", "yes", "是"):
        raise exits.Stop(exits.TEMPORARY, "not done", "answer y to do it, or say --yes")


def octets_text(octets: int) -> str:
    """A size for people: 1.5 GiB."""
    size = float(octets)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def octets_of(text: str) -> int:
    """Reads 500M, 2G, 1024, 0. Raises Stop."""
    factors = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    number = text.upper().removesuffix("B").removesuffix("I")
    unit = number[-1:] if number[-1:].isalpha() else ""
    digits = number.removesuffix(unit)
    if unit not in factors or not (digits.isascii() and digits.isdigit()):
        raise exits.Stop(
            exits.USAGE, f"{text!r} is not a size", "write 500M, 2G, or 0 for no limit"
        )
    return int(digits) * factors[unit]


def count_of(text: str) -> int:
    """Reads a number of things, 0 for no limit. Raises Stop."""
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        raise exits.Stop(exits.USAGE, f"{text!r} is not a number", "write 1000, or 0 for no limit")
    return int(text)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)
