"""The parameters of MAIL and RCPT, a function each. RFC 1870, 3030, 3461, 4954, 6152, 6531.

Each writes into the question and returns b"", or the reply that refuses the command. After HELO
they are taken as well: nobody sends them by mistake.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from posthouse.wire.smtp import grammar, replies
from posthouse.wire.smtp.questions import RecipientOffered, SenderOffered
from posthouse.wire.smtp.session import Session

Q = TypeVar("Q")
Parameter = Callable[[Session, Q, bytes | None], bytes]
"""The value is None where the word had no "="."""

BODIES: Final = {b"7BIT": "7BIT", b"8BITMIME": "8BITMIME", b"BINARYMIME": "BINARYMIME"}
RETURNS: Final = {b"FULL": "FULL", b"HDRS": "HDRS"}
NOTIFY: Final = {b"SUCCESS": "SUCCESS", b"FAILURE": "FAILURE", b"DELAY": "DELAY"}

ENVELOPE_ID_OCTETS_MAX: Final = 100  # RFC 3461 4.4
ORIGINAL_OCTETS_MAX: Final = 500  # RFC 3461 4.2


def take(session: Session, words: bytes, question: Q, known: dict[bytes, Parameter[Q]]) -> bytes:
    """All parameters of a command; the reply when one is wrong, b"" otherwise."""
    seen = set()
    for word in words.split():
        name, equals, value = word.partition(b"=")
        name = name.upper()
        parameter = known.get(name)
        if parameter is None:
            return replies.PARAMETER_UNKNOWN  # RFC 5321 4.1.1.11
        if name in seen:
            return replies.PARAMETER_SYNTAX
        seen.add(name)
        fault = parameter(session, question, value if equals else None)
        if fault:
            return fault
    return b""


def size(session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 1870 5, 6.1: refused before a single octet of it is sent."""
    if value is None or not grammar.SIZE.match(value):
        return replies.PARAMETER_SYNTAX
    question.size = int(value)
    is_too_large = question.size > session.service.limits.letter_octets_max
    return replies.TOO_LARGE if is_too_large else b""


def body(_session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 6152 2, RFC 3030 3"""
    known = BODIES.get((value or b"").upper())
    if known is None:
        return replies.PARAMETER_SYNTAX
    question.body = known
    return b""


def smtputf8(_session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 6531 3.4: a word without a value."""
    question.smtputf8 = True
    return b"" if value is None else replies.PARAMETER_SYNTAX


def envid(_session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 3461 4.4"""
    if value is None or len(value) > ENVELOPE_ID_OCTETS_MAX or not grammar.XTEXT.match(value):
        return replies.PARAMETER_SYNTAX
    question.envelope_id = value.decode("ascii")
    return b""


def ret(_session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 3461 4.3"""
    known = RETURNS.get((value or b"").upper())
    if known is None:
        return replies.PARAMETER_SYNTAX
    question.returns = known
    return b""


def auth(session: Session, question: SenderOffered, value: bytes | None) -> bytes:
    """RFC 4954 5: who vouches for the letter; only where AUTH is offered."""
    if not session.service.offers_auth(has_tls=session.has_tls):
        return replies.PARAMETER_UNKNOWN
    if value is None or not (value == b"<>" or grammar.XTEXT.match(value)):
        return replies.PARAMETER_SYNTAX
    question.auth = value.decode("ascii")
    return b""


def notify(_session: Session, question: RecipientOffered, value: bytes | None) -> bytes:
    """RFC 3461 4.1: NEVER stands alone, the others once each."""
    given = (value or b"").upper().split(b",")
    if given == [b"NEVER"]:
        question.notify = ("NEVER",)
        return b""
    wishes = tuple(NOTIFY[wish] for wish in given if wish in NOTIFY)
    if len(wishes) != len(given) or len(set(wishes)) != len(wishes):
        return replies.PARAMETER_SYNTAX
    question.notify = wishes
    return b""


def orcpt(session: Session, question: RecipientOffered, value: bytes | None) -> bytes:
    """RFC 3461 4.2; raw UTF-8 only in its own type and with SMTPUTF8, RFC 6533 3."""
    if value is None or len(value) > ORIGINAL_OCTETS_MAX:
        return replies.PARAMETER_SYNTAX
    if not grammar.ORCPT.match(value):
        sender = session.sender
        if sender is None or not sender.smtputf8 or not grammar.ORCPT_UTF8.match(value):
            return replies.PARAMETER_SYNTAX
        if not grammar.is_utf8(value):
            return replies.BAD_UTF8
    question.original = value.decode()
    return b""


OF_MAIL: Final[dict[bytes, Parameter[SenderOffered]]] = {
    b"SIZE": size,
    b"BODY": body,
    b"SMTPUTF8": smtputf8,
    b"ENVID": envid,
    b"RET": ret,
    b"AUTH": auth,
}
OF_RCPT: Final[dict[bytes, Parameter[RecipientOffered]]] = {b"NOTIFY": notify, b"ORCPT": orcpt}
