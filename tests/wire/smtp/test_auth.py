"""AUTH up to the border of the house."""

import pytest

from posthouse.wire.smtp.auth import answered
from posthouse.wire.smtp.questions import AuthData
from posthouse.wire.smtp.replies import Reply
from posthouse.wire.smtp.service import SmtpService
from posthouse.wire.smtp.session import Session
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("smtp", "auth_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


def test_yes_is_said_by_authenticated() -> None:
    """A plain 2xx would leave open whether the client is who it said."""
    session = Session(SmtpService("post.example", auth_mechanisms=("PLAIN",)))
    with pytest.raises(AssertionError):
        answered(session, AuthData(b""), Reply(250, "2.0.0", "ok"))
    assert not session.is_authenticated
