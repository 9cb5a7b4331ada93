"""REPLACE at the station."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("replace*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)
