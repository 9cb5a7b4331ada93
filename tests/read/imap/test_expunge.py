"""EXPUNGE, CLOSE and UNSELECT, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("expunge*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """What is marked deleted goes when it should, and only then."""
    check(talk, tmp_path, cut, slow=slow)
