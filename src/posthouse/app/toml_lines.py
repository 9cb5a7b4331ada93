"""On which line each key of a TOML file stands; `tomllib` does not tell. For texts that parse."""

import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]
"""Table, key; in an array of tables its number stands between."""

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY: Final = re.compile(rf"\s*({_DOTTED})\s*=(.*)\Z", re.DOTALL)
_PARTS: Final = re.compile(_PART)


def key_lines(text: str) -> dict[Path, int]:
    """Lines count from 1. A table that is only implied by a dotted key has the line of that key."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    lines = text.splitlines(keepends=True)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if match := _TABLE.match(line):
            table = _parts(match[2])
            if match[1] == "[[":
                count = counts.get(table, 0)
                counts[table] = count + 1
                table = (*table, count)
            found.setdefault(table, number)
        elif match := _KEY.match(line):
            path = table + _parts(match[1])
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
            value = match[2]
            # A value may go over several lines: it ends where it parses.
            while not _parses(value) and number < len(lines):
                value += lines[number]
                number += 1
    return found


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PARTS.findall(dotted))


def _parses(value: str) -> bool:
    try:
        tomllib.loads("key =" + value)
    except tomllib.TOMLDecodeError:
        return False
    return True
