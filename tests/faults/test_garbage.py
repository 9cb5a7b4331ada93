"""Nonsense on every port: an answer or an end, no fault, memory flat, nobody else disturbed."""

import base64
import os
import random
import threading
from collections.abc import Callable

import pytest

from faults.conftest import BOB, letters_of, logged_in
from outside.clients import Smtp, Wire, letter
from outside.server import PASSWORD, Server, eventually, pss_octets

MEGABYTE = 1 << 20
GROWTH_OCTETS_MAX = 24 * MEGABYTE
"""Of all workers together, while 100 MB come in that nobody wants."""
ENVELOPE = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\n"
LOG_IN = base64.b64encode(b"\0bob@example.org\0" + PASSWORD.encode())
PORTS = ("smtp", "submission", "lmtp", "imap", "imaps", "http")


def serves(server: Server) -> None:
    """Both doors answer, in both workers."""
    for number in (0, 1):
        with server.only_worker(number):
            with Smtp(server.ports["smtp"]) as smtp:
                smtp.ok(b"NOOP")
            with logged_in(server, tls=True) as imap:
                imap.ok(b"SELECT INBOX")


@pytest.mark.parametrize("service", PORTS)
def test_random_octets(wide: Server, service: str) -> None:
    """200 connections of random octets, whole or cut off: the workers are the same afterwards."""
    chance = random.Random(service)
    workers = wide.status().workers
    for _ in range(200):
        with Wire(wide.ports[service]) as client:
            octets = chance.randbytes(chance.randrange(1, 3000))
            if chance.random() < 0.5:
                octets = octets.replace(b"\n", b"\r\n") + b"\r\n"
            client.send_until_closed(octets, 1)
    serves(wide)
    assert wide.status().workers == workers


WORDS = {
    "smtp": (
        b"EHLO x\r\n", b"MAIL FROM:<a@b.example>", b" SIZE=1", b"RCPT TO:<bob@example.org>",
        b"\r\n", b"DATA\r\n", b".\r\n", b"BDAT 5\r\n", b"BDAT 0 LAST\r\n", b"RSET\r\n", b"\n",
        b"\r", b"\0", b"\xff\xfe", "安@例子.测试".encode(), b"<>", b" ", b"VRFY ", b"NOOP\r\n",
        b"HELO ", b"STARTTLS",
    ),
    "submission": (
        b"EHLO x\r\n", b"AUTH PLAIN ", LOG_IN, b"\r\n", b"AUTH LOGIN\r\n", b"AUTH SCRAM-SHA-256 ",
        b"biwsbj1ib2JAZXhhbXBsZS5vcmcscj1h", b"*\r\n", b"=\r\n", b"MAIL FROM:<bob@example.org>\r\n",
        b"RCPT TO:<bob@example.org>\r\n", b"DATA\r\n", b".\r\n", b"\r\n.\r\n", b"BDAT 9\r\n",
        b"BDAT 0 LAST\r\n", b"From: ", b"bob@example.org", b"Date: now", b"To: a <b@c>, (",
        b"Bcc: x", b"=?utf-8?B?x?=", b"\xff", b"\0", b"\n", b"RSET\r\n", b": ", b"<>", b",;:", b'"',
    ),
    "lmtp": (
        b"LHLO x\r\n", b"EHLO x\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<bob@example.org>\r\n",
        b"DATA\r\n", b"RCPT TO:<", b"Subject: x\r\n", b"\r\n", b".\r\n", b"BDAT 5\r\n",
        b"BDAT 0 LAST\r\n", b"RSET\r\n", b"\n", b"\0", b"\xff", b"NOOP\r\n",
    ),
    "imap": (
        b"a ", b"LOGIN ", b"bob@example.org ", b"SELECT INBOX\r\n", b"{3}\r\n", b"{3+}\r\n", b"abc",
        b"AUTHENTICATE PLAIN\r\n", b"=\r\n", b"\r\n", b"FETCH 1:* ", b"(FLAGS", b"BODY[", b"]",
        b"<0.1>", b"IDLE\r\n", b"DONE\r\n", b'"', b"\\", b"\n", b"\r", b"\0", b"\xff", b"LIST ",
        b'"" *', b"~{3}\r\n", b"SEARCH CHARSET ", b"UID ", b"STORE ", b"+FLAGS ", b"APPEND INBOX ",
        b"NOOP\r\n", b"* ",
    ),
}  # fmt: skip


LEADS = {
    "imap": b'x LOGIN bob@example.org "correct horse"\r\nx SELECT INBOX\r\n',
    "submission": b"EHLO x\r\nAUTH PLAIN " + LOG_IN + b"\r\nMAIL FROM:<bob@example.org>\r\n"
    b"RCPT TO:<bob@example.org>\r\nDATA\r\n",
}
"""What half of the clients say first."""


@pytest.mark.parametrize("service", WORDS)
def test_words_in_any_order(wide: Server, service: str) -> None:
    """Words of the language in any order, log-in or not: answers, no fault, no hang."""
    chance = random.Random(service)
    for number in range(100):
        with Wire(wide.ports[service]) as client:
            if number % 2:
                client.send(LEADS.get(service, b""))
            words = chance.choices(WORDS[service], k=chance.randrange(3, 60))
            client.send_until_closed(b"".join(words), 1)
    serves(wide)


@pytest.mark.parametrize(
    ("service", "start"),
    [
        ("smtp", b""),
        ("smtp", b"EHLO "),
        ("smtp", ENVELOPE + b"DATA\r\n"),
        ("smtp", ENVELOPE + b"BDAT 99999999\r\n"),
        ("smtp", ENVELOPE + b"BDAT 9999999999\r\n"),
        ("imap", b""),
        ("imap", b"a LOGIN "),
        ("imap", b"a LOGIN {4294967295+}\r\n"),
        ("imap", b"a AUTHENTICATE PLAIN\r\n"),
        ("imap", b'x LOGIN bob@example.org "correct horse"\r\nx IDLE\r\n'),
        ("imap", b'x LOGIN bob@example.org "correct horse"\r\nx APPEND INBOX {2000000000+}\r\n'),
        ("imaps", b""),
        ("imaps", b"\x16\x03\x01\xff\xff\x01\x00\xff\xfb"),
        ("http", b""),
        ("http", b"GET /healthz"),
        ("http", b"GET /healthz HTTP/1.1\r\nHost: "),
        ("http", b"GET /healthz HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n"),
        ("http", b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5f5e100\r\n"),
    ],
    ids=lambda value: repr(value)[-40:],
)  # fmt: skip
def test_a_hundred_megabytes_without_a_line_end(wide: Server, service: str, start: bytes) -> None:
    """The octets go by or the connection ends; the memory of the workers stays what it was."""
    serves(wide)
    before = pss_octets(wide.status().workers)
    with Wire(wide.ports[service]) as client:
        if start and service != "imaps" and service != "http":
            client.line()
        client.send_until_closed(start, 1)
        client.send_until_closed(b"x" * MEGABYTE, 100)
        during = pss_octets(wide.status().workers)
    assert during - before < GROWTH_OCTETS_MAX
    serves(wide)


@pytest.mark.parametrize(
    "line", [b"HELO \0", b"MAIL FROM:<\0@example.net>", b"\0" * 100, b"NOOP \0"]
)
def test_nul_in_commands(wide: Server, line: bytes) -> None:
    """A NUL in a command is a fault of syntax. RFC 5321 4.1.2"""
    with Smtp(wide.ports["smtp"]) as client:
        assert client.command(line)[0] in (500, 501)
        client.ok(b"NOOP")


def test_nul_in_letters(wide: Server) -> None:
    """A text with NUL is refused; with BINARYMIME it is kept as it is. RFC 3030"""
    with Smtp(wide.ports["smtp"]) as client:
        assert client.deliver(letter("nul", b"a\0b\r\n"), BOB) == 550
        sent = letter("binary", b"a\0b\n\r\xff")
        client.ok(b"MAIL FROM:<ann@example.net> BODY=BINARYMIME")
        client.ok(b"RCPT TO:<bob@example.org>")
        client.send(b"BDAT %d LAST\r\n" % len(sent) + sent)
        client.expect(250)
    identity = sent.partition(b"Message-ID: <")[2].partition(b">")[0]
    assert identity in letters_of(wide)


@pytest.mark.parametrize(
    "octets", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"]
)
def test_wrong_utf8(wide: Server, octets: bytes) -> None:
    """Addresses, names and words in broken UTF-8 are refused, and the session goes on."""
    with Smtp(wide.ports["smtp"]) as smtp:
        assert smtp.command(b"MAIL FROM:<" + octets + b"@example.net> SMTPUTF8")[0] in (501, 553)
        smtp.ok(b"MAIL FROM:<ann@example.net> SMTPUTF8")
        assert smtp.command(b"RCPT TO:<" + octets + b"@example.org>")[0] in (501, 553, 550)
        smtp.ok(b"NOOP")
    with logged_in(wide) as imap:
        imap.ok(b"SELECT INBOX")
        size = b"{%d+}\r\n" % len(octets)
        for line in (b"SEARCH CHARSET UTF-8 SUBJECT ", b"CREATE ", b"SELECT ", b"LIST {0+}\r\n "):
            done = imap.command(line + size + octets)[0]
            assert done.startswith((b"NO", b"BAD", b"OK")), line
        imap.ok(b"NOOP")
        assert octets not in b"".join(imap.ok(b'LIST "" *'))


def test_a_letter_in_wrong_utf8_is_kept(wide: Server) -> None:
    """A letter that is broken inside is the sender's: it is kept octet by octet and can be read."""
    sent = (
        b"From: \xff\xfe <x@example.net>\r\nSubject: =?utf-8?b?/////w==?= \xc3\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nMessage-ID: <broken@example.net>\r\n"
        b"\r\n\xff\xc3\r\n"
    )
    with Smtp(wide.ports["smtp"]) as smtp:
        assert smtp.deliver(sent, BOB) == 250
    with logged_in(wide) as imap:
        imap.ok(b"SELECT INBOX")
        found = imap.ok(b"SEARCH HEADER MESSAGE-ID broken@example.net")
        number = found[-1].split()[-1]
        for what in (b"ENVELOPE", b"BODYSTRUCTURE", b"BODY[]", b"BODY[HEADER.FIELDS (FROM)]"):
            answers = imap.ok(b"FETCH " + number + b" (" + what + b")")
            assert any(b" FETCH " in a for a in answers)
        imap.ok(b"SEARCH CHARSET UTF-8 TEXT {3+}\r\n\xe4\xb8\xad")
        whole = next(a for a in imap.ok(b"FETCH " + number + b" BODY.PEEK[]") if b" FETCH " in a)
        assert whole.removesuffix(b")").endswith(sent)


def test_ten_thousand_recipients(wide: Server) -> None:
    """Where the configuration allows them 10,000 recipients are one letter in one commit."""
    sent = letter("to ten thousand")
    with Smtp(wide.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<ann@example.net>")
        for start in range(0, 10_000, 500):
            numbers = range(start, start + 500)
            client.send(b"".join(b"RCPT TO:<bob+%d@example.org>\r\n" % n for n in numbers))
            for _ in numbers:
                client.expect(250)
        assert client.command(b"RCPT TO:<bob@example.org>")[0] == 452
        client.ok(b"DATA")
        client.send(sent + b".\r\n")
        client.expect(250)
    identity = sent.partition(b"Message-ID: <")[2].partition(b">")[0]
    assert letters_of(wide).count(identity) == 1


def test_ten_thousand_recipients_that_do_not_exist(wide: Server) -> None:
    """Who guesses 10,000 addresses at once hears 10,000 times no, and others are served between."""
    lines = b"".join(b"RCPT TO:<n%d@example.org>\r\n" % n for n in range(10_000))
    with wide.only_worker(1), Smtp(wide.ports["smtp"]) as client, Smtp(wide.ports["smtp"]) as other:
        client.ok(b"MAIL FROM:<ann@example.net>")
        client.send(lines + b"QUIT\r\n")
        assert other.deliver(letter("between"), BOB) == 250
        codes = [code for code, _text in iter(client.reply, (0, b""))]
    assert codes in ([550] * 10_000 + [221], [c for c in codes[:-1] if c == 550] + [421])


@pytest.mark.parametrize("service", ["smtp", "imap", "imaps", "http"])
def test_half_a_command_and_gone(wide: Server, service: str) -> None:
    """Who hangs up in the middle of anything leaves nothing behind: no session, no half letter."""
    known = letters_of(wide)
    sent = letter("half")
    pieces: dict[str, bytes] = {
        "smtp": b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
        + sent,
        "imap": b'x LOGIN bob@example.org "correct horse"\r\ny APPEND INBOX {100000+}\r\n' + sent,
        "imaps": bytes.fromhex("1603010200010001fc0303"),
        "http": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    octets = pieces[service]
    for cut in range(0, len(octets), max(1, len(octets) // 40)):
        client = Wire(wide.ports[service])
        client.send_until_closed(octets[:cut], 1)
        client.close()
    eventually(lambda: sum(wide.status().sessions.values()) == 0, what="all sessions gone")
    assert letters_of(wide) == known


def test_a_client_that_never_reads(wide: Server) -> None:
    """Who asks for gigabytes and reads nothing holds a bounded buffer; the same worker goes on."""
    large = letter("large", (b"x" * 76 + b"\r\n") * 100_000)
    with wide.only_worker(0) as pid:
        with Smtp(wide.ports["smtp"]) as smtp:
            assert smtp.deliver(large, BOB) == 250
            for number in range(200):
                assert smtp.deliver(letter(f"small {number}"), BOB) == 250
        before = pss_octets([pid])
        stuck = [logged_in(wide, tls=tls) for tls in (False, True)]
        for client in stuck:
            client.ok(b"SELECT INBOX")
            client.send(
                b"".join(b"f%d FETCH 1:* (UID ENVELOPE BODY.PEEK[])\r\n" % n for n in range(50))
            )
        with logged_in(wide) as other, Smtp(wide.ports["smtp"]) as smtp:
            other.ok(b"SELECT INBOX")
            for _ in range(20):
                other.ok(b"NOOP")
                other.ok(b"FETCH 1 FLAGS")
                assert smtp.deliver(letter("meanwhile"), BOB) == 250
        growth = pss_octets([pid]) - before
        for client in stuck:
            client.close()
    assert growth < 64 * MEGABYTE
    serves(wide)


def test_a_thousand_idle_connections(wide: Server) -> None:
    """1,000 connections that say nothing cost little, and others are served as before."""
    serves(wide)
    before = pss_octets(wide.status().workers)
    idle: list[Wire] = []
    try:
        idle += [Wire(wide.ports[("smtp", "imap")[number % 2]]) for number in range(1000)]
        for client in idle:
            assert client.line()
        with Smtp(wide.ports["smtp"]) as smtp:
            assert smtp.deliver(letter("among a thousand"), BOB) == 250
        with logged_in(wide, tls=True) as imap:
            imap.ok(b"SELECT INBOX")
        assert sum(wide.status().sessions.values()) >= 1000
        assert pss_octets(wide.status().workers) - before < 1000 * 32_768
    finally:
        for client in idle:
            client.close()
    eventually(lambda: sum(wide.status().sessions.values()) == 0, what="all sessions gone")


def test_slow_writers_do_not_stop_others(wide: Server) -> None:
    """A letter that comes octet by octet in many sessions is taken, and no other waits for it."""
    sent = letter("slow")
    slow = [Smtp(wide.ports["smtp"]) for _ in range(10)]
    for client in slow:
        client.ok(b"MAIL FROM:<ann@example.net>")
        client.ok(b"RCPT TO:<bob@example.org>")
        client.ok(b"DATA")
    for place in range(len(sent)):
        for client in slow:
            client.send(sent[place : place + 1])
        if place % 50 == 0:
            with Smtp(wide.ports["smtp"]) as quick:
                quick.ok(b"NOOP")
    for client in slow:
        client.send(b".\r\n")
        client.expect(250)
        client.close()


def test_many_at_once(wide: Server) -> None:
    """Eight clients at a time, each with right and wrong input: all right letters are there."""
    sent: list[bytes] = []

    def work(number: int) -> None:
        for count in range(10):
            text = letter(f"{number} {count}")
            with Smtp(wide.ports["smtp"]) as client:
                client.command(os.urandom(20).replace(b"\n", b"") + b"\r")
                if client.deliver(text, BOB) == 250:
                    sent.append(text.partition(b"Message-ID: <")[2].partition(b">")[0])

    run_all([lambda n=n: work(n) for n in range(8)])
    assert len(sent) == 80
    assert set(sent) <= set(letters_of(wide))


def run_all(works: list[Callable[[], None]]) -> None:
    """Each in a thread; the first error of any is this test's."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "it hangs"
    if errors:
        raise errors[0]
