"""COPY and MOVE, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("copy*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Messages are where the answer says, and nowhere else."""
    check(talk, tmp_path, cut, slow=slow)
