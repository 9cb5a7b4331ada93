"""Commands and letters that somebody tries to slip in: behind STARTTLS, by line ends, too early."""

import os
import signal

import pytest

from faults.conftest import BOB, letters_of, logged_in
from outside.clients import Imap, Smtp, Wire, letter
from outside.server import PASSWORD, Server

SMUGGLED = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" + letter("evil")


def evil_letters(server: Server) -> int:
    with logged_in(server) as client:
        client.ok(b"EXAMINE INBOX")
        (found,) = [a for a in client.ok(b"SEARCH SUBJECT evil") if a.startswith(b"* SEARCH")]
    return len(found.split()) - 2


def test_smtp_input_behind_starttls_is_discarded(wide: Server) -> None:
    """What was pipelined in the clear behind STARTTLS is never obeyed inside TLS. RFC 3207 5"""
    with Smtp(wide.ports["smtp"]) as client:
        client.send(b"STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<evil@example.net>\r\n")
        client.expect(220)
        client.start_tls()
        client.send(b"NOOP\r\n")
        assert client.expect(250) == b"2.0.0 ok"
        assert client.command(b"RCPT TO:<bob@example.org>")[0] == 503
        assert b"STARTTLS" not in client.ok(b"EHLO client.example.net")
        assert client.deliver(letter(), BOB) == 250


def test_smtp_forgets_the_clear_conversation(wide: Server) -> None:
    """EHLO and MAIL from before TLS do not count behind it. RFC 3207 4.2"""
    with Smtp(wide.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<ann@example.net>")
        client.ok(b"STARTTLS")
        client.start_tls()
        assert client.command(b"RCPT TO:<bob@example.org>")[0] == 503
        assert client.command(b"STARTTLS")[0] in (502, 503)


def test_imap_input_behind_starttls_is_discarded(wide: Server) -> None:
    """The same for IMAP: a NOOP sent in the clear has no answer inside TLS. RFC 3501 6.2.1"""
    with Imap(wide.ports["imap"]) as client:
        client.send(b"a STARTTLS\r\nb NOOP\r\nc LOGIN evil evil\r\n")
        assert client.until(b"a")[0].startswith(b"OK")
        client.start_tls()
        done, others = client.command(b"CAPABILITY")
        assert done.startswith(b"OK")
        assert len(others) == 1
        assert b"STARTTLS" not in others[0]
        client.login(BOB, PASSWORD)


@pytest.mark.parametrize("service", ["smtp", "imap"])
def test_a_handshake_that_is_none(wide: Server, service: str) -> None:
    """After the go-ahead only TLS is understood; commands in the clear end the connection."""
    with Wire(wide.ports[service]) as client:
        client.line()
        client.send(b"EHLO x\r\n" if service == "smtp" else b"a CAPABILITY\r\n")
        while (line := client.line())[3:4] != b" " and not line.startswith(b"a "):
            assert line
        client.send(b"STARTTLS\r\n" if service == "smtp" else b"b STARTTLS\r\n")
        client.line()
        client.send(b"QUIT\r\nQUIT\r\nQUIT\r\n")
        assert b"221" not in client.rest()


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\n\n.\r\n",
        b"\r\r\n.\r\r\n",
    ],
    ids=repr,
)
def test_no_other_end_of_a_letter(wide: Server, end: bytes) -> None:
    """Only CR LF dot CR LF ends a letter; who smuggles another behind a false end delivers none."""
    with Smtp(wide.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<ann@example.net>")
        client.ok(b"RCPT TO:<bob@example.org>")
        client.ok(b"DATA")
        client.send(b"Subject: outer\r\n\r\ntext" + end + SMUGGLED + b".\r\n")
        code, text = client.reply()
        assert (code, text[:5]) == (550, b"5.6.0")
        assert client.command(b"NOOP")[0] == 250
    assert evil_letters(wide) == 0


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\n\n", b"\r\r"], ids=repr)
def test_commands_end_with_both(wide: Server, end: bytes) -> None:
    """A command whose line ends otherwise is refused, and what it hides is not obeyed."""
    with Smtp(wide.ports["smtp"]) as client:
        client.send(b"NOOP" + end + b"RSET\r\n")
        assert client.reply()[0] == 500
        client.send(b"QUIT\r\n")
        codes = [code for code, _text in iter(client.reply, (0, b""))]
        assert codes[-1] == 221
        assert 250 not in codes


def test_a_web_page_cannot_make_a_browser_send_mail(wide: Server) -> None:
    """HTTP's request lines end the session before anything in their body is read."""
    with Smtp(wide.ports["smtp"], hello="") as client:
        client.expect(220)
        client.send(
            b"POST / HTTP/1.1\r\nHost: mail.example.org\r\n\r\nEHLO x\r\n" + SMUGGLED + b".\r\n"
        )
        assert client.reply()[0] == 421
        assert client.rest() == b""
    assert evil_letters(wide) == 0


def test_early_talkers(wide: Server) -> None:
    """Who speaks before the greeting is refused, may quit, and delivers nothing."""
    workers = wide.status().workers
    # Both workers stand still, so that the words are there before the greeting.
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        client = Smtp(wide.ports["smtp"], hello="")
        client.send(b"EHLO early.example\r\n" + SMUGGLED + b".\r\nQUIT\r\n")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    with client:
        client.expect(554)
        codes = [code for code, _text in iter(client.reply, (0, b""))]
        assert codes.pop() == 221
        assert set(codes) == {503}
    assert evil_letters(wide) == 0


def test_login_in_the_clear_is_refused(narrow: Server, tmp_path: object) -> None:
    """What is sent as a letter's octets in APPEND is never read as a command."""
    with logged_in(narrow) as client:
        text = b"Subject: x\r\n\r\na LOGOUT\r\nb DELETE Trash\r\n"
        assert client.append("Drafts", text).startswith(b"OK")
        client.ok(b"NOOP")
        assert client.ok(b"STATUS Trash (MESSAGES)")


def test_header_fields_of_ours_cannot_be_forged(wide: Server) -> None:
    """The first Received field is ours whatever EHLO said; names are cut to what names may hold."""
    sent = letter("forged")
    with Smtp(wide.ports["smtp"], hello="[127.0.0.1]") as client:
        assert client.command(b"EHLO a\rX-Evil: 1")[0] == 500
        assert client.command(b"EHLO (comment)")[0] in (250, 501)
        client.ok(b"EHLO client.example.net")
        assert client.deliver(b"Return-Path: <evil@example.net>\r\n" + sent, BOB) == 250
    identity = sent.partition(b"Message-ID: <")[2].partition(b">")[0]
    assert identity in letters_of(wide)
    with logged_in(wide) as reader:
        reader.ok(b"EXAMINE INBOX")
        (found,) = [
            a for a in reader.ok(b"FETCH 1:* BODY.PEEK[HEADER]") if b"FETCH" in a and identity in a
        ]
    assert b"BODY[HEADER] {" in found
    head = found.partition(b"}\r\n")[2]
    assert head.startswith(b"Return-Path: <ann@example.net>\r\nReceived: from client.example.net (")
