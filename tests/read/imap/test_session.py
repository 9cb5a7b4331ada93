"""The whole station by conversations: tests/transcripts/imap/station."""

from pathlib import Path

import pytest

from imap_station_talk import Talk, all_talks, expected, play
from talk import Cutter, each_byte, whole


@pytest.mark.parametrize("talk", all_talks(), ids=str)
@pytest.mark.parametrize("cut", [whole, each_byte], ids=["whole", "each_byte"])
@pytest.mark.parametrize("slow", [False, True], ids=["prompt", "slow"])
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    assert expected(talk) == play(talk, tmp_path, cut, slow=slow)
