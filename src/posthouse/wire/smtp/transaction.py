"""A letter's envelope and the start of its body: MAIL RCPT DATA BDAT. RFC 5321 3.3, RFC 3030 2.

Order first, then syntax, then parameters; what remains is asked of the house. The answers come back
here.
"""

import re

from posthouse.wire.smtp import grammar, parameters, replies
from posthouse.wire.smtp.body import read_chunk, replies_due
from posthouse.wire.smtp.hello import alone, misspelt
from posthouse.wire.smtp.questions import (
    BODY_STARTS,
    BodyComplete,
    BodyPiece,
    BodyStarts,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.replies import Answer
from posthouse.wire.smtp.session import Phase, Session, Step


def mail(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.2"""
    fault = _mail_out_of_order(session)
    if fault:
        return fault
    match = grammar.MAIL.match(line, 4)
    if match is None:
        return _path_fault(line, grammar.MAIL_START, replies.MAIL_SYNTAX, replies.SENDER_SYNTAX)
    path, mailbox, words = match.groups()
    question = SenderOffered("")
    if words:
        fault = parameters.take(session, words, question, parameters.OF_MAIL)
        if fault:
            return fault
    if mailbox is None:
        return question  # the null sender, RFC 5321 4.5.5
    fault = _mailbox_fault(session, path, mailbox, question.smtputf8, replies.SENDER_SYNTAX)
    if fault:
        return fault
    question.address = mailbox.decode()
    return question


def _mail_out_of_order(session: Session) -> bytes:
    """RFC 5321 4.1.4"""
    service = session.service
    if not session.hello:
        return replies.HELLO_FIRST
    if session.sender is not None:
        return replies.SENDER_GIVEN
    if service.tls_required and not session.has_tls:
        return replies.NEEDS_TLS
    if service.auth_required and not session.is_authenticated:
        return replies.NEEDS_AUTH
    if session.letters >= service.limits.letters_per_session_max:
        session.close()
        return replies.TOO_MANY_LETTERS
    return b""


def sender_answered(session: Session, asked: SenderOffered, answer: Answer | None) -> bytes:
    """None or a code below 400 begins the transaction. RFC 5321 3.3"""
    session.sender = asked
    session.letters += 1
    if answer is None:
        return replies.SENDER_OK
    reply = session.said(answer)
    if answer.code >= 400:
        session.sender = None
        session.letters -= 1
    return reply


def rcpt(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.3"""
    sender = session.sender
    if sender is None:
        return replies.MAIL_FIRST
    if session.chunking:
        return replies.BDAT_BEGUN  # RFC 3030 2
    match = grammar.RCPT.match(line, 4)
    if match is None:
        return _path_fault(line, grammar.RCPT_START, replies.RCPT_SYNTAX, replies.RECIPIENT_SYNTAX)
    path, mailbox, postmaster, words = match.groups()
    if session.recipients >= session.service.limits.recipients_max:
        return replies.TOO_MANY_RECIPIENTS  # RFC 5321 4.5.3.1.10
    mailbox = mailbox or postmaster
    fault = _mailbox_fault(session, path, mailbox, sender.smtputf8, replies.RECIPIENT_SYNTAX)
    if fault:
        return fault
    question = RecipientOffered(mailbox.decode())
    if words:
        fault = parameters.take(session, words, question, parameters.OF_RCPT)
        if fault:
            return fault
    return question


def recipient_answered(session: Session, _asked: RecipientOffered, answer: Answer | None) -> bytes:
    """None or a code below 400 adds the recipient. RFC 5321 3.3"""
    if answer is None:
        session.recipients += 1
        return replies.RECIPIENT_OK
    if answer.code < 400:
        session.recipients += 1
    return session.said(answer)


def _path_fault(line: bytes, start: re.Pattern[bytes], form: bytes, path: bytes) -> bytes:
    if line[4:5] not in b" ":
        return misspelt(line, replies.UNKNOWN)
    return misspelt(line, path if start.match(line, 4) else form)


def _mailbox_fault(
    session: Session, path: bytes, mailbox: bytes, has_utf8: bool, syntax: bytes
) -> bytes:
    """What the pattern cannot see, b"" when all is well."""
    if len(path) > session.service.limits.path_octets_max:
        return replies.PATH_TOO_LONG  # RFC 5321 4.5.3.1.3
    if mailbox.endswith(b"]") and not grammar.literal_is_address(mailbox):
        return syntax
    if mailbox.isascii():
        return b""
    if not grammar.is_utf8(mailbox):
        return replies.BAD_UTF8
    return b"" if has_utf8 else replies.NEEDS_SMTPUTF8  # RFC 6531 3.5


def data(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.4"""
    fault = alone(line, b"DATA") or _body_out_of_order(session)
    if fault:
        return fault
    if session.chunking:
        return replies.BDAT_BEGUN  # RFC 3030 2
    sender = session.sender
    assert sender is not None, "recipients stand behind a sender"
    if sender.body == "BINARYMIME":
        return replies.NEEDS_BDAT  # RFC 3030 3
    session.at -= 2  # the CRLF of this line stays, see body.LEAD
    return BODY_STARTS


def bdat(session: Session, line: bytes) -> Step:
    """RFC 3030 2"""
    match = grammar.BDAT.match(line, 4)
    if match is None:
        if line[4:5] not in b" ":
            return misspelt(line, replies.UNKNOWN)
        # Nobody knows where the chunk ends: its octets must not be read as commands.
        session.close()
        return misspelt(line, replies.BDAT_SYNTAX)
    octets = int(match[1])
    limit = session.service.limits.letter_octets_max
    coming = session.octets + len(session.held) + octets
    if coming > 2 * limit:
        session.close()
        return replies.FAR_TOO_LARGE
    session.phase = Phase.CHUNK
    session.chunk_left = octets
    session.chunk_is_last = match[2] is not None
    session.failure = _body_out_of_order(session)
    if session.failure:
        return read_chunk(session)  # RFC 3030 2: swallowed all the same
    is_first, session.chunking = not session.chunking, True
    if coming > limit:
        session.failure = replies.TOO_LARGE
        session.abort_due, session.handed_out = session.handed_out, False
        return read_chunk(session)
    return BODY_STARTS if is_first else read_chunk(session)


def _body_out_of_order(session: Session) -> bytes:
    """RFC 5321 3.3, RFC 2033 4.2: a body needs a recipient that was taken."""
    if session.recipients:
        return b""
    return replies.MAIL_FIRST if session.sender is None else replies.RCPT_FIRST


def body_answered(session: Session, _asked: BodyStarts, answer: Answer | None) -> bytes:
    """A no before 354 leaves the transaction; a no to BDAT is said when the chunk was swallowed."""
    if session.chunking:
        return _fail(session, answer)
    if answer is not None and answer.code >= 400:
        session.at += 2
        return session.said(answer)
    session.phase = Phase.DATA
    session.searched = session.at
    return replies.SEND_BODY


def piece_answered(session: Session, _asked: BodyPiece, answer: Answer | None) -> bytes:
    """A no stands for the whole letter, whose rest is swallowed."""
    return _fail(session, answer)


def _fail(session: Session, answer: Answer | None) -> bytes:
    """The no waits until the octets on their way were swallowed, unless it ends the session."""
    if answer is None or answer.code < 400:
        return b""
    session.handed_out = False  # who says no has dropped the pieces
    reply = session.said(answer)
    if session.closing:
        return reply
    session.failure = reply
    return b""


def letter_answered(
    session: Session, _asked: BodyComplete, answer: Answer | list[Answer | None] | None
) -> bytes:
    """The promise, or the refusal; in LMTP one for each recipient. RFC 5321 4.2.5, RFC 2033 4.2"""
    if answer is None:
        reply = replies.LETTER_OK * replies_due(session)
    elif isinstance(answer, list):
        assert session.service.is_lmtp, "SMTP answers a letter once"
        assert len(answer) == session.recipients, "LMTP answers each recipient"
        reply = b"".join(replies.LETTER_OK if one is None else session.said(one) for one in answer)
    else:
        reply = session.said(answer) * replies_due(session)
    session.handed_out = False  # the house has the whole letter, or dropped it with its no
    session.reset()
    return reply
