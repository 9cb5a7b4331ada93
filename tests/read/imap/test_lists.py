"""LIST, LSUB and STATUS, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("lists*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Mailboxes are listed as the options want it."""
    check(talk, tmp_path, cut, slow=slow)
