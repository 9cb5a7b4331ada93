"""Senders of the last century over real sockets: slow ones, and clients with wrapped TLS."""

import base64
import time
from collections.abc import Iterator

import pytest

from outside.clients import Imap, Smtp
from outside.server import LOOPBACK, PASSWORD, Server

ANN = "ann@example.org"
IDLE_SECONDS = 5
"""The least that the configuration takes."""
SLOW_SECONDS = IDLE_SECONDS * 1.3

LETTER = (
    b"From: joe@vax.example\r\nTo: ann@example.org\r\nSubject: slowly\r\n\r\n"
    b"A modem of 300 bits in a second is slow, and goes on.\r\n"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Impatient with those who are silent."""
    settings = {
        "smtp": {"idle_seconds_max": IDLE_SECONDS},
        "listen": {"submissions": (LOOPBACK,)},
    }
    with Server(tmp_path_factory.mktemp("old"), settings) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        yield server


def test_a_slow_sender_is_waited_for(house: Server) -> None:
    """Whoever sends something again and again is not idle, be it octet by octet: commands and text
    that take longer than the limit arrive whole."""
    with Smtp(house.ports["smtp"], hello="") as client:
        client.expect(220)
        trickle(client, b"HELO vax.example\r\n", SLOW_SECONDS / 3)
        client.expect(250)
        client.ok(b"MAIL From:<joe@vax.example>")
        client.ok(b"RCPT To:<ann@example.org>")
        assert client.command(b"DATA")[0] == 354
        trickle(client, LETTER + b".\r\n", SLOW_SECONDS)
        client.expect(250)

    assert LETTER in inbox(house)[-1]


def test_a_silent_sender_is_sent_away(house: Server) -> None:
    """In the middle of its letter: 421, and nothing of the letter stays."""
    with Smtp(house.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<joe@vax.example>")
        client.ok(b"RCPT TO:<ann@example.org>")
        assert client.command(b"DATA")[0] == 354
        began = time.monotonic()
        client.send(b"Subject: half a letter\r\n")
        client.expect(421)
        assert client.rest() == b""

    assert IDLE_SECONDS - 1 < time.monotonic() - began < IDLE_SECONDS + 20
    assert not any(b"half a letter" in letter for letter in inbox(house))


@pytest.mark.parametrize(
    "first", ["", base64.b64encode(ANN.encode()).decode()], ids=["outlook_express", "netscape"]
)
def test_old_clients_with_wrapped_tls(house: Server, first: str) -> None:
    """On 465 TLS comes first; they look for AUTH=LOGIN, and say the name behind LOGIN or alone."""
    with Smtp(house.ports["submissions"], tls=True, hello="") as client:
        client.expect(220)
        offered = client.ok(b"EHLO annspc").splitlines()
        assert b"AUTH=LOGIN PLAIN" in offered
        assert b"STARTTLS" not in offered
        assert client.command(f"AUTH LOGIN {first}".rstrip().encode())[0] == 334
        if not first:
            assert client.command(base64.b64encode(ANN.encode()))[0] == 334
        assert client.command(base64.b64encode(PASSWORD.encode()))[0] == 235
        letter = b"From: ann@example.org\r\nTo: ann@example.org\r\nSubject: %b\r\n\r\nHello\r\n"
        word = b"name first" if first else b"name alone"
        assert client.deliver(letter % word, ANN, sender=ANN) == 250

    assert word in inbox(house)[-1]


def trickle(client: Smtp, octets: bytes, seconds: float) -> None:
    """Octet by octet, all within this time."""
    for octet in octets:
        client.send(bytes([octet]))
        time.sleep(seconds / len(octets))


def inbox(house: Server) -> list[bytes]:
    """Ann's letters."""
    with Imap(house.ports["imaps"], tls=True) as client:
        client.login(ANN, PASSWORD)
        client.ok(b"EXAMINE INBOX")
        return [a for a in client.ok(b"UID FETCH 1:* BODY.PEEK[]") if b" FETCH " in a[:40]]
