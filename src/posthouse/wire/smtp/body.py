"""The letter's octets: DATA with its dots, BDAT with its counts. RFC 5321 4.1.1.4, 4.5.2, RFC 3030.

Whole buffers only, no octet is searched twice. Up to `body_memory_octets_max` stay here, more
leave as pieces. A letter that failed is read to its end, for the client listens only then; past
twice SIZE it ends with 421.
"""

from typing import Final

from posthouse.wire.octets import BODY_END, dot_line, has_bare_newline, held_back, unstuffed
from posthouse.wire.smtp import replies
from posthouse.wire.smtp.questions import BodyComplete, BodyPiece
from posthouse.wire.smtp.session import Phase, Session, Step

LEAD: Final = 2
"""DATA leaves its CRLF in the buffer: with it the first line looks like every other, and an empty
body is found too."""


def read_data(session: Session) -> Step:
    """The body after 354, or what has come of it."""
    data, at = session.input, session.at
    dot = dot_line(data, session.searched)
    if dot < 0:
        end = -1
    elif data.startswith(BODY_END, dot):
        end = dot
    else:
        session.stuffed = True  # or only the beginning of the end: then nothing is there to replace
        end = data.find(BODY_END, dot)
    if end < 0:
        return _data_so_far(session)
    if session.failure:
        session.at = end + 5
        return _swallow(session, end - at) or failed(session)
    if end - at > session.service.limits.body_memory_octets_max:
        return _hand_out_data(session, end)
    text = _text(session, end + 2)
    session.at = end + 5
    return complete(session, text)


def _data_so_far(session: Session) -> Step:
    """The end is not here yet: keep, hand out, or let go."""
    data, at = session.input, session.at
    if session.failure:
        session.at = session.searched = max(at, len(data) - 4)
        return _swallow(session, session.at - at)
    if len(data) - at > session.service.limits.body_memory_octets_max:
        return _hand_out_data(session, len(data) - held_back(data))
    session.searched = max(at, len(data) - 4)
    return None


def _swallow(session: Session, octets: int) -> bytes | None:
    """Octets of a failed letter go by; the reply when there are too many of them."""
    session.octets += octets
    if session.octets <= 2 * session.service.limits.letter_octets_max:
        return None
    session.close()
    return replies.FAR_TOO_LARGE


def _hand_out_data(session: Session, end: int) -> Step:
    """What stands before `end`, or what has come of a letter that failed there."""
    piece = _text(session, end)
    session.at = session.searched = end
    return hand_out(session, piece) or read_data(session)


def _text(session: Session, end: int) -> bytes:
    """The letter's octets from where we are to `end`, dots and lead taken off."""
    lead = 0 if session.handed_out else LEAD
    if session.stuffed:
        return unstuffed(session.input[session.at : end])[lead:]
    return session.input[session.at + lead : end]


def read_chunk(session: Session) -> Step:
    """The octets that BDAT announced, or what has come of them. RFC 3030 2"""
    data, at, left = session.input, session.at, session.chunk_left
    here = min(left, len(data) - at)
    memory = session.service.limits.body_memory_octets_max
    if here < left and not session.failure and len(session.held) + here <= memory:
        return None  # it stays in the input: no copies of crumbs
    session.at = at + here
    session.chunk_left = left = left - here
    if session.failure:
        return failed(session) if not left else None
    session.held += data[at : at + here]
    if len(session.held) > memory:
        return _hand_out_held(session)
    assert not left, "a part of a chunk waits in the input or leaves"
    return complete(session, session.held) if session.chunk_is_last else _chunk_taken(session)


def _hand_out_held(session: Session) -> Step:
    """All but a CR whose LF may come with the next octets."""
    text = session.held
    cut = len(text) - 1 if text.endswith(b"\r") else len(text)
    session.held = text[cut:]
    return hand_out(session, text[:cut]) or read_chunk(session)


def _chunk_taken(session: Session) -> bytes:
    session.phase = Phase.COMMANDS
    return b"250 2.0.0 %d octets so far\r\n" % (session.octets + len(session.held))


def hand_out(session: Session, piece: bytes) -> BodyPiece | None:
    """The question for a piece; None when the letter has just failed."""
    session.failure = fault_in(session, piece)
    session.octets += len(piece)
    if session.failure:
        session.abort_due = session.handed_out
        session.handed_out = False
        return None
    session.handed_out = True
    return BodyPiece(piece)


def fault_in(session: Session, text: bytes) -> bytes:
    """Why these octets cannot be taken, b"" when they can."""
    if session.octets + len(text) > session.service.limits.letter_octets_max:
        return replies.TOO_LARGE  # RFC 1870 6.3
    if session.sender is not None and session.sender.body == "BINARYMIME":
        return b""
    if has_bare_newline(text):
        return replies.BARE_IN_BODY  # RFC 5321 2.3.8
    if b"\0" in text:
        return replies.NUL_IN_BODY  # RFC 2045 2.7, 2.8
    return b""


def complete(session: Session, text: bytes) -> Step:
    """The end of the letter. RFC 5321 4.1.1.4"""
    session.failure = fault_in(session, text)
    if session.failure:
        return failed(session)
    session.phase = Phase.COMMANDS
    session.held = b""
    return BodyComplete(text, session.octets + len(text))


def failed(session: Session) -> bytes:
    """The letter was read to its end for nothing; now the client hears why."""
    reply = session.failure
    assert reply, "only a failed letter ends here"
    is_chunk = session.phase is Phase.CHUNK
    session.phase = Phase.COMMANDS
    if is_chunk and not session.chunking:  # a BDAT out of order: nothing has begun, nothing ends
        session.failure = b""
        return reply
    if not is_chunk or session.chunk_is_last:
        reply *= replies_due(session)
    session.reset()
    return reply


def replies_due(session: Session) -> int:
    """LMTP answers the end of a letter once for each recipient it took. RFC 2033 4.2"""
    return max(1, session.recipients) if session.service.is_lmtp else 1
