"""SMTP server, the talking part: octets in, questions out; answers in, octets out. RFC 5321.

Never waits, never looks anything up. One question is open at a time; octets that arrive meanwhile
stay queued. LMTP is a flag of the service.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from posthouse.wire.smtp import auth, hello, replies, transaction
from posthouse.wire.smtp.body import read_chunk, read_data
from posthouse.wire.smtp.questions import (
    BODY_ABORTED,
    GREETING,
    AuthData,
    AuthStarted,
    BodyAborted,
    BodyComplete,
    BodyPiece,
    BodyStarts,
    Greeting,
    Question,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.replies import Answer
from posthouse.wire.smtp.session import COMMANDS, Phase, Session, Step

FIVE: Final = ord("5")
CR: Final = ord("\r")
DATA: Final = Phase.DATA

# By the first four letters; each command looks at the rest of its name itself.
VERBS: Final[dict[bytes, Callable[[Session, bytes], Step]]] = {
    b"HELO": hello.helo,
    b"EHLO": hello.ehlo,
    b"LHLO": hello.lhlo,
    b"MAIL": transaction.mail,
    b"RCPT": transaction.rcpt,
    b"DATA": transaction.data,
    b"BDAT": transaction.bdat,
    b"RSET": hello.rset,
    b"NOOP": hello.noop,
    b"QUIT": hello.quit_,
    b"VRFY": hello.vrfy,
    b"EXPN": hello.expn,
    b"HELP": hello.help_,
    b"STAR": hello.starttls,
    b"AUTH": auth.auth,
    b"GET ": hello.stranger,
    b"POST": hello.stranger,
    b"CONN": hello.stranger,
}


class SmtpServer(Session):
    """One conversation, as `net.connection` drives it."""

    __slots__ = ()

    def receive(self, data: bytes) -> None:
        """Octets from the peer. Between STARTTLS and TLS they are dropped. RFC 3207 5"""
        if self.closing or self.starting_tls:
            return
        if not self.greeted and data:
            self.early_talker = True
        self.input += data

    @property
    def wants_input(self) -> bool:
        """False: enough octets wait for the house's answer."""
        return self.asked is None or len(self.input) < self.service.limits.input_octets_max

    @property
    def idle_seconds(self) -> int:
        """How long the client may be silent."""
        return self.service.limits.idle_seconds_max

    def next_question(self) -> Question | None:
        """What only the house can decide; None means: feed me, or answer first."""
        if self.asked is not None:
            return None
        while True:
            if self.abort_due:
                self.abort_due = False
                self.asked = BODY_ABORTED
                return BODY_ABORTED
            if self.closing or self.starting_tls:
                return None
            phase = self.phase
            if phase is COMMANDS:
                # Most clients send a command and wait: then all of the input is used up.
                step = read_line(self) if self.at < len(self.input) else None
            elif phase is DATA:
                step = read_data(self)
            else:
                step = _read_other(self, phase)
            if step is None:
                if self.abort_due:
                    continue
                if self.at:
                    self.input = self.input[self.at :]
                    self.searched -= self.at
                    self.at = 0
                return None
            if type(step) is not bytes:
                self.asked = question = cast("Question", step)
                return question
            if step[0] == FIVE:
                step = self._counted(step)
            self.output.append(step)

    def answer(self, answer: Any) -> None:
        """The answer to the question last returned."""
        asked = self.asked
        assert asked is not None, "no question is open"
        self.asked = None
        reply = ANSWERED[type(asked)](self, asked, answer)
        if reply:
            self.output.append(reply)
        if self.draining:
            self.shut_down()

    def take_output(self) -> bytes:
        """All that is to be written now."""
        output = self.output
        if not output:
            return b""
        self.greeted = True
        octets = output[0] if len(output) == 1 else b"".join(output)
        output.clear()
        return octets

    def tls_stands(self) -> None:
        """Nothing of the clear conversation is remembered. RFC 3207 4.2"""
        assert self.starting_tls, "the go-ahead comes first"
        self.starting_tls = False
        self.has_tls = True
        self.hello = ""
        self.is_extended = False
        self.is_authenticated = False
        self.input = b""
        self.at = 0
        self.reset()

    def timed_out(self) -> None:
        """Nothing was heard for too long, and no question is open. RFC 5321 4.5.3.2.7"""
        if self.asked is None:
            self._end(replies.IDLE)

    def shut_down(self) -> None:
        """The house drains: at once, or when the open question is answered. RFC 5321 3.8"""
        self.draining = True
        if self.asked is None:
            self._end(replies.SHUTTING_DOWN)

    def connection_lost(self) -> BodyAborted | None:
        """The peer is gone. What comes back, if anything, is the last; it needs no `answer`."""
        must_drop = self.abort_due or (self.handed_out and type(self.asked) is not BodyComplete)
        self.closing = True
        self.abort_due = self.handed_out = False
        self.input = b""
        self.at = 0
        return BODY_ABORTED if must_drop else None

    def _end(self, reply: bytes) -> None:
        if not self.closing:
            self.output.append(reply)
            self.close()

    def _counted(self, reply: bytes) -> bytes:
        """Each 5xx that was not the answer to a question is an error of the client.

        A no of the house that waited for the end of its letter is counted too.
        """
        self.errors += 1
        if self.errors <= self.service.limits.errors_max:
            return reply
        self.close()
        return replies.TOO_MANY_ERRORS


def read_line(session: Session) -> Step:
    """The next command line and what becomes of it. RFC 5321 2.3.8, 4.1.1"""
    data, at = session.input, session.at
    end = data.find(b"\n", at)
    if end < 0:
        return _half_line(session)
    session.at = after = end + 1
    is_bare = end == at or data[end - 1] != CR
    if after - at > session.service.limits.line_octets_max and after - at > _limit(session, at):
        return _too_long(session, is_over=not is_bare)
    if is_bare:
        session.phase = Phase.BARE_NEWLINE
        return replies.BARE_NEWLINE
    line = data[at : end - 1]
    if session.phase is COMMANDS:
        command = VERBS.get(line[:4].upper())
        return replies.UNKNOWN if command is None else command(session, line)
    if session.phase is Phase.AUTH:
        return auth.response(session, line)
    return hello.quit_(session, line) if line[:4].upper() == b"QUIT" else replies.REFUSED


def _half_line(session: Session) -> Step:
    """No line end so far: wait, unless the line is too long already."""
    octets = len(session.input) - session.at
    if octets < session.service.limits.line_octets_max or octets < _limit(session, session.at):
        return None
    return _too_long(session, is_over=False)


def _limit(session: Session, at: int) -> int:
    """AUTH carries whole tickets. RFC 4954 4"""
    service = session.service
    is_auth = session.phase is Phase.AUTH or session.input[at : at + 5].upper() == b"AUTH "
    if is_auth and service.auth_mechanisms:
        return service.limits.auth_line_octets_max
    return service.limits.line_octets_max


def _too_long(session: Session, *, is_over: bool) -> bytes:
    """One reply for the line, however much of it is still to come. RFC 5321 4.5.3.1.10"""
    was_auth = session.phase is Phase.AUTH
    session.phase = session.line_phase if is_over else Phase.LONG_LINE
    return replies.AUTH_LINE_TOO_LONG if was_auth else replies.LINE_TOO_LONG


def _rest_of_long_line(session: Session) -> Step:
    """Dropped up to its CRLF; nothing of it is kept but a CR that may belong to that."""
    data = session.input
    end = data.find(b"\r\n", session.at)
    if end < 0:
        session.at = len(data) - data.endswith(b"\r")
        return None
    session.at = end + 2
    session.phase = session.line_phase
    return read_line(session)


def _rest_of_bare_line(session: Session) -> Step:
    """Nothing up to the next CRLF is obeyed: it may be a command smuggled into an argument.

    Each bare LF gets its reply, so that a person with a simple tool is not left waiting.
    """
    data, at = session.input, session.at
    end = data.find(b"\n", at)
    if end < 0:
        session.at = len(data) - data.endswith(b"\r")
        return None
    session.at = end + 1
    if end == at or data[end - 1] != CR:
        return replies.BARE_NEWLINE
    session.phase = session.line_phase
    return read_line(session)


def _read_other(session: Session, phase: Phase) -> Step:
    """The rarer phases."""
    if phase is Phase.GREETING:
        return GREETING
    if phase is Phase.CHUNK:
        return read_chunk(session)
    if phase is Phase.LONG_LINE:
        return _rest_of_long_line(session)
    if phase is Phase.BARE_NEWLINE:
        return _rest_of_bare_line(session)
    return read_line(session)


def _greeting_answered(session: Session, _asked: Greeting, answer: Answer | None) -> bytes:
    """RFC 5321 3.1: who is refused with 554 may still QUIT; 421 and 521 end it here."""
    is_early = session.early_talker and session.service.limits.early_talk_refused
    if is_early and (answer is None or answer.code < 400):
        session.phase = session.line_phase = Phase.REFUSED
        return replies.EARLY_TALK
    if answer is None:
        session.phase = COMMANDS
        return session.service.greeting
    session.phase = session.line_phase = COMMANDS if answer.code < 400 else Phase.REFUSED
    return session.said(replies.Reply(answer.code, "", replies.text_of(answer)))  # RFC 2034 4


def _aborted(_session: Session, _asked: BodyAborted, _answer: None) -> bytes:
    return b""


ANSWERED: Final[dict[type, Callable[[Session, Any, Any], bytes]]] = {
    Greeting: _greeting_answered,
    SenderOffered: transaction.sender_answered,
    RecipientOffered: transaction.recipient_answered,
    BodyStarts: transaction.body_answered,
    BodyPiece: transaction.piece_answered,
    BodyComplete: transaction.letter_answered,
    BodyAborted: _aborted,
    AuthStarted: auth.answered,
    AuthData: auth.answered,
}
