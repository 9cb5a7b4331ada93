"""Commands that carry no letter: HELO EHLO LHLO STARTTLS RSET NOOP VRFY EXPN HELP QUIT.

RFC 5321 4.1.1, 3207, 2033. Each is settled here; none asks the house.
"""

from posthouse.wire.smtp import grammar, replies
from posthouse.wire.smtp.session import Session, Step


def misspelt(line: bytes, otherwise: bytes) -> bytes:
    """What to say of a line that fits no pattern: the coarsest fault first. RFC 5321 4.2.4"""
    if b"\r" in line:
        return replies.BARE_NEWLINE
    if grammar.CONTROL.search(line):  # RFC 5321 4.1.2: NUL and its like are in no command
        return replies.CONTROL
    return otherwise


def alone(line: bytes, verb: bytes, reply: bytes = replies.NO_ARGUMENT) -> bytes:
    """b"" when the line is the verb and spaces, else what to say. RFC 5321 4.1.1"""
    if line[len(verb) :].strip(b" ") == b"" and line[: len(verb)].upper() == verb:
        return b""
    return misspelt(line, reply if line[len(verb) : len(verb) + 1] == b" " else replies.UNKNOWN)


def ehlo(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.1"""
    service = session.service
    if service.is_lmtp:
        return replies.UNKNOWN  # RFC 2033 4.1
    return _hello(session, line, True, service.hello_tls if session.has_tls else service.hello)


def helo(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.1"""
    if session.service.is_lmtp:
        return replies.UNKNOWN  # RFC 2033 4.1
    return _hello(session, line, False, session.service.helo)


def lhlo(session: Session, line: bytes) -> Step:
    """RFC 2033 4.1"""
    service = session.service
    if not service.is_lmtp:
        return replies.UNKNOWN
    return _hello(session, line, True, service.hello_tls if session.has_tls else service.hello)


def _hello(session: Session, line: bytes, is_extended: bool, reply: bytes) -> bytes:
    match = grammar.HELLO.match(line, 4)
    if match is None:
        return misspelt(line, replies.HELLO_SYNTAX if line[4:5] in b" " else replies.UNKNOWN)
    session.hello = match[1].decode("ascii")
    session.is_extended = is_extended
    session.reset()  # RFC 5321 4.1.4: as if RSET
    return reply


def starttls(session: Session, line: bytes) -> Step:
    """RFC 3207 4"""
    fault = alone(line, b"STARTTLS", replies.STARTTLS_SYNTAX)
    if fault:
        return fault
    if session.has_tls:
        return replies.TLS_STANDS
    if not session.service.tls_offered:
        return replies.NOT_OFFERED
    if not session.is_extended:
        return replies.HELLO_FIRST
    session.starting_tls = True
    return replies.START_TLS


def rset(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.5"""
    fault = alone(line, b"RSET")
    if fault:
        return fault
    session.reset()
    return replies.RESET


def noop(_session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.9: the string means nothing."""
    return replies.NOOP_OK if grammar.ONE_STRING.match(line, 4) else misspelt(line, replies.UNKNOWN)


def help_(_session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.8"""
    return replies.HELP if grammar.ONE_STRING.match(line, 4) else misspelt(line, replies.UNKNOWN)


def vrfy(_session: Session, line: bytes) -> Step:
    """RFC 5321 3.5.3, 7.3: an answer that tells nobody who lives here."""
    if not grammar.ONE_STRING.match(line, 4):
        return misspelt(line, replies.UNKNOWN)
    return replies.VERIFY if line[4:].strip(b" ") else replies.STRING_MISSING


def expn(_session: Session, line: bytes) -> Step:
    """RFC 5321 3.5.2, 7.3"""
    known = grammar.ONE_STRING.match(line, 4)
    return replies.NOT_OFFERED if known else misspelt(line, replies.UNKNOWN)


def quit_(session: Session, line: bytes) -> Step:
    """RFC 5321 4.1.1.10"""
    fault = alone(line, b"QUIT")
    if fault:
        return fault
    session.close()
    return session.service.goodbye


def stranger(session: Session, _line: bytes) -> Step:
    """A web browser, or a page that makes one speak to us: not one of its lines is obeyed."""
    session.close()
    return replies.NOT_SMTP
