"""The state of one POP3 session: where it stands, what is read and what is to be written.

The half of `Pop3Server` that knows no command; `commands.py` and `server.py` stand on it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

from posthouse.wire.pop3.answers import SYS_TEMP, Err, err_line, ok_line
from posthouse.wire.pop3.drop import Drop
from posthouse.wire.pop3.letter import Letter
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.pop3.offer import Offer
from posthouse.wire.pop3.questions import Question

SETTLED_MOST: Final = 100
"""Commands settled here in one go before others get their turn."""
LISTING_LINES: Final = 1000
"""Lines of LIST and UIDL made in one go: half a millisecond."""

_GOING_DOWN: Final = Err("The server is going down, please come back later", SYS_TEMP)

Scan = Callable[[int, int], bytes]
"""Lines of the drop for the messages from first to last."""


class Mode(Enum):
    """What comes next."""

    COMMAND = "command"
    AUTH = "auth"
    """The client's answer to a challenge."""
    SWALLOW = "swallow"
    """The rest of a line that was too long."""
    LETTER = "letter"
    """Pieces of a letter go out."""
    LISTING = "listing"
    """Lines of the drop go out."""


class Session:
    """State, input and output."""

    __slots__ = (
        "_asked",
        "_buffer",
        "_errors",
        "_is_draining",
        "_listing",
        "_out",
        "_searched",
        "_settled",
        "_swallowed",
        "closing",
        "drop",
        "has_tls",
        "letter",
        "limits",
        "mode",
        "offer",
        "starting_tls",
        "user",
        "utf8",
    )

    def __init__(self, offer: Offer, limits: Pop3Limits, *, has_tls: bool = False) -> None:
        self.offer = offer
        self.limits = limits
        self.mode = Mode.COMMAND
        self.drop: Drop | None = None
        """The client has logged in: the TRANSACTION state. RFC 1939 5"""
        self.user: bytes | None = None
        """What USER said, only until the next command. RFC 1939 7"""
        self.letter: Letter | None = None
        self.utf8 = False
        """The client said UTF8. RFC 6856 2.1"""
        self.has_tls = has_tls
        self.starting_tls = False
        self.closing = False
        self._asked: Question | None = None
        self._buffer = bytearray()
        self._searched = 0  # so many octets of the buffer hold no line end
        self._swallowed = 0
        self._listing: tuple[Scan, int] | None = None
        self._errors = 0
        self._settled = 0  # commands since the last question
        self._is_draining = False
        self._out: list[bytes] = [offer.greeting]

    # ---- for the driver (INTERFACES: Core)

    def receive(self, data: bytes) -> None:
        """Octets from the client. What comes while TLS begins or after the end is dropped."""
        if not self.closing and not self.starting_tls:
            self._buffer += data

    def take_output(self) -> bytes:
        """All that is to be written now."""
        out = self._out
        if not out:
            return b""
        octets = b"".join(out) if len(out) > 1 else out[0]
        out.clear()
        return octets

    @property
    def wants_input(self) -> bool:
        """False: enough waits behind the open question."""
        return self._asked is None or len(self._buffer) < self.limits.input_octets_max

    @property
    def idle_seconds(self) -> int:
        """How long the client may be silent now. RFC 1939 3"""
        limits = self.limits
        return limits.login_seconds_max if self.drop is None else limits.idle_seconds_max

    def tls_stands(self) -> None:
        """The handshake is done. Nothing learned before it counts. RFC 2595 4"""
        assert self.starting_tls, "only after STLS"
        self.starting_tls = False
        self.has_tls = True
        self.user = None
        self.utf8 = False
        self._errors = 0

    def timed_out(self) -> None:
        """The client was silent for too long: no letter is removed, nothing is said. RFC 1939 3"""
        self.closing = True

    def shut_down(self) -> None:
        """The server stops: at once, or when the command that goes on is done."""
        if self._asked is not None or self.mode in (Mode.LETTER, Mode.LISTING):
            self._is_draining = True
            return
        if self._out[:1] == [self.offer.greeting]:
            self._out.clear()  # not even greeted: the refusal is the greeting. RFC 1939 3
        self.bye(_GOING_DOWN)

    # ---- for commands

    @property
    def is_open(self) -> bool:
        """The client has logged in."""
        return self.drop is not None

    @property
    def wants_ascii(self) -> bool:
        """Headers in UTF-8 are shown in another form. RFC 6856 4"""
        return self.limits.ascii_headers and not self.utf8

    def put(self, octets: bytes) -> None:
        """Whole lines, as they go over the wire."""
        self._out.append(octets)

    def ok(self, text: str) -> None:
        """The command is done."""
        self._errors = 0
        self._out.append(ok_line(text))

    def no(self, err: Err) -> None:
        """The command is refused though it was no mistake."""
        self._out.append(err_line(err))

    def wrong(self, err: Err) -> None:
        """A mistake of the client; too many in a row end the session."""
        self._out.append(err_line(err))
        self._errors += 1
        if self._errors >= self.limits.errors_max:
            self.closing = True

    def bye(self, err: Err) -> None:
        """Ends the session with a word that nobody asked for; no letter is removed."""
        if not self.closing:
            self.closing = True
            self._out.append(err_line(err))

    def send_letter(self, letter: Letter) -> None:
        """From now on the core asks for its pieces."""
        self.letter = letter
        self.mode = Mode.LETTER

    def send_listing(self, text: str, scan: Scan) -> None:
        """LIST or UIDL of all."""
        self.ok(text)
        self._listing = scan, 1
        self.mode = Mode.LISTING

    def begin_tls(self) -> None:
        """The go-ahead is out. What was sent behind it in the clear is never taken for TLS's."""
        self._buffer.clear()
        self._searched = 0
        self.starting_tls = True

    # ---- lines

    def _line(self, octets_max: int) -> bytes | None:
        """The next line with its LF; None when it is not there yet, or too long and refused."""
        buffer = self._buffer
        place = buffer.find(b"\n", self._searched)
        if place < 0 and len(buffer) < octets_max:
            self._searched = len(buffer)
            return None
        self._searched = 0
        if place < 0 or place >= octets_max:
            self.mode = Mode.SWALLOW
            self._swallowed = 0
            return None
        line = bytes(buffer[: place + 1])
        del buffer[: place + 1]
        return line

    def _swallow(self) -> bool:
        """Throws the rest of a long line away; it is answered once, at its end."""
        buffer = self._buffer
        place = buffer.find(b"\n")
        octets = place + 1 if place >= 0 else len(buffer)
        del buffer[:octets]
        self._swallowed += octets
        if self._swallowed > self.limits.input_octets_max:
            self.bye(Err("Too much for one line"))
            return False
        if place < 0:
            return False
        self.mode = Mode.COMMAND
        self.wrong(Err("The line is too long"))
        return True

    def _next_lines(self) -> None:
        """Some more of a listing, and its end."""
        assert self._listing is not None
        assert self.drop is not None
        scan, first = self._listing
        last = min(first + LISTING_LINES - 1, len(self.drop))
        self._out.append(scan(first, last))
        if last < len(self.drop):
            self._listing = scan, last + 1
            return
        self._out.append(b".\r\n")
        self._listing = None
        self.mode = Mode.COMMAND
