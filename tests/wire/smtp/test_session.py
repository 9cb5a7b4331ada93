"""What a session remembers, and for how long."""

import pytest

from posthouse.wire.smtp.questions import SenderOffered
from posthouse.wire.smtp.replies import Reply
from posthouse.wire.smtp.service import SmtpService
from posthouse.wire.smtp.session import Session

SMTP = SmtpService("post.example")
LMTP = SmtpService("post.example", is_lmtp=True)


@pytest.mark.parametrize(
    ("service", "is_extended", "has_tls", "is_authenticated", "has_utf8", "expected"),
    [
        (SMTP, False, False, False, False, "SMTP"),
        (SMTP, True, False, False, False, "ESMTP"),
        (SMTP, True, True, False, False, "ESMTPS"),
        (SMTP, True, False, True, False, "ESMTPA"),
        (SMTP, True, True, True, False, "ESMTPSA"),
        (SMTP, True, True, True, True, "UTF8SMTPSA"),
        (SMTP, True, False, False, True, "UTF8SMTP"),
        (LMTP, True, False, False, False, "LMTP"),
        (LMTP, True, True, True, False, "LMTPSA"),
        (LMTP, True, False, True, True, "UTF8LMTPA"),
    ],
)
def test_with_protocol(
    service: SmtpService,
    is_extended: bool,
    has_tls: bool,
    is_authenticated: bool,
    has_utf8: bool,
    expected: str,
) -> None:
    """The word in Received says how the letter came. RFC 3848, RFC 6531 4.3"""
    session = Session(service, has_tls=has_tls)
    session.is_extended = is_extended
    session.is_authenticated = is_authenticated
    session.sender = SenderOffered("a@b", smtputf8=has_utf8)
    assert session.with_protocol == expected
    session.sender = None
    assert session.with_protocol == expected.replace("UTF8S", "ES").replace("UTF8", "")


def test_reset_ends_the_transaction_and_nothing_else() -> None:
    """RSET forgets the letter, not the client. RFC 5321 4.1.1.5"""
    session = Session(SMTP)
    session.hello = "client.example"
    session.sender = SenderOffered("a@b")
    session.recipients = 3
    session.held = b"text"
    session.octets = 9
    session.reset()
    assert (session.sender, session.recipients, session.held, session.octets) == (None, 0, b"", 0)
    assert session.hello == "client.example"
    assert not session.abort_due


def test_reset_owes_the_house_a_word_about_pieces() -> None:
    """Once, however often it resets."""
    session = Session(SMTP)
    session.handed_out = True
    session.reset()
    assert session.abort_due
    session.abort_due = False
    session.reset()
    assert not session.abort_due


def test_close_lets_go_of_all() -> None:
    """What was not read is not kept for a session that has ended."""
    session = Session(SMTP)
    session.input, session.at, session.handed_out = b"octets", 3, True
    session.close()
    assert (session.closing, session.input, session.at) == (True, b"", 0)
    assert session.abort_due


@pytest.mark.parametrize(("code", "closes"), [(421, True), (521, True), (554, False), (250, False)])
def test_some_codes_end_the_session(code: int, closes: bool) -> None:
    """RFC 5321 3.8, RFC 7504 3"""
    session = Session(SMTP)
    session.said(Reply(code, "", "so it is"))
    assert session.closing is closes


def test_a_session_is_small() -> None:
    """No dictionary, and nothing to read."""
    assert not hasattr(Session(SMTP), "__dict__")
    assert Session(SMTP).input == b""
