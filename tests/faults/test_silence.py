"""How long a peer may say nothing, and how many connections one address may have."""

from pathlib import Path

import pytest

from faults.conftest import BOB, logged_in, populate
from outside.clients import Imap, Smtp, Wire, letter
from outside.server import PASSWORD, Server, eventually

SHORT = {
    "smtp": {"idle_seconds_max": 10},
    "imap": {"login_seconds_max": 10},
    "net": {"handshake_seconds_max": 1, "stall_seconds_max": 1, "write_buffer_octets_max": 65_536},
    "tls": {"allow_plaintext_auth": True},
}


def test_silence_ends_sessions(tmp_path: Path) -> None:
    """Who is silent for too long is told so and gone; IDLE and a logged-in session stay."""
    with Server(tmp_path, SHORT) as server:
        populate(server)
        smtp, imap = server.ports["smtp"], server.ports["imap"]
        silent = {
            "at the greeting": Smtp(smtp, hello=""),
            "after hello": Smtp(smtp),
            "half a command": Smtp(smtp),
            "in the letter": Smtp(smtp),
        }
        silent["at the greeting"].expect(220)
        silent["half a command"].send(b"MAIL FR")
        body = silent["in the letter"]
        body.ok(b"MAIL FROM:<ann@example.net>")
        body.ok(b"RCPT TO:<bob@example.org>")
        body.ok(b"DATA")
        body.send(b"Subject: never ends\r\n\r\nhalf a line")
        fresh, half = Imap(imap), Imap(imap)
        half.send(b"a LOGIN bob@exam")
        shy, begun = Wire(server.ports["imaps"]), Wire(server.ports["imaps"])
        begun.send(b"\x16\x03\x01")
        patient = logged_in(server)
        patient.ok(b"SELECT INBOX")
        patient.send(b"i IDLE\r\n")
        assert patient.line().startswith(b"+")

        for where, client in silent.items():
            assert client.reply()[0] == 421, where
            assert client.rest() == b"", where
        for early in (fresh, half):
            assert early.line().startswith(b"* BYE")
            assert early.rest() == b""
        for handshake in (shy, begun):
            assert handshake.rest() == b""
        with Smtp(smtp) as client:
            assert client.deliver(letter("news"), BOB) == 250
        while patient.line() != b"* 1 EXISTS":
            pass
        for client in (*silent.values(), fresh, half, shy, begun, patient):
            client.close()


def test_who_never_reads_is_cut(tmp_path: Path) -> None:
    """A peer that leaves its answers unread for too long loses its connection, and its memory."""
    with Server(tmp_path, SHORT) as server:
        populate(server)
        with Smtp(server.ports["smtp"]) as client:
            assert client.deliver(letter("large", b"x" * 998 + b"\r\n" * 1), BOB) == 250
            large = letter("large", (b"x" * 76 + b"\r\n") * 100_000)
            assert client.deliver(large, BOB) == 250
        with logged_in(server) as stuck:
            stuck.ok(b"SELECT INBOX")
            stuck.send(b"a FETCH 2 BODY[]\r\n" * 20)
            server.await_event("net.stalled")
            eventually(lambda: server.status().sessions["imap"] == 0, what="the session is gone")


@pytest.mark.parametrize("service", ["smtp", "imap", "imaps"])
def test_connections_of_one_address(tmp_path: Path, service: str) -> None:
    """At the limit all are served; one more is sent away; another address is welcome meanwhile."""
    settings = {"": {"workers": 1}, "net": {"connections_per_address_max": 5}}
    with Server(tmp_path, settings) as server:
        port = server.ports[service]
        is_tls = service == "imaps"
        clients = [Wire(port, tls=is_tls) for _ in range(5)]
        assert all(client.line() for client in clients)
        sent_away = Wire(port)
        heard = sent_away.rest()
        assert {"smtp": b"421 ", "imap": b"* BYE", "imaps": b""}[service] in heard
        with Wire(port, tls=is_tls, source="127.0.0.2") as other:
            assert other.line()
        clients.pop().close()
        sent_away.close()

        def served() -> bool:
            try:
                with Wire(port, tls=is_tls) as again:
                    return again.line()[:4] in (b"220 ", b"* OK")
            except OSError:
                return False

        eventually(served, what="a place becomes free")
        for client in clients:
            client.close()


def test_connections_of_a_worker(tmp_path: Path) -> None:
    """The limit of all connections holds whatever their addresses."""
    settings = {"": {"workers": 1}, "net": {"connections_per_worker_max": 10}}
    with Server(tmp_path, settings) as server:
        clients = [Wire(server.ports["smtp"], source=f"127.0.0.{n + 1}") for n in range(10)]
        assert all(client.line().startswith(b"220") for client in clients)
        with Wire(server.ports["smtp"], source="127.0.0.99") as one_more:
            assert one_more.line().startswith(b"421")
        for client in clients:
            client.close()


def test_guessers_are_slowed(tmp_path: Path) -> None:
    """Wrong passwords are answered later and later, right ones of others at once as before."""
    settings = {"auth": {"failures_free": 1, "delay_seconds_first": 1, "delay_seconds_max": 2}}
    with Server(tmp_path, settings) as server:
        populate(server)
        server.add_account("ann@example.org")
        with Imap(server.ports["imaps"], tls=True, source="127.0.0.3") as guesser:
            for _ in range(3):
                done, _others = guesser.command(b'LOGIN "bob@example.org" "wrong"')
                assert done.startswith(b"NO [AUTHENTICATIONFAILED]")
            guesser.send(b'x LOGIN "bob@example.org" "wrong"\r\n')
            with Imap(server.ports["imaps"], tls=True) as other:
                other.login("ann@example.org", PASSWORD)
            assert guesser.until(b"x")[0].startswith(b"NO")
