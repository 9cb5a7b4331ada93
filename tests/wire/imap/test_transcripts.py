"""The transcripts of IMAP, each played whole, octet by octet and cut at random."""

import pytest

from imap_talk import play_imap
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("imap"), ids=str)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_imap(talk, cut) == talk.expected
