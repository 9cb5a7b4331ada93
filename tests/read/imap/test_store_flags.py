"""STORE, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("store_flags*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Flags are what the answer says, also when others were faster."""
    check(talk, tmp_path, cut, slow=slow)
