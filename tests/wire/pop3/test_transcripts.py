"""The transcripts of POP3, each played whole, octet by octet and cut at random."""

import pytest

from pop3_talk import play_pop3
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("pop3"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_pop3(talk, cut) == talk.expected
