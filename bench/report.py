"""Writes measured tables into docs/performance.md, between marks; the prose around them stays."""

import os
import platform
import re
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from rows import ROWS, Measure, Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/performance.md"

Runs = dict[str, list[dict[str, Any]]]
"""The answers of a workload, a list for each row: one entry a round."""


def figure(row: Row, measure: Measure, runs: Runs) -> float | None:
    """The median over the rounds."""
    values = [measure.value(figures) for figures in runs.get(row.key, [])]
    known = [value for value in values if value is not None]
    return median(known) if known else None


def shown(value: float | None, unit: str) -> str:
    """A figure with its unit, in at most four digits."""
    if value is None:
        return "-"
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits}{unit}" if unit.startswith("/") else f"{digits} {unit}"


def ratio(ours: float | None, theirs: float | None, *, more_is_better: bool) -> str:
    """Ours by theirs; small ones as a fraction, which is easier to read."""
    if not ours or not theirs:
        return "-"
    if not more_is_better and ours < theirs / 2:
        return f"1/{theirs / ours:.1f}"
    return f"{ours / theirs:.2f}x"


def table(ours: Runs, theirs: Runs) -> list[str]:
    """The comparison as a table of Markdown."""
    lines = [
        "| work | Postfix + Dovecot | Posthouse | ratio | aim | met |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in ROWS:
        for measure in row.measures:
            a, b = figure(row, measure, ours), figure(row, measure, theirs)
            if a is None and b is None:
                continue
            title = row.title
            if row.workload == "scan":
                title += ": " + measure.path.replace(".ms", "").replace(".first_ms", ", first")
            met = {True: "yes", False: "**no**", None: ""}[measure.met(a, b)]
            part = ratio(a, b, more_is_better=measure.more_is_better)
            lines.append(
                f"| {title} | {shown(b, measure.unit)} | {shown(a, measure.unit)} "
                f"| {part} | {measure.aim()} | {met} |"
            )
    return lines


def machine() -> str:
    """What the figures were measured on, without saying whose machine it is."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", "."], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), "
        f"{memory:.0f} GiB, {kind}, Linux {platform.release()}, Python {platform.python_version()}"
    )


def write(mark: str, lines: list[str]) -> None:
    """Replaces what stands between the two marks of this name in docs/performance.md."""
    begin, end = f"<!-- {mark} begins -->", f"<!-- {mark} ends -->"
    text = PAGE.read_text()
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    assert found, f"docs/performance.md has no marks for {mark!r}"
    PAGE.write_text("\n".join([head + begin, "", *lines, "", end]) + tail)
