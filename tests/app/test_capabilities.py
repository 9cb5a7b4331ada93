"""What is left of root. What the kernel shows of it is in tests/machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posthouse.app import capabilities
from posthouse.app.capabilities import DAC_READ_SEARCH, NET_BIND_SERVICE

ROOT = Path(__file__).parents[2]
# At home only: CI runs as root, and a skip there is a failure (tests/conftest.py).
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="holds nothing that could be given up")


def said_by(code: str) -> list[str]:
    """Lines of a process of its own: what is given up does not come back."""
    begin = (
        "from posthouse.app import capabilities as c\n"
        "def told():\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    lines = [l for l in lines if l.startswith(('Cap', 'NoNew'))]\n"
        "    caps = {l[:6]: int(l.split()[1], 16) for l in lines}\n"
        "    print(caps['CapEff'], caps['CapPrm'], caps['CapBnd'], caps['NoNewP'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", begin + code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout.splitlines()


@AS_ROOT
def test_what_is_kept_works_only_while_raised() -> None:
    """Kept means held, not effective; a thing that was given up cannot be raised."""
    bind, read = 1 << NET_BIND_SERVICE, 1 << DAC_READ_SEARCH
    lines = said_by(
        "c.limit_to_nothing()\n"
        f"c.keep_only({{{NET_BIND_SERVICE}, {DAC_READ_SEARCH}}}); told()\n"
        f"with c.raised({NET_BIND_SERVICE}): told()\n"
        f"told(); c.keep_only({{{NET_BIND_SERVICE}}}); print(sorted(c.held()))\n"
        f"with c.raised({DAC_READ_SEARCH}): told()\n"
        "c.gain_nothing(); c.keep_only(()); told()\n"
    )
    assert lines == [
        f"0 {bind | read} 0 0",
        f"{bind} {bind | read} 0 0",
        f"0 {bind | read} 0 0",
        f"[{NET_BIND_SERVICE}]",
        f"0 {bind} 0 0",
        "0 0 0 1",
    ]


@AS_ROOT
def test_root_lowers_nothing_by_raising() -> None:
    """What was effective before stays so."""
    before, meanwhile, after = said_by(
        f"told()\nwith c.raised({NET_BIND_SERVICE}): told()\ntold()\n"
    )
    assert before == meanwhile == after


def test_without_capabilities_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another kernel than Linux nothing is held, and everything may be called."""
    monkeypatch.setattr(capabilities, "_LIBRARY", None)
    assert capabilities.held() == frozenset()
    capabilities.keep_only({NET_BIND_SERVICE})
    with capabilities.raised(NET_BIND_SERVICE):
        capabilities.gain_nothing()
    capabilities.limit_to_nothing()
