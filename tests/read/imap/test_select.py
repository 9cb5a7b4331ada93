"""SELECT and EXAMINE, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("select*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """What is selected is told, and a failure leaves nothing selected."""
    check(talk, tmp_path, cut, slow=slow)
