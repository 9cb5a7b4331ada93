"""`posthouse status`."""

import json
import subprocess
import sys
from pathlib import Path

from app_house import ROOT, Running


def status(file: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "posthouse", "status", "--config", str(file), *words],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_running_server_and_none(tmp_path: Path) -> None:
    """For people, for programs, and exit 69 with a hint when nothing answers."""
    config = 'workers = 1\n[listen]\nsmtp = ["127.0.0.1:0"]\nimap = []\nimaps = []\nhttp = []\n'
    with Running(tmp_path, config) as house:
        house.ready()
        found = json.loads(status(house.file, "--json").stdout)
        assert found["supervisor"] == house.process.pid
        assert f"supervisor {house.process.pid}" in status(house.file).stdout
    gone = status(house.file)
    assert gone.returncode == 69
    assert "hint: posthouse serve" in gone.stderr
