"""SMTP client, the talking part: orders and octets in, octets and results out. RFC 5321, 2033, 2920

Never waits, never looks anything up. The driver gives one order at a time and waits until it is
`done`, feeds the body while `wants_body`, and looks at `fault`: then the connection is of no use.
Every command that was sent has its handler in a line, so pipelined replies find their command.
"""

from base64 import b64encode
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from posthouse.wire.octets import BODY_END
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import (
    Outgoing,
    extensions,
    mail_command,
    rcpt_command,
    unfit,
)
from posthouse.wire.smtp.remote_replies import Garbled, RemoteReply, ReplyReader

IN_ONE_GO_OCTETS_MAX: Final = 65_536
"""A letter up to this follows its envelope by BDAT without waiting for an answer."""
NOT_OFFERED: Final = RemoteReply(502, "5.5.1", "not offered by the host")
UNEXPECTED: Final = "a reply that fits nothing that was asked"

Handler = Callable[[RemoteReply], None]


class Stage(Enum):
    """What the host is being waited for; says how long."""

    GREETING = "greeting"
    COMMAND = "command"
    DATA = "data"
    BLOCK = "block"
    DOT = "dot"


class _Expected(NamedTuple):
    """What a reply will be the answer to."""

    stage: Stage
    handler: Handler
    may_ask: bool = False
    """A 3xx is an answer to it."""


class SmtpClient:
    """One connection, our side of it. `is_lmtp`: RFC 2033."""

    def __init__(self, limits: ClientLimits, *, is_lmtp: bool = False) -> None:
        self._limits = limits
        self._is_lmtp = is_lmtp
        self._reader = ReplyReader(limits)
        self._output: list[bytes] = []
        self._waiting: deque[_Expected] = deque([_Expected(Stage.GREETING, self._simple)])
        self.fault = ""
        """Why this connection cannot go on; "" as long as it can."""
        self.closing = False
        """The host said 421: it hears nothing any more."""
        self.starting_tls = False
        """The go-ahead is here: the driver does the handshake, then says `tls_stands`."""
        self.offered: dict[str, str] = {}
        self.is_extended = False
        self.has_tls = False
        self.reply: RemoteReply | None = None
        """The answer to the last order; of a greeting first."""
        # the transaction
        self._letter: Outgoing | None = None
        self.results: list[RemoteReply | None] = []
        """One a recipient once the order is done; None: nothing was heard of it."""
        self._accepted: list[int] = []
        self.wants_body = False
        self.body_sent = False
        """The last octet of the body has been handed out: from here on a loss may mean a copy."""
        self._last_octets = b"\r\n"
        self._chunked = False
        self._dirty = False  # the host may still hold a sender
        self.heard = 0
        """Replies to the transaction so far; 0: the host may not even have seen it."""

    # ---- the driver's side

    @property
    def done(self) -> bool:
        """The order is carried out, or never will be."""
        return bool(self.fault) or not (self._waiting or self.wants_body)

    @property
    def replies_due(self) -> int:
        """How many are waited for; less means that there is progress."""
        return len(self._waiting)

    @property
    def stage(self) -> Stage:
        """What is waited for now."""
        if self.wants_body:
            return Stage.BLOCK
        return self._waiting[0].stage if self._waiting else Stage.COMMAND

    @property
    def seconds_max(self) -> float:
        """How long the host may take for what comes next. RFC 5321 4.5.3.2"""
        limits = self._limits
        match self.stage:
            case Stage.GREETING:
                return limits.greeting_seconds_max
            case Stage.DATA:
                return limits.data_seconds_max
            case Stage.BLOCK:
                return limits.block_seconds_max
            case Stage.DOT:
                return limits.dot_seconds_max
            case Stage.COMMAND:
                return limits.command_seconds_max

    def receive(self, data: bytes) -> None:
        """Octets from the host."""
        if self.fault:
            return
        self._reader.feed(data)
        try:
            while (reply := self._reader.next()) is not None:
                self._take(reply)
                if self.fault or self.starting_tls:
                    break
        except Garbled as garbled:
            self._broken(str(garbled))
        if self.starting_tls and not self._reader.is_empty:
            # Octets behind the go-ahead were written by somebody before TLS. RFC 3207 4.2
            self._broken("plain octets behind the go-ahead of STARTTLS")

    def take_output(self) -> bytes:
        if not self._output:
            return b""
        output, self._output = self._output, []
        return output[0] if len(output) == 1 else b"".join(output)

    def lost(self, why: str) -> None:
        """The connection is gone; what was open stays without an answer."""
        if not self.fault:
            self._broken(why)

    # ---- orders

    def hello(self, name: str) -> None:
        """EHLO; a host that does not know it hears HELO. RFC 5321 3.2"""
        self.offered = {}
        self.is_extended = False
        if self._is_lmtp:
            self._say(f"LHLO {name}", self._said_hello)
        else:
            self._say(
                f"EHLO {name}",
                lambda reply: (
                    self._say(f"HELO {name}", self._simple)
                    if reply.is_permanent
                    else self._said_hello(reply)
                ),
            )

    def start_tls(self) -> None:
        """RFC 3207 4"""
        self._say("STARTTLS", self._go_ahead)

    def tls_stands(self) -> None:
        """What was said before is forgotten: hello comes next. RFC 3207 4.2"""
        self.starting_tls = False
        self.has_tls = True
        self.offered = {}

    def authenticate(self, user: str, password: str) -> None:
        """PLAIN where it is offered, else LOGIN. RFC 4954, 4616"""
        mechanisms = self.offered.get("AUTH", "").upper().split()
        if "PLAIN" in mechanisms:
            token = b64encode(f"\0{user}\0{password}".encode()).decode()
            self._say(f"AUTH PLAIN {token}", self._simple)
        elif "LOGIN" in mechanisms:
            words = [b64encode(word.encode()).decode() for word in (user, password)]
            self._say("AUTH LOGIN", lambda reply: self._asked_for(reply, words), may_ask=True)
        else:
            self.reply = NOT_OFFERED

    def begin(self, letter: Outgoing, body: bytes | None = None) -> None:
        """A transaction. With the whole body at hand it may go at once; else feed it by `body`.

        Results are in `results` when the order is done. RFC 5321 3.3
        """
        assert self.done, "one order at a time"
        self._letter = letter
        self._accepted = []
        self.heard = 0
        self.body_sent = False
        self._last_octets = b"\r\n"
        refusal = unfit(letter, self.offered)
        self.results = [refusal] * len(letter.recipients)
        if refusal is not None:
            return
        self._chunked = "CHUNKING" in self.offered and (
            letter.is_binary or (self._limits.chunking and not self._is_lmtp)
        )
        is_dirty, self._dirty = self._dirty, True
        if "PIPELINING" not in self.offered:
            if is_dirty:
                self._say("RSET", lambda _: self._offer_sender(letter))
            else:
                self._offer_sender(letter)
            return
        if is_dirty:
            self._say("RSET", _heard)
        self._output.append(mail_command(letter, self.offered))
        self._expect(self._said_mail)
        for number, recipient in enumerate(letter.recipients):
            self._output.append(rcpt_command(recipient, self.offered))
            self._expect(self._of(number, self._said_rcpt))
        if not self._chunked:
            self._output.append(b"DATA\r\n")
            self._expect(self._said_data, Stage.DATA, may_ask=True)
        elif body is not None and len(body) <= IN_ONE_GO_OCTETS_MAX and not self._is_lmtp:
            self._output.append(b"BDAT %d LAST\r\n" % len(body))
            self._output.append(body)
            self._expect_end()

    def body(self, piece: bytes, *, is_last: bool) -> None:
        """The next piece of the letter, dots added here. Only while `wants_body`."""
        assert self.wants_body, "nobody asked for it"
        if self._chunked:
            self._output.append(piece)
        elif piece:
            self._output.append(self._stuffed(piece))
        if not is_last:
            return
        self.wants_body = False
        if not self._chunked:
            # RFC 5321 4.1.1.4: the end begins with the CRLF of the last line
            ending = BODY_END if self._last_octets != b"\r\n" else BODY_END[2:]
            self._output.append(ending)
        self._expect_end()

    def reset(self) -> None:
        """RFC 5321 4.1.1.5"""
        self._say("RSET", self._simple)

    def noop(self) -> None:
        """Asks whether anybody is still there."""
        self._say("NOOP", self._simple)

    def quit(self) -> None:
        """RFC 5321 4.1.1.10: the answer may be waited for, it changes nothing."""
        self._say("QUIT", self._simple)

    # ---- replies

    def _take(self, reply: RemoteReply) -> None:
        if not self._waiting:
            # RFC 5321 3.8: a host that must go may say so at any time
            if self.wants_body and reply.code >= 400:
                self._settled_all(reply)  # it does not want to hear the rest
            self.closing = reply.code == 421
            self._broken(reply.said if reply.code >= 400 else UNEXPECTED)
            return
        expected = self._waiting.popleft()
        self.heard += 1
        if reply.code == 421:
            self.closing = True
        if 300 <= reply.code < 400 and not expected.may_ask:
            self._broken(UNEXPECTED)
            return
        expected.handler(reply)
        if self.closing and not self.fault:
            self._broken(reply.said)

    def _simple(self, reply: RemoteReply) -> None:
        self.reply = reply

    def _said_hello(self, reply: RemoteReply) -> None:
        self.reply = reply
        if reply.is_positive:
            self.is_extended = True
            self.offered = extensions(reply.lines)

    def _go_ahead(self, reply: RemoteReply) -> None:
        self.reply = reply
        self.starting_tls = reply.code == 220

    def _asked_for(self, reply: RemoteReply, words: list[str]) -> None:
        """AUTH LOGIN: user, then password, each when it is asked for."""
        if reply.code != 334 or not words:
            self.reply = reply
            return
        self._say(words[0], lambda reply: self._asked_for(reply, words[1:]), may_ask=True)

    # ---- the transaction

    def _of(self, number: int, said: Callable[[int, RemoteReply], None]) -> Handler:
        return lambda reply: said(number, reply)

    def _said_mail(self, reply: RemoteReply) -> None:
        self.reply = reply
        if not reply.is_positive:
            self.results = [reply] * len(self.results)

    def _offer_sender(self, letter: Outgoing) -> None:
        """Without pipelining each command waits for the answer before."""

        def said(reply: RemoteReply) -> None:
            self._said_mail(reply)
            if reply.is_positive:
                self._offer(0)

        self._output.append(mail_command(letter, self.offered))
        self._expect(said)

    def _offer(self, number: int) -> None:
        letter = self._letter
        assert letter is not None
        if number < len(letter.recipients):
            self._output.append(rcpt_command(letter.recipients[number], self.offered))

            def said(reply: RemoteReply) -> None:
                self._said_rcpt(number, reply)
                self._offer(number + 1)

            self._expect(said)
        elif not self._accepted:
            return
        elif self._chunked:
            self._ask_for_chunk()
        else:
            self._say("DATA", self._said_data, Stage.DATA, may_ask=True)

    def _said_rcpt(self, number: int, reply: RemoteReply) -> None:
        if reply.is_positive:
            if self.results[number] is None:
                self._accepted.append(number)
        elif self.results[number] is None:
            self.results[number] = too_many(reply)
        # The last answer of a pipelined envelope whose letter is too large to follow unasked.
        if not self._waiting and "PIPELINING" in self.offered and self._accepted:
            self._ask_for_chunk()

    def _ask_for_chunk(self) -> None:
        """A letter too large to go without being asked for, by one BDAT. RFC 3030 2"""
        letter = self._letter
        assert letter is not None
        self._output.append(b"BDAT %d LAST\r\n" % letter.size)
        self.wants_body = letter.size > 0
        if not self.wants_body:
            self._expect_end()

    def _said_data(self, reply: RemoteReply) -> None:
        if reply.code != 354:
            # RFC 5321 4.5.3.1.10, 4.2.2: the reason stands for every recipient taken so far
            refused = reply if reply.code >= 400 else None
            for number in self._accepted:
                self.results[number] = refused
            if refused is None:
                self._broken(UNEXPECTED)
            return
        if self._accepted:
            self.wants_body = True
        else:
            # RFC 2920 3.1: go-ahead for nobody, so the letter is empty and goes nowhere
            self._output.append(b".\r\n")
            self._expect(_heard, Stage.DOT)

    def _expect_end(self) -> None:
        """The answer to the letter; LMTP gives one a recipient. RFC 2033 4.2"""
        self.body_sent = True
        if self._is_lmtp:
            for number in self._accepted:
                self._expect(self._of(number, self._settled), Stage.DOT)
        else:
            self._expect(self._settled_all, Stage.DOT)

    def _settled_all(self, reply: RemoteReply) -> None:
        # A BDAT that failed leaves the sender standing. RFC 3030 2
        self._dirty = self._chunked and not reply.is_positive
        for number in self._accepted:
            self.results[number] = reply

    def _settled(self, number: int, reply: RemoteReply) -> None:
        self._dirty = False
        self.results[number] = reply

    # ---- octets

    def _say(
        self, line: str, handler: Handler, stage: Stage = Stage.COMMAND, *, may_ask: bool = False
    ) -> None:
        assert "\r" not in line, "a command is one line"
        assert "\n" not in line, "a command is one line"
        self._output.append(line.encode() + b"\r\n")
        self._expect(handler, stage, may_ask=may_ask)

    def _expect(
        self, handler: Handler, stage: Stage = Stage.COMMAND, *, may_ask: bool = False
    ) -> None:
        self._waiting.append(_Expected(stage, handler, may_ask))

    def _stuffed(self, piece: bytes) -> bytes:
        """A dot before each dot that begins a line. RFC 5321 4.5.2"""
        before = self._last_octets
        self._last_octets = (before + piece[-2:])[-2:]
        text = piece.replace(b"\n.", b"\n..")
        return b"." + text if before[-1:] == b"\n" and text[:1] == b"." else text

    def _broken(self, why: str) -> None:
        self.fault = why
        self.wants_body = False
        self._waiting.clear()


def _heard(_reply: RemoteReply) -> None:
    """Whatever it was, nothing follows from it."""


def too_many(reply: RemoteReply) -> RemoteReply:
    """552 to RCPT means 452 in old hosts. RFC 5321 4.5.3.1.10"""
    if reply.code != 552:
        return reply
    return RemoteReply(452, "4.5.3", reply.text, reply.lines)
