#!/usr/bin/env python3
"""Compares the RFCs that the source cites with rfc/index.toml, both ways.

    rfc/check.py            says what does not fit; exit 0 when all fits
    rfc/check.py --table    each cited RFC with its sections and the files that cite them

A citation is `RFC 5321 4.5.2`; a list is `RFC 4422, 4616, 5802 5`, a range `RFC 2045-2049`.
"""

import argparse
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STATES = ("done", "partial", "planned", "no")
KEYS = {"number", "title", "state", "where", "tests", "note"}

SECTION = r"(?:[1-9]\d?(?:\.\d+)*|Appendix [A-Z])"
FIRST = re.compile(r"\bRFCs?[ -]?(?P<number>\d{3,5})\b(?:-(?P<last>\d{4,5})\b)?")
NEXT = re.compile(
    r"(?:, and |, |; | and | or |/)(?:RFC )?(?P<number>\d{4,5})\b(?:-(?P<last>\d{4,5})\b)?"
)
WHERE = re.compile(rf"(?:,| and)? (?P<section>{SECTION})(?![\w.]*\d)")


@dataclass(frozen=True, slots=True)
class Citation:
    """One RFC named at one place; section is "" where none is given."""

    number: int
    section: str
    file: str


def citations(text: str, file: str) -> Iterator[Citation]:
    """All citations of a text. A line break inside a comment or docstring counts as a space."""
    flat = re.sub(r"\n\s*(?:#\s*)?", " ", text)
    for first in FIRST.finditer(flat):
        match: re.Match[str] | None = first
        while match is not None:
            low = int(match["number"])
            at = match.end()
            sections = []
            while found := WHERE.match(flat, at):
                sections.append(found["section"])
                at = found.end()
            for number in range(low, int(match["last"] or low) + 1):
                for section in sections or [""]:
                    yield Citation(number, section, file)
            match = NEXT.match(flat, at)


def cited(folder: Path) -> list[Citation]:
    """Every citation in the Python files, schemas and transcripts below a folder."""
    found: list[Citation] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".sql", ".talk"}:
            found += citations(path.read_text(), path.relative_to(folder.parent).as_posix())
    return found


def index(path: Path) -> list[dict[str, Any]]:
    """The entries of the index."""
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text())["rfc"]
    return entries


def wrong_entries(entries: list[dict[str, Any]], root: Path) -> Iterator[str]:
    """What is wrong with the index itself."""
    seen: set[int] = set()
    for entry in entries:
        name = f"RFC {entry.get('number')}"
        if missing := {"number", "title", "state"} - entry.keys():
            yield f"{name}: has no {', '.join(sorted(missing))}"
            continue
        if unknown := entry.keys() - KEYS:
            yield f"{name}: unknown key {', '.join(sorted(unknown))}"
        if entry["state"] not in STATES:
            yield f"{name}: state is {entry['state']!r}, allowed are {', '.join(STATES)}"
        if entry["number"] in seen:
            yield f"{name}: stands there twice"
        seen.add(entry["number"])
        if entry["state"] == "done":
            for key in ("where", "tests"):
                if not entry.get(key):
                    yield f"{name}: done, but {key} names nothing"
                for place in entry.get(key, ()):
                    if not (root / place.partition("::")[0]).exists():
                        yield f"{name}: {key} names {place}, which does not exist"
            yield from wrong_proofs(name, entry, root)


def wrong_proofs(name: str, entry: dict[str, Any], root: Path) -> Iterator[str]:
    """Of a done RFC: each test is one file that cites it, or file::test, a test that is there."""
    for place in entry.get("tests", ()):
        path, _, test = place.partition("::")
        if (root / path).is_dir():
            yield f"{name}: {path} is a folder; name the files that prove it"
        elif (root / path).is_file():
            text = (root / path).read_text()
            if test and not re.search(rf"^def {re.escape(test)}\(", text, re.MULTILINE):
                yield f"{name}: there is no {test} in {path}"
            elif not test and all(c.number != entry["number"] for c in citations(text, path)):
                yield f"{name}: {path} does not cite it"


def wrong_citations(entries: list[dict[str, Any]], found: list[Citation]) -> Iterator[str]:
    """What is cited and not known, and what is called done and never cited."""
    known = {entry["number"] for entry in entries}
    for number in sorted({c.number for c in found} - known):
        files = sorted({c.file for c in found if c.number == number})
        yield f"RFC {number}: cited in {', '.join(files)}, not in rfc/index.toml"
    cited_numbers = {c.number for c in found}
    for entry in entries:
        if entry["state"] == "done" and entry["number"] not in cited_numbers:
            yield f"RFC {entry['number']}: done, but nothing in src cites it"


def table(entries: list[dict[str, Any]], found: list[Citation]) -> Iterator[str]:
    """The citations turned round: RFC, state, then each section with its files."""
    by_number: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for c in found:
        by_number[c.number][c.section or "whole"].add(c.file)
    for entry in sorted(entries, key=lambda e: int(e["number"])):
        sections = by_number.get(entry["number"])
        if sections:
            yield f"RFC {entry['number']} {entry['title']}: {entry['state']}"
            for section in sorted(sections):
                yield f"    {section:<10} {', '.join(sorted(sections[section]))}"


def main() -> int:
    """Prints what does not fit; the exit code counts as yes or no."""
    parser = argparse.ArgumentParser(description="Checks the citations of RFCs.")
    parser.add_argument("--table", action="store_true", help="list what is cited where")
    wanted = parser.parse_args()
    entries = index(ROOT / "rfc/index.toml")
    found = cited(ROOT / "src/posthouse")
    if wanted.table:
        print("\n".join(table(entries, found)))
        return 0
    wrong = [*wrong_entries(entries, ROOT), *wrong_citations(entries, found)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
