"""Clients that say exactly the octets a test wants, right or wrong. Every wait is bounded."""

import contextlib
import re
import secrets
import socket
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS_MAX = 60.0
"""How long an answer may take before we say it never comes."""


class Wire:
    """A connection, plain or in TLS, that reads lines and counted octets."""

    def __init__(
        self, port: int, *, tls: bool = False, seconds: float = SECONDS_MAX, source: str = ""
    ) -> None:
        at = (source, 0) if source else None
        self.socket = socket.create_connection(("127.0.0.1", port), seconds, at)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        try:
            if tls:
                self.start_tls()
            self.greet()
        except BaseException:
            self.close()
            raise

    def greet(self) -> None:
        """What is heard and said first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    def start_tls(self, certificate: Path | None = None) -> None:
        """The client's handshake; with `certificate` it must be the one in that file."""
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        if certificate is None:
            context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def line(self) -> bytes:
        """The next line without its CRLF; b"" at the end of the connection."""
        while b"\r\n" not in self._buffer:
            data = self._more()
            if not data:
                rest, self._buffer = self._buffer, b""
                return rest
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def octets(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self._more()
            assert data, "the server hung up inside a literal"
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def rest(self) -> bytes:
        """All up to the end of the connection, which must come."""
        while data := self._more():
            self._buffer += data
        rest, self._buffer = self._buffer, b""
        return rest

    def send_until_closed(self, octets: bytes, times: int) -> bool:
        """Sends again and again; True: the server hung up before the end."""
        try:
            for _ in range(times):
                self.send(octets)
        except OSError:
            return True
        return False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()

    def _more(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""


class Smtp(Wire):
    """Speaks SMTP by lines."""

    def __init__(self, port: int, *, hello: str = "client.example.net", **how: object) -> None:
        self._hello = hello
        super().__init__(port, **how)  # type: ignore[arg-type]

    def greet(self) -> None:
        if self._hello:
            self.expect(220)
            self.ok(f"EHLO {self._hello}".encode())

    def reply(self) -> tuple[int, bytes]:
        """Code and text of the next reply, all its lines; (0, b"") at the end."""
        lines = []
        while True:
            line = self.line()
            if not line:
                return 0, b""
            lines.append(line[4:])
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def expect(self, code: int) -> bytes:
        found, text = self.reply()
        assert found == code, f"{found} {text!r} instead of {code}"
        return text

    def command(self, line: bytes) -> tuple[int, bytes]:
        self.send(line + b"\r\n")
        return self.reply()

    def ok(self, line: bytes) -> bytes:
        """A command that must be answered with 2xx or 3xx."""
        code, text = self.command(line)
        assert 200 <= code < 400, f"{line!r}: {code} {text!r}"
        return text

    def deliver(
        self, letter: bytes, *recipients: str, sender: str = "ann@example.net", words: str = ""
    ) -> int:
        """One letter, `words` at the end of MAIL; gives the code of the last answer."""
        self.send(f"MAIL FROM:<{sender}> {words}".rstrip().encode() + b"\r\n")
        code, _text = self.reply()
        if code != 250:
            return code
        for recipient in recipients:
            code, _text = self.command(f"RCPT TO:<{recipient}>".encode())
            if code != 250:
                self.command(b"RSET")
                return code
        code, _text = self.command(b"DATA")
        if code != 354:
            return code
        assert letter.endswith(b"\r\n"), "a letter is lines"
        self.send(letter.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return self.reply()[0]


class Imap(Wire):
    """Speaks IMAP by lines and literals."""

    def __init__(self, port: int, **how: object) -> None:
        self._tags = 0
        super().__init__(port, **how)  # type: ignore[arg-type]

    def greet(self) -> None:
        line = self.line()
        assert line.startswith(b"* OK "), f"no greeting: {line!r}"

    def answer(self) -> bytes:
        """One whole answer line, the octets of its literals within."""
        whole = b""
        while True:
            line = self.line()
            whole += line
            literal = re.search(rb"\{(\d+)\}\Z", line)
            if literal is None:
                return whole
            whole += b"\r\n" + self.octets(int(literal[1]))

    def command(self, line: bytes) -> tuple[bytes, list[bytes]]:
        """Sends it with a tag; gives the tagged answer without the tag, and the others before."""
        self._tags += 1
        tag = b"t%d" % self._tags
        self.send(tag + b" " + line + b"\r\n")
        return self.until(tag)

    def until(self, tag: bytes) -> tuple[bytes, list[bytes]]:
        """Up to the answer with this tag."""
        others = []
        while True:
            answer = self.answer()
            assert answer, f"the server hung up: {others[-3:]}"
            if answer.startswith(tag + b" "):
                return answer[len(tag) + 1 :], others
            others.append(answer)

    def ok(self, line: bytes) -> list[bytes]:
        """A command that must be done."""
        done, others = self.command(line)
        assert done.startswith(b"OK"), f"{line[:200]!r}: {done!r}"
        return others

    def login(self, address: str, password: str) -> None:
        self.ok(f'LOGIN "{address}" "{password}"'.encode())

    def append(self, mailbox: str, letter: bytes) -> bytes:
        """The tagged answer of APPEND."""
        return self.command(b'APPEND "%b" {%d+}\r\n%b' % (mailbox.encode(), len(letter), letter))[0]


def letter(subject: str = "a letter", body: bytes = b"Hello\r\n") -> bytes:
    """A letter with a Message-ID of its own."""
    return (
        f"From: Ann <ann@example.net>\r\nTo: bob@example.org\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{secrets.token_hex(8)}@example.net>"
        "\r\n\r\n"
    ).encode() + body
