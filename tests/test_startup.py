"""The command is quick to start: what its first page needs loads nothing heavy."""

import subprocess
import sys

HEAVY = {"asyncio", "msgspec", "rich", "ssl", "apsw", "cryptography", "uvloop", "logging"}

PROGRAM = """
import sys
from posthouse.cli.main import main
code = main(sys.argv[1:])
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
sys.exit(code)
"""


def test_help_loads_nothing_heavy() -> None:
    """Neither asyncio nor msgspec nor rich stands between the shell and the first page of help."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--help"], capture_output=True, text=True, timeout=60
    )

    assert run.returncode == 0, run.stderr
    assert "posthouse" in run.stdout
    assert set(run.stderr.split()) & HEAVY == set()
