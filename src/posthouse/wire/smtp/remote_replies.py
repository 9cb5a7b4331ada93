"""Replies of another host as a client reads them: lines in, whole replies out. RFC 5321 4.2

Tolerant where old servers need it (a bare LF ends a line, a code may stand alone), strict where a
stranger could make us wait or grow: every line, reply and code has its limit. Raises Garbled.
"""

import re
from dataclasses import dataclass
from typing import Final

from posthouse.wire.smtp.client_limits import ClientLimits

TEXT_CHARACTERS_MAX: Final = 900
"""Of a reply that is kept: for logs, the queue and reports."""
# RFC 5321 4.2, 4.2.1: code, then a hyphen when more lines follow.
_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([- ])(.*))?\Z", re.DOTALL)
# RFC 2034 4, RFC 3463 2
_STATUS: Final = re.compile(rb"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z)")


class Garbled(Exception):
    """What came is no reply. The connection is of no use any more."""


@dataclass(frozen=True, slots=True)
class RemoteReply:
    """One reply, whole."""

    code: int
    status: str
    """RFC 3463, as "5.1.1"; "" when the host gave none."""
    text: str
    """For people: printable, the lines joined by a space."""
    lines: tuple[bytes, ...] = ()
    """Behind the code, as they came; only EHLO's are of use."""
    is_ours: bool = False
    """The host never said it: we saw from what it offers that it would not take the letter."""

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500

    @property
    def said(self) -> str:
        """The whole reply on one line."""
        return " ".join(part for part in (str(self.code), self.status, self.text) if part)


class ReplyReader:
    """Collects octets, gives replies. No octet is searched twice."""

    __slots__ = ("_buffer", "_code", "_limits", "_lines", "_octets", "_searched")

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._code = 0
        self._octets = 0
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Nothing has come that is not read: what must hold before a TLS handshake."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> RemoteReply | None:
        """The next whole reply, None when more must come. Raises Garbled."""
        buffer = self._buffer
        while True:
            end = buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(buffer)
                if len(buffer) > self._limits.reply_line_octets_max:
                    raise Garbled("a reply line without end")
                return None
            if end >= self._limits.reply_line_octets_max:
                raise Garbled("a reply line without end")
            line = bytes(buffer[:end]).rstrip(b"\r")
            del buffer[: end + 1]
            self._searched = 0
            if self._take(line):
                return self._finished()

    def _take(self, line: bytes) -> bool:
        """True: it was the last line of a reply."""
        match = _LINE.match(line)
        if match is None:
            raise Garbled(f"no reply: {shown(line)}")
        code = int(match[1])
        if self._lines and code != self._code:
            raise Garbled(f"a reply with two codes: {shown(line)}")
        self._code = code
        self._lines.append(match[3] or b"")
        self._octets += len(line)
        limits = self._limits
        if len(self._lines) > limits.reply_lines_max or self._octets > limits.reply_octets_max:
            raise Garbled("a reply without end")
        return match[2] != b"-"

    def _finished(self) -> RemoteReply:
        code, lines = self._code, tuple(self._lines)
        self._code = self._octets = 0
        self._lines = []
        status = ""
        match = _STATUS.match(lines[0])
        if match is not None and match[1][:1] == b"%d" % (code // 100):
            status = match[1].decode("ascii")
        return RemoteReply(code, status, _text(lines, status), lines)


def _text(lines: tuple[bytes, ...], status: str) -> str:
    """The words, each line without the status that it may repeat."""
    parts = []
    left = TEXT_CHARACTERS_MAX
    for line in lines:
        text = shown(line, left).removeprefix(status).strip()
        if text:
            parts.append(text)
            left -= len(text) + 1
        if left <= 0:
            break
    return " ".join(parts)[:TEXT_CHARACTERS_MAX]


def shown(line: bytes, most: int = 100) -> str:
    """Octets of a stranger, safe for a log and not too long."""
    text = line[: max(0, most)].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)
