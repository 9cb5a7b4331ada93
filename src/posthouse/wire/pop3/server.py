"""POP3 server, the talking part: octets in, questions out; answers in, octets out. RFC 1939.

Never waits, never looks anything up. One question is open at a time; what arrives meanwhile stays
in the buffer, so pipelined commands are done in order. Never raises for input. Numbers, marks and
listings are settled here; the house is asked for log-ins, for octets and for the end.
"""

from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, Final

from posthouse.base.errors import Refusal
from posthouse.wire.pop3.answers import (
    Answer,
    Challenge,
    Err,
    Ok,
    Opened,
    Piece,
    err_line,
    err_of,
    ok_line,
)
from posthouse.wire.pop3.commands import BAD_BASE64, COMMANDS, decoded
from posthouse.wire.pop3.questions import (
    AuthData,
    AuthStarted,
    Breath,
    Leave,
    LetterWanted,
    LogIn,
    Question,
)
from posthouse.wire.pop3.session import SETTLED_MOST, Mode, Session

_BARE_LF: Final = Err("A line ends with CR LF")
_CANCELLED: Final = Err("Authentication cancelled")
_BREATH: Final = Breath()


class Pop3Server(Session):
    """One connection. The greeting is in the output from the start."""

    __slots__ = ()

    def next_question(self) -> Question | None:
        """What only the house can decide; None means: feed me, or answer first."""
        if self._asked is not None:
            return None
        while not self.closing and not self.starting_tls:
            step = _STEPS[self.mode](self)
            if step is True:
                continue
            if step is False:
                return None
            self._asked = step
            self._settled = 0
            return step
        return None

    def answer(self, answer: Answer) -> None:
        """The result of the open question."""
        asked = self._asked
        assert asked is not None, "an answer belongs to a question"
        self._asked = None
        if isinstance(answer, Refusal):
            answer = err_of(answer)
        _AFTER[type(asked)](self, asked, answer)
        if self._is_draining:
            self.shut_down()

    # ---- reading: each step is a question, True (settled, go on) or False (feed me)

    def _command(self) -> Question | bool:
        if self._is_draining:
            self.shut_down()
            return False
        if self._settled >= SETTLED_MOST:
            return _BREATH
        line = self._line(self.limits.line_octets_max)
        if line is None:
            return self.mode is Mode.SWALLOW
        self._settled += 1
        if not line.endswith(b"\r\n"):
            self.user = None
            self.wrong(_BARE_LF)
            return True
        word, _, argument = line[:-2].partition(b" ")
        name = word.upper()
        entry = COMMANDS.get(name)
        if name != b"PASS":
            self.user = None  # RFC 1939 7: PASS comes immediately after USER
            argument = argument.strip(b" ")
        if entry is None:
            self.wrong(Err(f"Unknown command {word[:20].decode('ascii', 'replace')}"))
        elif not (entry.after if self.is_open else entry.before):
            self.wrong(Err("You are logged in already" if self.is_open else "Log in first"))
        elif entry.has_argument and not argument:
            self.wrong(Err(f"{name.decode('ascii')} wants an argument"))
        elif entry.is_bare and argument:
            self.wrong(Err(f"{name.decode('ascii')} has no argument"))
        else:
            return entry.run(self, argument) or True
        return True

    def _auth(self) -> Question | bool:
        """A line of base64, or `*`. RFC 5034 4"""
        line = self._line(self.limits.auth_line_octets_max)
        if line is None:
            return self.mode is Mode.SWALLOW
        self.mode = Mode.COMMAND
        if not line.endswith(b"\r\n"):
            self.wrong(_BARE_LF)
        elif line == b"*\r\n":
            self.wrong(_CANCELLED)
        elif (octets := decoded(line[:-2])) is None:
            self.wrong(BAD_BASE64)
        else:
            return AuthData(octets)
        return True

    def _letter(self) -> Question:
        assert self.letter is not None
        assert self.drop is not None
        uid = self.drop.uids[self.letter.number - 1]
        return LetterWanted(uid, self.letter.at, self.limits.piece_octets_max)

    def _more_lines(self) -> Question | bool:
        self._next_lines()
        return _BREATH if self.mode is Mode.LISTING else True

    # ---- what an answer changes

    def _after_log_in(self, _asked: Question, answer: Answer) -> None:
        match answer:
            case Opened(drop):
                self.drop = drop
                self.ok(f"Welcome, {drop.count} messages ({drop.octets} octets)")
            case Challenge(octets):
                self.mode = Mode.AUTH
                self.put(b"+ %b\r\n" % b2a_base64(octets, newline=False))
            case _:
                assert isinstance(answer, Err), "a log-in opens the drop or is refused"
                self.wrong(answer)

    def _after_piece(self, _asked: Question, answer: Answer) -> None:
        letter, drop = self.letter, self.drop
        assert letter is not None
        assert drop is not None
        if not isinstance(answer, Piece):
            assert isinstance(answer, Err), "a letter comes in pieces or is refused"
            if letter.at:
                self.closing = True  # without its end: a client must not take a part for the whole
            else:
                self.no(answer)
            self._end_letter()
            return
        if letter.at == 0:
            self.ok("Top follows" if letter.is_top else f"{answer.total} octets")
        self.put(letter.take(answer))
        if letter.is_done:
            if not letter.is_top:
                drop.fetched[letter.number - 1] = 1
            self._end_letter()

    def _end_letter(self) -> None:
        self.letter = None
        self.mode = Mode.COMMAND

    def _after_breath(self, _asked: Question, _answer: Answer) -> None:
        """There is nothing to be said."""

    def _after_leave(self, _asked: Question, answer: Answer) -> None:
        self.closing = True
        assert isinstance(answer, Ok | Err), "the letters went or they did not"
        self.put(ok_line(answer.text) if isinstance(answer, Ok) else err_line(answer))


_STEPS: Final[dict[Mode, Callable[[Pop3Server], Question | bool]]] = {
    Mode.COMMAND: Pop3Server._command,
    Mode.AUTH: Pop3Server._auth,
    Mode.SWALLOW: Pop3Server._swallow,
    Mode.LETTER: Pop3Server._letter,
    Mode.LISTING: Pop3Server._more_lines,
}

_AFTER: Final[dict[type, Callable[[Pop3Server, Any, Answer], None]]] = {
    LogIn: Pop3Server._after_log_in,
    AuthStarted: Pop3Server._after_log_in,
    AuthData: Pop3Server._after_log_in,
    LetterWanted: Pop3Server._after_piece,
    Breath: Pop3Server._after_breath,
    Leave: Pop3Server._after_leave,
}
