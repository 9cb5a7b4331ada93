"""LOGIN, AUTHENTICATE, ENABLE and ID, by transcripts."""

from pathlib import Path

from imap_station_talk import Talk, check, played
from talk import Cutter


@played("login*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Who is known comes in, others hear one and the same NO."""
    check(talk, tmp_path, cut, slow=slow)
