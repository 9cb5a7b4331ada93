"""The letter's octets, by DATA and by BDAT."""

import pytest

from posthouse.wire.smtp.body import failed
from posthouse.wire.smtp.service import SmtpService
from posthouse.wire.smtp.session import Session
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("smtp", "body_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


def test_only_a_failed_letter_fails() -> None:
    """A letter without a fault never ends as one."""
    with pytest.raises(AssertionError):
        failed(Session(SmtpService("post.example")))
