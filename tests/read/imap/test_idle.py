"""NOOP, CHECK and IDLE, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("idle*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """They let news through and do nothing else."""
    check(talk, tmp_path, cut, slow=slow)
