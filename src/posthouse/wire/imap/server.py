"""IMAP server, the talking part: octets in, questions out; answers in, octets out. RFC 3501.

Never waits, never looks anything up. One question is open at a time; what arrives meanwhile stays
in the buffer, so pipelined commands are done in order. Never raises for input. State and output
are in `dialogue.py`; here is what is read, in which order, and what an answer changes.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable
from typing import Final

from posthouse.wire.imap import answers, commands
from posthouse.wire.imap.answers import Bad, Challenge, Done, No, Ok
from posthouse.wire.imap.commands import AuthStarted, Question
from posthouse.wire.imap.dialogue import TOO_LONG, Dialogue, Mode
from posthouse.wire.imap.grammar import BadCommand, Cursor, Declined
from posthouse.wire.imap.intake import Announced
from posthouse.wire.imap.letters import Letters
from posthouse.wire.imap.parse_session import decode_base64
from posthouse.wire.imap.table import (
    AUTHENTICATED,
    COMMANDS,
    GONE,
    HEAD,
    LETTERS,
    NOT_AUTHENTICATED,
    SELECTED,
    TAG,
    Entry,
    parse_replaced,
)

_GO_AHEAD: Final = b"+ Ready for literal data\r\n"
_IDLING: Final = b"+ idling\r\n"
_NO_COMMAND: Final = Bad("Expected a tag and a command, as in: a1 NOOP")
_BARE_LF: Final = Bad("A line ends with CR LF")
_CANCELLED: Final = Bad("Authentication cancelled")
_NOT_DONE: Final = Bad("Expected DONE; IDLE is over")
_NO_PLAINTEXT: Final = No(
    "STARTTLS first: a password is not taken in the clear", answers.PRIVACYREQUIRED
)
_LOG_IN_FIRST: Final = Bad("Log in first")
_SELECT_FIRST: Final = Bad("SELECT a mailbox first")
_LOGGED_IN: Final = Bad("You are logged in already")
_UTF8: Final = frozenset({"UTF8=ACCEPT", "IMAP4REV2"})
_NOOP_DONE: Final = Ok("NOOP done")

Answer = Done | Challenge | None


class ImapServer(Dialogue):
    """One connection. The greeting is in the output from the start."""

    __slots__ = ()

    def next_question(self) -> Question | None:
        """What only the house can decide; None means: feed me, or answer first."""
        if self._asked is not None:
            return None
        while not (self.closing or self.starting_tls or self.starting_compression):
            step = _STEPS[self._mode](self)
            if step is True:
                continue
            if step is False:
                return None
            self._asked = step
            return step
        return None

    def answer(self, answer: Answer) -> None:
        """The result of the open question. Ok to Login, AuthStarted, AuthData authenticates; Ok to
        Select selects and No leaves nothing selected; Ok to Close, Unselect leaves the mailbox."""
        asked = self._asked
        assert asked is not None, "an answer belongs to a question"
        after = _AFTER.get(type(asked))
        done = answer if after is None else after(self, answer)
        self._asked = None
        if done is not None:
            assert not isinstance(done, Challenge), "a challenge belongs to a SASL exchange"
            self._finish(done)
        else:
            assert after is not None, "every command has a result"
        if self._is_draining:
            self.shut_down()

    # ---- reading: each step is a question, True (settled, go on) or False (feed me)

    def _command(self) -> Question | bool:
        """The next whole command, its literals inline."""
        intake = self._in
        while True:
            place = intake.line_end()
            if self._is_too_long(place):
                self._take_tag(bytes(intake.buffer[:1024]))
                self._refuse_rest(TOO_LONG, 0)
                return True
            if place < 0:
                return False
            announced = intake.announced(place)
            if announced is None:
                break
            step = self._literal(place, announced)
            if step is not None:
                return step
        has_end = intake.has_whole_end(place)
        data = intake.take(place + 1)
        if has_end:
            return self._parse(data[:-2])
        self._take_tag(data)
        self._finish(_BARE_LF)
        return True

    def _literal(self, place: int, announced: Announced) -> bool | Question | None:
        """A literal inside a command; None when it is taken as part of the command."""
        intake = self._in
        head = bytes(intake.buffer[: place + 1] if intake.segment == 0 else intake.buffer[:1024])
        match = HEAD.match(head)
        is_append = match is not None and match[2].upper() in LETTERS
        if match is not None and is_append:
            before = LETTERS[match[2].upper()].match(head, match.end())
            if before is None or announced.start > before.end():
                return self._first_letter(place, announced, match)
        done: Done | None = None
        if intake.segment == 0:
            # Worth it? Above all a password must not be asked for where it would be refused
            self._take_tag(head)
            done = self._forbidden(match[2]) if match is not None else _NO_COMMAND
        most = self._limits.literal_octets_max
        if done is None and intake.literal_octets + announced.size > most:
            done = No(f"The literals of a command have at most {most} octets", answers.TOOBIG)
        if done is not None:
            intake.skip(place + 1)
            self._refuse_literal(done, announced, is_letter=is_append and self.is_authenticated)
            return True
        intake.keep_literal(place, announced.size)
        if announced.is_synchronizing:
            self._out.append(_GO_AHEAD)
        return None

    def _parse(self, data: bytes) -> Question | bool:
        match = HEAD.match(data)
        if match is None:
            self._take_tag(data)
            self._finish(_NO_COMMAND)
            return True
        self.tag = match[1]
        done = self._forbidden(match[2])
        if done is None:
            entry = COMMANDS[match[2].upper()]
            try:
                question = entry.parse(self._cursor(data, match.end(), entry.is_uid))
            except BadCommand as error:
                done = Bad(error.text)
            except Declined as error:
                done = No(error.text, error.code)
            else:
                settle = _SETTLED.get(type(question))
                if settle is not None and settle(self):
                    return True
                if isinstance(question, AuthStarted) and self._refuses(question):
                    return True
                assert not isinstance(question, commands.Settled), "the table below knows it"
                return question
        self._finish(done)
        return True

    def _cursor(self, data: bytes, at: int, is_uid: bool = False) -> Cursor:
        extensions, limits = self._offer.extensions, self._limits
        return Cursor(data, at, extensions, limits, self.utf8, is_uid, self.bans_charset)

    def _forbidden(self, name: bytes) -> Done | None:
        """Why a command may not be used now, None when it may."""
        name = name.upper()
        entry = COMMANDS.get(name)
        if entry is None or (entry.needs and entry.needs not in self._offer.extensions):
            return Bad(GONE.get(name) or f"Unknown command {name[:30].decode('ascii')}")
        if self._state & entry.states:
            if entry is _LOGIN and not self._offer.may_log_in(has_tls=self.has_tls):
                return _NO_PLAINTEXT  # RFC 3501 6.2.3, before the password is sent
            return None
        if self._state == NOT_AUTHENTICATED:
            return _LOG_IN_FIRST
        return _SELECT_FIRST if entry.states == SELECTED else _LOGGED_IN

    def _take_tag(self, data: bytes) -> None:
        """The tag for a BAD, where one can be read; else the BAD is untagged."""
        match = TAG.match(data)
        self.tag = match[1] if match is not None else b"*"

    # ---- APPEND

    def _first_letter(
        self, place: int, announced: Announced, match: re.Match[bytes]
    ) -> Question | bool:
        intake = self._in
        head = bytes(intake.buffer[: place + 1])
        self._take_tag(head)
        done = self._forbidden(match[2])
        if done is None:
            name = match[2].upper()
            cursor = self._cursor(head, match.end(), COMMANDS[name].is_uid)
            try:
                replaced = None if name == b"APPEND" else parse_replaced(cursor)
                cursor.space()
                self._letters = Letters(cursor.mailbox(), replaced)
                return self._offer_letter(cursor, place, announced)
            except BadCommand as error:
                done = Bad(error.text)
            except Declined as error:
                done = No(error.text, error.code)
        intake.skip(place + 1)
        self._refuse_literal(done, announced, is_letter=self.is_authenticated)
        return True

    def _offer_letter(self, cursor: Cursor, place: int, announced: Announced) -> Question:
        letters = self._letters
        assert letters is not None, "inside APPEND"
        question = letters.offer(cursor, announced)
        self._in.skip(place + 1)
        self._mode = Mode.LETTER
        return question

    def _letter(self) -> Question | bool:
        letters = self._letters
        assert letters is not None, "inside APPEND"
        try:
            step = letters.take(self._in)
        except Declined as error:
            self._refuse_rest(No(error.text, error.code), letters.left, is_letter=True)
            return True
        if step is not False and letters.left == 0:
            self._mode = Mode.LETTER_NEXT
        return step

    def _letter_next(self) -> Question | bool:
        """Behind a letter: CRLF ends the command, a space begins another letter."""
        letters, intake = self._letters, self._in
        assert letters is not None, "inside APPEND"
        place = intake.line_end()
        if self._is_too_long(place):
            self._refuse_rest(TOO_LONG, 0, is_letter=True)
            return True
        if place < 0:
            return False
        announced = intake.announced(place)
        if announced is None:
            return self._end_append(intake.take(place + 1))
        done: Done
        try:
            cursor = self._cursor(bytes(intake.buffer[: place + 1]), 0)
            letters.close(cursor)
            return self._offer_letter(cursor, place, announced)
        except BadCommand as error:
            done = Bad(error.text)
        except Declined as error:
            done = No(error.text, error.code)
        intake.skip(place + 1)
        self._refuse_literal(done, announced, is_letter=True)
        return True

    def _end_append(self, line: bytes) -> Question | bool:
        letters = self._letters
        assert letters is not None, "inside APPEND"
        try:
            cursor = self._cursor(line, 0)
            letters.close(cursor)
        except BadCommand as error:
            self._fail(Bad(error.text))
            return True
        if line[cursor.at :].strip(b" ") != b"\r\n":
            self._fail(Bad("Expected another letter or the end of APPEND"))
            return True
        self._letters = None
        self._mode = Mode.COMMAND
        return letters.command()

    def _after_offered(self, answer: Answer) -> Done | None:
        letters = self._letters
        assert letters is not None, "inside APPEND"
        if answer is None:
            if letters.is_synchronizing:
                self._out.append(_GO_AHEAD)
            return None
        assert isinstance(answer, No | Bad), "a letter is taken by None or refused"
        if letters.is_synchronizing:
            self._fail(answer)
        else:
            self._refuse_rest(answer, letters.left, is_letter=True)
        return None

    def _after_piece(self, answer: Answer) -> Done | None:
        letters = self._letters
        assert letters is not None, "inside APPEND"
        if answer is not None:
            assert isinstance(answer, No | Bad), "a piece is taken by None or refused"
            letters.went_out = False  # the station knows
            self._refuse_rest(answer, letters.left, is_letter=True)
        return None

    def _after_aborted(self, answer: Answer) -> Done | None:
        assert answer is None, "there is nothing to be said"
        return self._take_pending()

    # ---- log-in

    def _auth(self) -> Question | bool:
        """A line of base64, or `*`. RFC 3501 6.2.2"""
        intake = self._in
        place = intake.line_end()
        if self._is_too_long(place):
            self._refuse_rest(TOO_LONG, 0)
            return True
        if place < 0:
            return False
        self._mode = Mode.COMMAND
        has_end = intake.has_whole_end(place)
        line = intake.take(place + 1)
        if not has_end:
            self._finish(_BARE_LF)
        elif line == b"*\r\n":
            self._finish(_CANCELLED)
        else:
            try:
                return commands.AuthData(decode_base64(line[:-2]))
            except BadCommand as error:
                self._finish(Bad(error.text))
        return True

    def _refuses(self, question: AuthStarted) -> bool:
        """Settles AUTHENTICATE where its mechanism may not be used."""
        if question.mechanism in self._offer.allowed_mechanisms(has_tls=self.has_tls):
            return False
        if question.mechanism in self._offer.mechanisms:
            self._finish(_NO_PLAINTEXT)
        else:
            self._finish(No("That mechanism is not offered here", answers.CANNOT))
        return True

    def _after_auth(self, answer: Answer) -> Done | None:
        if isinstance(answer, Challenge):
            assert not isinstance(self._asked, commands.Login), "LOGIN has no challenges"
            self._mode = Mode.AUTH
            self._out.append(b"+ %b\r\n" % b2a_base64(answer.octets, newline=False))
            return None
        if isinstance(answer, Ok):
            self._state = AUTHENTICATED
            if answer.code is None:  # RFC 3501 6.2.2, 6.2.3: saves the client a question
                return Ok(answer.text, self._capability_code())
        return answer

    # ---- commands that are settled here, in part or whole

    def _capability(self) -> bool:
        self._out.append(b"* %b\r\n" % self._capability_code())
        self._finish(Ok("CAPABILITY done"))
        return True

    def _noop(self) -> bool:
        if self._state != NOT_AUTHENTICATED:
            return False
        self._finish(_NOOP_DONE)
        return True

    def _logout(self) -> bool:
        self.bye("Goodbye")
        self._finish(Ok("LOGOUT done"))
        return True

    def _starttls(self) -> bool:
        if self.has_tls:
            self._finish(Bad("TLS stands already"))
        elif not self._offer.starttls or self.is_compressed:
            self._finish(Bad("STARTTLS is not offered here"))
        else:
            self._finish(Ok("Begin TLS now"))
            # What was sent behind STARTTLS in the clear must never be taken for TLS's
            self._in.clear()
            self.starting_tls = True
        return True

    def _compress(self) -> bool:
        if self.is_compressed:
            self._finish(No("Both directions are compressed already", answers.COMPRESSIONACTIVE))
        else:
            self._finish(Ok("DEFLATE from here on"))
            # Nobody may say more before our word is read: what did come is not compressed
            self._in.clear()
            self.is_compressed = self.starting_compression = True
        return True

    # ---- what an answer changes

    def _after_unauthenticate(self, answer: Answer) -> Answer:
        if not isinstance(answer, Ok):
            return answer
        self._state = NOT_AUTHENTICATED
        self.utf8 = self.bans_charset = False
        return Ok(answer.text, self._capability_code())

    def _after_select(self, answer: Answer) -> Answer:
        if not isinstance(answer, Bad):  # a BAD was not done at all: what was selected still is
            self._state = SELECTED if isinstance(answer, Ok) else AUTHENTICATED
        return answer

    def _after_leaving(self, answer: Answer) -> Answer:
        if isinstance(answer, Ok):
            self._state = AUTHENTICATED
        return answer

    def _after_enable(self, answer: Answer) -> Answer:
        assert isinstance(self._asked, commands.Enable)
        if isinstance(answer, Ok) and not _UTF8.isdisjoint(self._asked.extensions):
            self.utf8 = True  # RFC 6855 3, 9051 A
            self.bans_charset = self.bans_charset or "UTF8=ACCEPT" in self._asked.extensions
        return answer

    # ---- IDLE. RFC 2177

    def _after_idle_started(self, answer: Answer) -> Answer:
        if isinstance(answer, No | Bad):
            return answer
        self._mode = Mode.IDLE
        self._out.append(_IDLING)
        return None

    def _idle(self) -> Question | bool:
        intake = self._in
        place = intake.line_end()
        if self._is_too_long(place):
            self.bye("Expected DONE, found much else")
            return True
        if place < 0:
            return False
        line = intake.take(place + 1)
        self._mode = Mode.COMMAND
        if line.rstrip().upper() != b"DONE":
            self._pending = _NOT_DONE
        return commands.IdleEnded()

    def _after_idle_ended(self, answer: Answer) -> Answer:
        return answer if self._pending is None else self._take_pending()


_LOGIN: Final[Entry] = COMMANDS[b"LOGIN"]

_STEPS: Final[dict[Mode, Callable[[ImapServer], Question | bool]]] = {
    Mode.COMMAND: ImapServer._command,
    Mode.LETTER: ImapServer._letter,
    Mode.LETTER_NEXT: ImapServer._letter_next,
    Mode.AUTH: ImapServer._auth,
    Mode.IDLE: ImapServer._idle,
    Mode.SWALLOW: ImapServer._swallow,
    Mode.ABORTED: ImapServer._aborted,
}

_SETTLED: Final[dict[type, Callable[[ImapServer], bool]]] = {
    commands.Capability: ImapServer._capability,
    commands.Noop: ImapServer._noop,
    commands.Logout: ImapServer._logout,
    commands.Starttls: ImapServer._starttls,
    commands.Compress: ImapServer._compress,
}

_AFTER: Final[dict[type, Callable[[ImapServer, Answer], Answer]]] = {
    commands.Login: ImapServer._after_auth,
    AuthStarted: ImapServer._after_auth,
    commands.AuthData: ImapServer._after_auth,
    commands.Unauthenticate: ImapServer._after_unauthenticate,
    commands.Enable: ImapServer._after_enable,
    commands.Select: ImapServer._after_select,
    commands.Close: ImapServer._after_leaving,
    commands.Unselect: ImapServer._after_leaving,
    commands.IdleStarted: ImapServer._after_idle_started,
    commands.IdleEnded: ImapServer._after_idle_ended,
    commands.AppendOffered: ImapServer._after_offered,
    commands.ReplaceOffered: ImapServer._after_offered,
    commands.AppendPiece: ImapServer._after_piece,
    commands.AppendAborted: ImapServer._after_aborted,
}
