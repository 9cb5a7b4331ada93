"""What was said so far in one SMTP session: all state, and nothing that decides. RFC 5321 4.1.4

The functions of `hello`, `transaction`, `body` and `auth` act on it; `server` reads lines and keeps
the turn.
"""

from enum import Enum
from typing import Final

from posthouse.wire.smtp.questions import Question, SenderOffered
from posthouse.wire.smtp.replies import Answer, written
from posthouse.wire.smtp.service import SmtpService

Step = bytes | Question | None
"""What a command comes to: a reply, a question, or None: more octets are needed."""


class Phase(Enum):
    """What the next octets are."""

    GREETING = "nothing is read before the house let the client in"
    COMMANDS = "command lines"
    DATA = "a body that ends with a dot"
    CHUNK = "the counted octets of BDAT"
    AUTH = "the client's response to a challenge"
    LONG_LINE = "the rest of a line over the limit"
    BARE_NEWLINE = "the rest of a line that held a bare LF"
    REFUSED = "a client that may only QUIT"


COMMANDS: Final = Phase.COMMANDS


class Session:
    """State of one conversation. The house may read `service`, `hello`, `is_extended`, `has_tls`,
    `is_authenticated`, `early_talker`, `errors`, `letters`, `sender`, `recipients` and
    `with_protocol`."""

    __slots__ = (
        "abort_due",
        "asked",
        "at",
        "chunk_is_last",
        "chunk_left",
        "chunking",
        "closing",
        "draining",
        "early_talker",
        "errors",
        "failure",
        "greeted",
        "handed_out",
        "has_tls",
        "held",
        "hello",
        "input",
        "is_authenticated",
        "is_extended",
        "letters",
        "line_phase",
        "octets",
        "output",
        "phase",
        "recipients",
        "searched",
        "sender",
        "service",
        "starting_tls",
        "stuffed",
    )

    def __init__(self, service: SmtpService, *, has_tls: bool = False) -> None:
        self.service = service
        self.phase = Phase.GREETING
        self.line_phase = COMMANDS  # or REFUSED: where a line that was dropped leads back to
        self.asked: Question | None = None
        self.closing = False
        self.starting_tls = False
        self.draining = False
        # the connection
        self.input = b""
        self.at = 0
        self.output: list[bytes] = []
        self.greeted = False
        self.early_talker = False
        self.errors = 0
        # the client
        self.hello = ""
        self.is_extended = False
        self.has_tls = has_tls
        self.is_authenticated = False
        self.letters = 0
        self.handed_out = False
        self.abort_due = False
        self.reset()

    @property
    def with_protocol(self) -> str:
        """What stands behind "with" in Received. RFC 3848, RFC 6531 4.3"""
        if not self.is_extended:
            return "SMTP"
        sender = self.sender
        security = "S" * self.has_tls + "A" * self.is_authenticated
        if sender is not None and sender.smtputf8:
            return ("UTF8LMTP" if self.service.is_lmtp else "UTF8SMTP") + security
        return ("LMTP" if self.service.is_lmtp else "ESMTP") + security

    def reset(self) -> None:
        """No transaction, empty buffers. RFC 5321 4.1.1.5"""
        if self.handed_out:
            self.handed_out = False
            self.abort_due = True
        self.sender: SenderOffered | None = None
        self.recipients = 0
        self.octets = 0
        self.held = b""
        self.searched = 0
        self.stuffed = False
        self.chunking = False
        self.chunk_left = 0
        self.chunk_is_last = False
        self.failure = b""

    def close(self) -> None:
        """The session ends with what stands in the output."""
        self.closing = True
        self.input = b""
        self.at = 0
        self.reset()

    def said(self, answer: Answer) -> bytes:
        """The house's own words as lines; 421 and 521 end the session. RFC 5321 3.8, RFC 7504 3"""
        if answer.code in (421, 521):
            self.closing = True
        sender = self.sender
        return written(answer, is_utf8=sender is not None and sender.smtputf8)
