"""CREATE, DELETE, RENAME and subscriptions, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("mailboxes*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Each use and each error has its answer."""
    check(talk, tmp_path, cut, slow=slow)
