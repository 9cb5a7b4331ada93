"""The command is quick to start: what its first page needs loads nothing heavy."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {"asyncio", "msgspec", "rich", "ssl", "apsw", "cryptography", "uvloop", "logging"}

# The modules that every subcommand passes through before it knows what it is.
PATH_OF_START = ("posthouse.cli.main", "posthouse.cli.parser")


def loaded_by(module: str) -> set[str]:
    """The top-level names that stand in sys.modules after an import in a fresh interpreter."""
    program = f"import sys, {module}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


def test_start_loads_nothing_heavy() -> None:
    """Neither asyncio nor msgspec nor rich stands between the shell and the first line of help."""
    for module in PATH_OF_START:
        if (ROOT / "src" / (module.replace(".", "/") + ".py")).exists():
            assert loaded_by(module) & HEAVY == set(), module
