"""IMAP server, the talking part: octets in, questions out; answers in, octets out. RFC 3501.

Never waits, never looks anything up. One question is open at a time; what arrives meanwhile stays
in the buffer, so pipelined commands are done in order. THE INTERFACE STANDS, THE INSIDE FOLLOWS.
"""

from posthouse.wire.imap.answers import Challenge, Done
from posthouse.wire.imap.commands import AppendAborted, Question
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer


class ImapServer:
    """One connection. The greeting is in the output from the start."""

    starting_tls: bool
    closing: bool
    has_tls: bool
    utf8: bool
    """UTF8=ACCEPT or IMAP4rev2 was enabled: mailbox names in answers are UTF-8."""
    tag: bytes
    """Of the command whose question is open; ESEARCH wants it."""

    def __init__(self, offer: Offer, limits: ImapLimits, *, has_tls: bool = False) -> None: ...

    # ---- for the driver (INTERFACES: Core)
    def receive(self, data: bytes) -> None: ...
    def next_question(self) -> Question | None: ...
    def answer(self, answer: Done | Challenge | None) -> None:
        """The result of the open question. Ok to Login, AuthStarted, AuthData authenticates; Ok to
        Select selects and No leaves nothing selected; Ok to Close, Unselect leaves the mailbox."""

    def take_output(self) -> bytes: ...
    def tls_stands(self) -> None: ...
    def timed_out(self) -> None: ...
    def shut_down(self) -> None: ...
    def hang_up(self) -> AppendAborted | None:
        """The connection died: what the station must still throw away, if anything."""

    @property
    def wants_input(self) -> bool: ...
    @property
    def output_octets(self) -> int:
        """How much waits for take_output: flush and let the loop turn when it is much."""

    # ---- for the station
    def untagged(self, lines: bytes) -> None:
        """Whole lines, or part of one where the rest follows before anything else; at any time."""

    def raw(self, octets: bytes) -> None:
        """Body octets between two pieces of a line."""

    def bye(self, text: str, code: bytes | None = None) -> None:
        """Ends the session: `* BYE text`, closing."""

    def set_state(
        self, *, authenticated: bool | None = None, selected: bool | None = None
    ) -> None:
        """Overrides what answers imply: PREAUTH, a mailbox that vanished under the session."""

    @property
    def is_authenticated(self) -> bool: ...
    @property
    def is_selected(self) -> bool: ...
    @property
    def is_idle(self) -> bool:
        """IDLE stands: untagged answers may be pushed."""
