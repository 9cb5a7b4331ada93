"""AUTH: the border of the exchange; what a mechanism means is the house's. RFC 4954 4.

Octets cross this border decoded. Nothing of an exchange is kept here but that one is going on.
"""

from base64 import b64decode, b64encode

from posthouse.wire.smtp import grammar, replies
from posthouse.wire.smtp.hello import misspelt
from posthouse.wire.smtp.questions import AuthData, AuthStarted
from posthouse.wire.smtp.replies import Answer, Authenticated, Challenge
from posthouse.wire.smtp.session import Phase, Session, Step


def auth(session: Session, line: bytes) -> Step:
    """RFC 4954 4"""
    service = session.service
    match = grammar.AUTH.match(line, 4)
    if match is None:
        return misspelt(line, replies.AUTH_SYNTAX if line[4:5] in b" " else replies.UNKNOWN)
    if not service.auth_mechanisms:
        return replies.NOT_OFFERED
    if not service.offers_auth(has_tls=session.has_tls):
        return replies.AUTH_NEEDS_TLS
    if not session.is_extended:
        return replies.HELLO_FIRST
    if session.is_authenticated or session.sender is not None:
        return replies.AUTH_OUT_OF_ORDER
    mechanism = match[1].decode("ascii").upper()
    if mechanism not in service.mechanisms(has_tls=session.has_tls):
        return replies.MECHANISM_UNKNOWN
    given = match[2]
    initial = None if given is None else b"" if given == b"=" else _decoded(given)
    if given is not None and initial is None:
        return replies.BAD_BASE64
    return AuthStarted(mechanism, initial)


def response(session: Session, line: bytes) -> Step:
    """The client's line after a challenge. RFC 4954 4"""
    session.phase = Phase.COMMANDS
    if line == b"*":
        return replies.AUTH_CANCELLED
    octets = _decoded(line)
    return replies.BAD_BASE64 if octets is None else AuthData(octets)


def answered(
    session: Session,
    _asked: AuthStarted | AuthData,
    answer: Challenge | Authenticated | Answer | None,
) -> bytes:
    """A challenge goes on, all else ends the exchange. RFC 4954 4, 6"""
    if isinstance(answer, Challenge):
        session.phase = Phase.AUTH
        return b"334 %b\r\n" % b64encode(answer.octets)
    if answer is None:
        answer = Authenticated()
    if isinstance(answer, Authenticated):
        session.is_authenticated = True
        return replies.render(235, "2.7.0", answer.text)
    assert answer.code >= 400, "yes is said by Authenticated"
    return session.said(answer)


def _decoded(line: bytes) -> bytes | None:
    return b64decode(line) if grammar.BASE64.match(line) else None
