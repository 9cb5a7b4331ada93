"""A mailbox without room among several recipients: the others have the letter at once, and nothing
is lost, whatever the client said of the size.
"""

import json
from pathlib import Path

import pytest

from outside.clients import Imap, Smtp, letter
from outside.server import PASSWORD, Server, Settings, eventually

ANN, BOB, CAT = (f"{name}@example.org" for name in ("ann", "bob", "cat"))
BODY = b"x" * 70 + b"\r\n"
QUICK: Settings = {
    "tls": {"allow_plaintext_auth": True},
    "queue": {"retry_seconds_first": 0.2, "retry_seconds_max": 1.0},
}


def people(server: Server, quota: str = "4000") -> None:
    server.add_domain("example.org")
    server.add_account(ANN)
    server.add_account(BOB, "--quota", quota)
    server.add_account(CAT)


def letters(server: Server, address: str) -> list[bytes]:
    with Imap(server.ports["imap"]) as client:
        client.login(address, PASSWORD)
        client.ok(b"SELECT INBOX")
        return [a for a in client.ok(b"FETCH 1:* (BODY.PEEK[])") if b"BODY[]" in a]


def deliver(server: Server, *recipients: str, octets: int, sender: str = "eve@example.net") -> int:
    with Smtp(server.ports["smtp"]) as client:
        return client.deliver(letter(body=BODY * (octets // len(BODY))), *recipients, sender=sender)


def queue(server: Server) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(server.run("queue", "list", "--json").stdout)
    return found


def test_the_others_have_it_at_once(tmp_path: Path) -> None:
    """One of three has too little room for a letter whose size nobody said: 250, the two have it,
    the third gets it, once, as soon as he has room.
    """
    with Server(tmp_path, QUICK) as server:
        people(server)
        assert deliver(server, ANN, BOB, CAT, octets=9000) == 250
        assert [len(letters(server, who)) for who in (ANN, BOB, CAT)] == [1, 0, 1]
        (waiting,) = queue(server)
        assert BOB in json.dumps(waiting)
        eventually(lambda: "4.2.2" in json.dumps(queue(server)), what="it was tried again")
        assert letters(server, BOB) == []
        server.run("account", "set", BOB, "--quota", "1M")
        eventually(lambda: letters(server, BOB), what="the letter")
        eventually(lambda: not queue(server), what="the queue is empty")
        assert [len(letters(server, who)) for who in (ANN, BOB, CAT)] == [1, 1, 1]
        assert (
            letters(server, BOB)[0].partition(b"\r\n")[2]
            == (letters(server, ANN)[0].partition(b"\r\n")[2])
        )


def test_alone_it_is_the_sender_s_to_try_again(tmp_path: Path) -> None:
    """With nobody else to take it for, the other host keeps the letter: 452 4.2.2, before the
    letter where the mailbox is full already or SIZE shows it, else after.
    """
    with Server(tmp_path, QUICK) as server:
        people(server)
        assert deliver(server, BOB, octets=9000) == 452
        with Smtp(server.ports["smtp"]) as client:
            client.ok(b"MAIL FROM:<eve@example.net> SIZE=9000")
            code, text = client.command(f"RCPT TO:<{BOB}>".encode())
            assert (code, text[:5]) == (452, b"4.2.2")
            client.ok(f"RCPT TO:<{ANN}>".encode())
        assert queue(server) == []
        assert letters(server, BOB) == []


def test_a_mailbox_that_is_full_to_the_last_octet(tmp_path: Path) -> None:
    """Nobody said a size, yet there is no octet left: told at RCPT."""
    with Server(tmp_path, QUICK) as server:
        people(server)
        assert deliver(server, BOB, octets=1000) == 250
        (account,) = [
            a for a in json.loads(server.run("account", "list", "--json").stdout)
            if a["address"] == BOB
        ]  # fmt: skip
        server.run("account", "set", BOB, "--quota", str(account["octets"]))
        with Smtp(server.ports["smtp"]) as client:
            client.ok(b"MAIL FROM:<eve@example.net>")
            code, text = client.command(f"RCPT TO:<{BOB}>".encode())
        assert (code, text[:5]) == (452, b"4.2.2")


def test_an_alias_with_one_who_is_full(tmp_path: Path) -> None:
    """The list is taken, the others have it, the one who is full waits under his own name."""
    with Server(tmp_path, QUICK) as server:
        people(server, quota="10")
        server.run("alias", "add", "team@example.org", ANN, BOB)
        assert deliver(server, "team@example.org", octets=500) == 250
        assert [len(letters(server, who)) for who in (ANN, BOB)] == [1, 0]
        (waiting,) = queue(server)
        assert BOB in json.dumps(waiting)
        assert "team@" not in json.dumps(waiting)


@pytest.mark.parametrize("restart", [False, True])
def test_in_the_end_the_sender_is_told(tmp_path: Path, restart: bool) -> None:
    """Room never comes: after the lifetime of the queue the sender has a report with 4.2.2 or what
    follows it, also when the server was killed meanwhile.
    """
    settings = {**QUICK, "queue": {**QUICK["queue"], "lifetime_seconds": 2}}
    with Server(tmp_path, settings) as server:
        people(server)
        assert deliver(server, ANN, BOB, octets=9000, sender=CAT) == 250
        if restart:
            server.kill()
            server.start()
        (report,) = eventually(lambda: letters(server, CAT), what="the report")
        assert f"Final-Recipient: rfc822; {BOB}".encode() in report
        assert b"Action: failed" in report
        assert b"mailbox is full" in report
        assert len(letters(server, ANN)) == 1
        assert queue(server) == []


def test_an_account_that_goes_while_its_letter_waits(tmp_path: Path) -> None:
    """The sender is told that there is no such mailbox; nothing waits for ever."""
    with Server(tmp_path, QUICK) as server:
        people(server)
        assert deliver(server, ANN, BOB, octets=9000, sender=CAT) == 250
        server.run("account", "remove", BOB, "--yes")
        (report,) = eventually(lambda: letters(server, CAT), what="the report")
        assert b"Status: 5.1.1" in report
        eventually(lambda: not queue(server), what="the queue is empty")
