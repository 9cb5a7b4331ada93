"""`posthouse trace`, and that changes of the directory are true at once in a running server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from outside.clients import Imap, Smtp, letter
from outside.server import PASSWORD, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with bob@example.org."""
    settings = {"tls": {"allow_plaintext_auth": True}, "store": {"note_seconds_max": 0.1}}
    with Server(tmp_path_factory.mktemp("running"), settings) as server:
        server.add_domain("example.org")
        server.add_account("bob@example.org")
        yield server


def test_the_way_of_a_letter(server: Server) -> None:
    """By the id in the 250 answer and by the Message-ID: each station, when, and with what."""
    import json

    sent = letter("traced")
    message_id = sent.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode()
    with Smtp(server.ports["smtp"]) as client:
        client.ok(b"MAIL FROM:<ann@example.net>")
        client.ok(b"RCPT TO:<bob@example.org>")
        client.ok(b"DATA")
        client.send(sent + b".\r\n")
        answer = client.expect(250).decode()
    (identity,) = re.findall(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", answer)

    text = server.run("trace", identity).stdout
    assert f"letter {identity}  {message_id}" in text
    assert "accept" in text
    assert "peer=127.0.0.1" in text
    assert "recipient=<bob@example.org>" in text
    assert server.run("trace", message_id).stdout == text
    (row,) = json.loads(server.run("trace", message_id.strip("<>"), "--json").stdout)
    assert row["id"] == identity
    assert row["stations"][0]["station"] == "accept"
    assert "Hello" not in text


def test_nothing_is_known(server: Server) -> None:
    """65, and where traces may have gone."""
    for wanted in ("01JD9Z5R3W7Q0XK8M2N4P6S1TV", "<nothing@example.org>", ""):
        ended = server.run("trace", wanted, code=65)
        assert "no trace of" in ended.stderr
        assert "trace_days" in ended.stderr


def rcpt(server: Server, address: str) -> int:
    """What RCPT says, in both workers the same."""
    codes = set()
    for number in (0, 1):
        with server.only_worker(number), Smtp(server.ports["smtp"]) as client:
            client.ok(b"MAIL FROM:<ann@example.net>")
            codes.add(client.command(f"RCPT TO:<{address}>".encode())[0])
    assert len(codes) == 1, codes
    return codes.pop()


def login(server: Server, address: str, password: str) -> bool:
    """Whether one may log in, in both workers the same."""
    answers = set()
    for number in (0, 1):
        with server.only_worker(number), Imap(server.ports["imap"]) as client:
            done, _ = client.command(f'LOGIN "{address}" "{password}"'.encode())
            answers.add(done.startswith(b"OK"))
    assert len(answers) == 1, answers
    return answers.pop()


def test_accounts_at_once(server: Server) -> None:
    """Added: mail is taken and log-in works. Password changed: the old one is refused at once.
    Disabled, renamed, removed: so it is from then on."""
    assert rcpt(server, "new@example.org") == 550
    server.add_account("new@example.org", password="first")
    assert rcpt(server, "new@example.org") == 250
    assert login(server, "new@example.org", "first")
    server.run("account", "set", "new@example.org", "--password-stdin", said="second")
    assert not login(server, "new@example.org", "first")
    assert login(server, "new@example.org", "second")
    server.run("account", "set", "new@example.org", "--disable")
    assert not login(server, "new@example.org", "second")
    server.run("account", "set", "new@example.org", "--enable")
    server.run("account", "rename", "new@example.org", "newer@example.org")
    assert rcpt(server, "new@example.org") == 550
    assert rcpt(server, "newer@example.org") == 250
    assert login(server, "newer@example.org", "second")
    server.run("account", "remove", "newer@example.org", "--yes")
    assert rcpt(server, "newer@example.org") == 550
    assert not login(server, "newer@example.org", "second")


def test_aliases_and_domains_at_once(server: Server) -> None:
    """An alias, a catch-all, a domain: true in every worker when the command ends."""
    assert rcpt(server, "info@example.org") == 550
    server.run("alias", "add", "info@example.org", "bob@example.org")
    assert rcpt(server, "info@example.org") == 250
    server.run("alias", "remove", "info@example.org")
    assert rcpt(server, "info@example.org") == 550
    server.run("alias", "add", "@example.org", "bob@example.org")
    assert rcpt(server, "anything@example.org") == 250
    server.run("alias", "remove", "@example.org")
    assert rcpt(server, "anything@example.org") == 550
    assert rcpt(server, "postmaster@example.com") >= 550
    server.run("domain", "add", "example.com")
    assert rcpt(server, "postmaster@example.com") == 250
    server.run("domain", "remove", "example.com")
    assert rcpt(server, "postmaster@example.com") >= 550


def test_an_open_session_of_a_removed_account(server: Server) -> None:
    """It ends, or is refused all it asks; nothing of the mail is shown any more."""
    server.add_account("gone@example.org")
    with Smtp(server.ports["smtp"]) as client:
        assert client.deliver(letter("secret"), "gone@example.org") == 250
    with Imap(server.ports["imap"]) as client:
        client.login("gone@example.org", PASSWORD)
        client.ok(b"SELECT INBOX")
        server.run("account", "remove", "gone@example.org", "--yes")
        client.send(b"a NOOP\r\nb FETCH 1 BODY[]\r\nc SELECT INBOX\r\nd LOGOUT\r\n")
        heard = client.rest()
    assert b"Subject: secret" not in heard
    assert b"c OK" not in heard


def test_check_beside_a_running_server(server: Server) -> None:
    """Its own ports are no problem."""
    ended = server.run("check")
    assert "error:" not in ended.stdout


def test_serve_with_a_damaged_store(tmp_path: Path) -> None:
    """78, and the command that tells more; no traceback."""
    broken = Server(tmp_path)
    broken.data.mkdir(mode=0o700)
    (broken.data / "mail.db").write_bytes(b"this is no database\n" * 1000)
    ended = broken.run("serve", code=78)
    assert "posthouse verify" in ended.stderr
    assert "Traceback" not in ended.stderr
