"""In CI a test that did not run is a failure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_skips_inside():
    pytest.skip("no tool")

@pytest.mark.skipif(True, reason="by a mark")
def test_skipped_by_mark():
    pass
"""


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)], ids=["at home", "in CI"])
def test_skip_fails_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    """A skip is a skip at home and a failure in CI, whether inside a test or by a mark."""
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    run = subprocess.run(
        [*command, str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == code, run.stdout
    assert ("2 skipped" in run.stdout) == (code == 0)
