"""MAIL, RCPT, DATA, BDAT and the answers to them."""

import pytest

from posthouse.wire.smtp.questions import BodyComplete
from posthouse.wire.smtp.replies import Reply
from posthouse.wire.smtp.service import SmtpService
from posthouse.wire.smtp.session import Session
from posthouse.wire.smtp.transaction import letter_answered
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("smtp", "transaction_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


@pytest.mark.parametrize(
    ("is_lmtp", "answers"), [(False, [None, None]), (True, [None]), (True, [None] * 3)]
)
def test_a_list_answers_each_recipient_of_lmtp(is_lmtp: bool, answers: list[Reply | None]) -> None:
    """A house that answers too often or too rarely is at fault, not the client. RFC 2033 4.2"""
    session = Session(SmtpService("post.example", is_lmtp=is_lmtp))
    session.recipients = 2
    with pytest.raises(AssertionError):
        letter_answered(session, BodyComplete(b"", 0), answers)
