"""The state of one session and how its commands end: results, refusals, what is thrown away.

The half of `ImapServer` that knows no command by name; `server.py` is the other one.
"""

from enum import Enum
from typing import Final

from posthouse.wire.imap import answers
from posthouse.wire.imap.answers import Bad, Done, clean_text, result_line
from posthouse.wire.imap.commands import AppendAborted, Question
from posthouse.wire.imap.intake import Announced, Intake
from posthouse.wire.imap.letters import Letters
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from posthouse.wire.imap.table import AUTHENTICATED, NOT_AUTHENTICATED, SELECTED

_PAUSE_OCTETS: Final = 64 * 1024
"""So much may wait behind an open question before the driver stops reading."""

TOO_LONG: Final = Bad("The line is too long")


class Mode(Enum):
    """What the next octets from the client are."""

    COMMAND = "command"
    LETTER = "letter"
    """Octets of a letter."""
    LETTER_NEXT = "letter next"
    """Behind a letter: another one, or the end of APPEND."""
    AUTH = "auth"
    """The answer to a challenge."""
    IDLE = "idle"
    SWALLOW = "swallow"
    """The rest of a refused command: read and thrown away, its answer waits."""
    ABORTED = "aborted"
    """A failed APPEND of which the station must hear before the client does."""


class Dialogue:
    """State, output and ends of commands."""

    __slots__ = (
        "_asked",
        "_errors",
        "_in",
        "_is_draining",
        "_left",
        "_letters",
        "_limits",
        "_mode",
        "_offer",
        "_out",
        "_pending",
        "_state",
        "_swallow_most",
        "bans_charset",
        "closing",
        "has_tls",
        "is_compressed",
        "starting_compression",
        "starting_tls",
        "tag",
        "utf8",
    )

    def __init__(self, offer: Offer, limits: ImapLimits, *, has_tls: bool = False) -> None:
        self._offer = offer
        self._limits = limits
        self._in = Intake()
        self._out: list[bytes] = []
        self._mode = Mode.COMMAND
        self._state = NOT_AUTHENTICATED
        self._asked: Question | None = None
        self._letters: Letters | None = None
        self._pending: Done | None = None
        """The result of a command whose rest must be read first."""
        self._left = 0
        """Octets of a refused literal still to come."""
        self._swallow_most = 0
        """So many more octets of the refused command are borne."""
        self._errors = 0
        self._is_draining = False
        self.tag = b"*"
        """Of the command whose question is open; ESEARCH wants it."""
        self.starting_tls = False
        self.starting_compression = False
        self.is_compressed = False
        self.closing = False
        self.has_tls = has_tls
        self.utf8 = False
        """UTF8=ACCEPT or IMAP4rev2 was enabled: mailbox names in answers are UTF-8."""
        self.bans_charset = False
        """UTF8=ACCEPT was."""
        self._out.append(answers.untagged_ok(offer.greeting, self._capability_code()))

    # ---- for the driver (INTERFACES: Core)

    def receive(self, data: bytes) -> None:
        """Octets from the client. What comes while TLS begins or after the end is dropped."""
        if not self.closing and not self.starting_tls and not self.starting_compression:
            self._in.buffer += data

    def take_output(self) -> bytes:
        """All that is to be written now."""
        out = self._out
        if not out:
            return b""
        octets = b"".join(out) if len(out) > 1 else out[0]
        out.clear()
        return octets

    def tls_stands(self) -> None:
        """The handshake is done. Nothing learned before it counts. RFC 3501 6.2.1"""
        assert self.starting_tls, "only after STARTTLS"
        self.starting_tls = False
        self.has_tls = True
        self._errors = 0

    def compression_stands(self) -> None:
        """From here on both directions are compressed. RFC 4978"""
        assert self.starting_compression, "only after COMPRESS"
        self.starting_compression = False

    def timed_out(self) -> None:
        """The client was silent for too long. RFC 3501 5.4"""
        self.bye("Autologout: idle for too long")

    def shut_down(self) -> None:
        """The server stops: at once, or when the open question is answered."""
        if self._asked is None:
            self.bye("The server is going down, please come back later", answers.UNAVAILABLE)
        else:
            self._is_draining = True

    def hang_up(self) -> AppendAborted | None:
        """The connection died: what the station must still throw away, if anything."""
        letters, self._letters = self._letters, None
        self.closing = True
        went_out = letters is not None and letters.went_out
        return AppendAborted() if went_out or self._mode is Mode.ABORTED else None

    @property
    def wants_input(self) -> bool:
        """False: enough waits behind the open question."""
        return self._asked is None or len(self._in.buffer) < _PAUSE_OCTETS

    @property
    def output_octets(self) -> int:
        """How much waits for take_output: flush and let the loop turn when it is much."""
        return sum(map(len, self._out))

    # ---- for the station

    def untagged(self, lines: bytes) -> None:
        """Whole lines, or part of one where the rest follows before anything else; at any time."""
        self._out.append(lines)

    def raw(self, octets: bytes) -> None:
        """Body octets between two pieces of a line."""
        self._out.append(octets)

    def bye(self, text: str, code: bytes | None = None) -> None:
        """Ends the session: `* BYE text`, closing."""
        if self.closing:
            return
        self.closing = True
        start = b"* BYE " if code is None else b"* BYE [%b] " % code
        self._out.append(b"%b%b\r\n" % (start, clean_text(text)))

    def set_state(self, *, authenticated: bool | None = None, selected: bool | None = None) -> None:
        """Overrides what answers imply: PREAUTH, a mailbox that vanished under the session."""
        if authenticated is not None:
            self._state = AUTHENTICATED if authenticated else NOT_AUTHENTICATED
        if selected is not None:
            assert self._state != NOT_AUTHENTICATED, "first authenticated, then selected"
            self._state = SELECTED if selected else AUTHENTICATED

    @property
    def idle_seconds(self) -> int:
        """How long the client may be silent as it stands now. RFC 3501 5.4"""
        limits = self._limits
        return limits.idle_seconds_max if self.is_authenticated else limits.login_seconds_max

    @property
    def is_authenticated(self) -> bool:
        """The client has logged in."""
        return self._state != NOT_AUTHENTICATED

    @property
    def is_selected(self) -> bool:
        """A mailbox is selected."""
        return self._state == SELECTED

    @property
    def is_idle(self) -> bool:
        """IDLE stands: untagged answers may be pushed."""
        return self._mode is Mode.IDLE and self._asked is None

    # ---- the ends of commands

    def _capability_code(self) -> bytes:
        names = self._offer.capabilities(
            has_tls=self.has_tls, is_authenticated=self._state != NOT_AUTHENTICATED
        )
        return b"CAPABILITY %b" % names

    def _finish(self, done: Done) -> None:
        """The tagged line; too many BADs in a row end the session."""
        self._out.append(result_line(self.tag, done))
        if type(done) is not Bad:
            self._errors = 0
            return
        self._errors += 1
        if self._errors >= self._limits.errors_max:
            self.bye("Too many wrong commands")

    def _fail(self, done: Done) -> None:
        """The command ends with NO or BAD; first the station hears of it where it holds pieces."""
        letters, self._letters = self._letters, None
        if letters is not None and letters.went_out:
            self._mode = Mode.ABORTED
            self._pending = done
        else:
            self._mode = Mode.COMMAND
            self._finish(done)

    def _aborted(self) -> Question:
        self._mode = Mode.COMMAND
        return AppendAborted()

    def _take_pending(self) -> Done:
        """The result that waited."""
        done, self._pending = self._pending, None
        assert done is not None, "the client waits for the result"
        return done

    # ---- what follows a refused command. RFC 7888 4

    def _is_too_long(self, place: int) -> bool:
        """The line with its LF here, or what is there of it, has too many octets."""
        intake = self._in
        end = place + 1 if place >= 0 else len(intake.buffer)
        return end - intake.literal_octets > self._limits.line_octets_max

    def _refuse_literal(self, done: Done, announced: Announced, *, is_letter: bool) -> None:
        """A literal is not taken; its announcement is out of the buffer."""
        if announced.is_synchronizing:
            # The client waits for our word and, at NO or BAD, sends a new command
            self._fail(done)
        else:
            self._refuse_rest(done, announced.size, is_letter=is_letter)

    def _refuse_rest(self, done: Done, octets: int, *, is_letter: bool = False) -> None:
        """The command fails, but so many octets of a literal and then its line are on the way."""
        self._mode = Mode.SWALLOW
        self._pending = done
        self._left = octets
        limits = self._limits
        # A letter that might have been taken may as well be thrown away: it costs only the wire
        self._swallow_most = limits.swallow_octets_max + is_letter * limits.letter_octets_max
        if octets > self._swallow_most:
            self._too_much()

    def _too_much(self) -> None:
        assert self._pending is not None, "only a refused command is swallowed"
        self._out.append(result_line(self.tag, self._pending))
        self.bye("Too much follows a refused command")

    def _swallow(self) -> bool:
        intake = self._in
        if self._left:
            octets = intake.skip(self._left)
            self._left -= octets
            self._swallow_most -= octets
            if self._left:
                return False
        place = intake.line_end()
        if place < 0:
            self._swallow_most -= intake.skip_to_tail()
            if self._swallow_most < 0:
                self._too_much()
            return False
        announced = intake.announced(place)
        self._swallow_most -= intake.skip(place + 1)
        if self._swallow_most < 0:
            self._too_much()
            return True
        if announced is not None and not announced.is_synchronizing:
            self._left = announced.size
            if announced.size > self._swallow_most:
                self._too_much()
            return True
        self._fail(self._take_pending())
        return True
