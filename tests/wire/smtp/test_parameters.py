"""The parameters of MAIL and RCPT."""

import pytest

from posthouse.wire.smtp import parameters, replies
from posthouse.wire.smtp.questions import RecipientOffered
from posthouse.wire.smtp.service import SmtpService
from posthouse.wire.smtp.session import Session
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("smtp", "parameters_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


def test_raw_utf8_needs_a_transaction_with_smtputf8() -> None:
    """Without a sender there is no SMTPUTF8. RFC 6533 3"""
    session = Session(SmtpService("post.example"))
    question = RecipientOffered("a@b")
    fault = parameters.orcpt(session, question, "utf-8;ö@b".encode())
    assert fault == replies.PARAMETER_SYNTAX
    assert question.original == ""
