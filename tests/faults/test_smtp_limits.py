"""Each limit of SMTP, at the limit and one more, from outside."""

import pytest

from faults.conftest import BOB, letters_of
from outside.clients import Smtp, letter
from outside.server import Server

LINE = 600
LETTER = 65_536


def in_transaction(server: Server, parameters: str = "") -> Smtp:
    """A session after MAIL and RCPT."""
    client = Smtp(server.ports["smtp"])
    client.ok(f"MAIL FROM:<ann@example.net>{parameters}".encode())
    client.ok(f"RCPT TO:<{BOB}>".encode())
    return client


def test_line_at_its_limit(narrow: Server) -> None:
    """A command line of 600 octets with its CRLF is obeyed."""
    with Smtp(narrow.ports["smtp"]) as client:
        assert client.command(b"NOOP " + b"x" * (LINE - 7))[0] == 250


@pytest.mark.parametrize("more", [1, 10_000, 1_000_000])
def test_line_over_its_limit(narrow: Server, more: int) -> None:
    """One octet more, or a million: one 500, then the session goes on."""
    with Smtp(narrow.ports["smtp"]) as client:
        assert client.command(b"NOOP " + b"x" * (LINE - 7 + more))[0] == 500
        assert client.command(b"NOOP")[0] == 250


def test_size_at_mail(narrow: Server) -> None:
    """SIZE at the limit is taken, one more refused before anything is sent. RFC 1870 6.1"""
    with Smtp(narrow.ports["smtp"]) as client:
        assert client.command(b"MAIL FROM:<a@example.net> SIZE=%d" % LETTER)[0] == 250
        client.ok(b"RSET")
        code, text = client.command(b"MAIL FROM:<a@example.net> SIZE=%d" % (LETTER + 1))
        assert (code, text[:5]) == (552, b"5.3.4")
        assert client.command(b"MAIL FROM:<a@example.net> SIZE=%d" % 10**19)[0] == 552
        assert client.command(b"MAIL FROM:<a@example.net> SIZE=%s" % (b"9" * 40))[0] in (501, 552)


def text_of(octets: int) -> bytes:
    """A letter of exactly so many octets."""
    head = letter("large", b"")
    rest = octets - len(head)
    lines, last = divmod(rest, 100)
    return head + (b"x" * 98 + b"\r\n") * (lines - 1) + b"y" * (98 + last) + b"\r\n"


def test_size_while_reading(narrow: Server) -> None:
    """Whatever was declared, a letter at the limit is taken and one more octet refused."""
    for octets, code in ((LETTER, 250), (LETTER + 1, 552)):
        with in_transaction(narrow) as client:
            client.ok(b"DATA")
            client.send(text_of(octets) + b".\r\n")
            assert client.reply()[0] == code
            assert client.command(b"NOOP")[0] == 250


def test_size_of_chunks(narrow: Server) -> None:
    """The same with BDAT, counted over all chunks. RFC 3030"""
    for octets, code in ((LETTER, 250), (LETTER + 1, 552)):
        text = text_of(octets)
        with in_transaction(narrow) as client:
            client.send(b"BDAT 30000\r\n" + text[:30_000])
            assert client.reply()[0] == 250
            client.send(b"BDAT %d LAST\r\n" % (octets - 30_000) + text[30_000:])
            assert client.reply()[0] == code


def test_letter_far_over_the_limit(narrow: Server) -> None:
    """Beyond twice the limit nobody reads on: 421 and the end."""
    with in_transaction(narrow) as client:
        client.ok(b"DATA")
        client.send_until_closed(b"x" * 998 + b"\r\n", 2000)
        assert client.rest()[:3] in (b"421", b"")  # a reset may overtake it


def test_recipients(narrow: Server) -> None:
    """100 recipients are taken, the next is told to come again; the letter goes to the 100."""
    sent = letter("to a hundred")
    with Smtp(narrow.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<ann@example.net>")
        for number in range(100):
            client.ok(b"RCPT TO:<bob+%d@example.org>" % number)
        code, text = client.command(b"RCPT TO:<bob+100@example.org>")
        assert (code, text[:5]) == (452, b"4.5.3")
        client.ok(b"DATA")
        client.send(sent + b".\r\n")
        assert client.reply()[0] == 250
    assert message_id(sent) in letters_of(narrow)


def message_id(octets: bytes) -> bytes:
    return octets.partition(b"Message-ID: <")[2].partition(b">")[0]


def test_letters_of_a_session(narrow: Server) -> None:
    """Three letters of one session are taken; at the fourth MAIL it ends with 421. RFC 9422"""
    with Smtp(narrow.ports["smtp"]) as client:
        for _ in range(3):
            assert client.deliver(letter(), BOB) == 250
        assert client.command(b"MAIL FROM:<ann@example.net>")[0] == 421
        assert client.rest() == b""


def test_errors_of_a_session(narrow: Server) -> None:
    """Three errors get their answers; the fourth ends the session."""
    with Smtp(narrow.ports["smtp"]) as client:
        for _ in range(3):
            assert client.command(b"WHAT")[0] == 500
        assert client.command(b"NOOP")[0] == 250
        assert client.command(b"WHAT")[0] == 421
        assert client.rest() == b""


def test_hops(narrow: Server) -> None:
    """100 Received fields with ours are a long way, one more is a loop. RFC 5321 6.3"""
    for count, code in ((99, 250), (100, 554)):
        trace = (
            b"Received: from a.example by b.example; Tue, 24 Nov 2026 10:00:00 +0000\r\n" * count
        )
        with Smtp(narrow.ports["smtp"]) as client:
            assert client.deliver(trace + letter("a loop"), BOB) == code


def test_null_sender_and_postmaster(narrow: Server) -> None:
    """Bounces are taken, and postmaster of each domain and of the host has mail. RFC 5321 4.5.1"""
    for recipient in (BOB, "postmaster@example.org", "Postmaster@EXAMPLE.ORG", "postmaster"):
        with Smtp(narrow.ports["smtp"]) as client:
            assert client.deliver(letter("bounce"), recipient, sender="") == 250, recipient
