"""The reference pages say what the program says."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HELP_AS_IN = (3, 11)
"""argparse lays out help a little differently in each version; the page is made with this one."""


def test_reference_is_fresh() -> None:
    """Each page in docs/reference is what `make docs` would write now."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    assert {page.stem for page in (ROOT / "docs/reference").glob("*.md")} == set(reference.PAGES)
    stale = []
    for page in (ROOT / "docs/reference").glob("*.md"):
        if page.stem == "commands" and sys.version_info[:2] != HELP_AS_IN:
            continue
        if page.read_text() != reference.PAGES[page.stem]():
            stale.append(page.name)

    assert stale == [], "run `make docs`"
