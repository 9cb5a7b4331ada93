"""Log-ins as the world sees them: guessers wait, owners do not, and both are remembered."""

import contextlib
import json
import select
import time
from collections.abc import Iterator

import pytest

from outside.clients import Imap, Smtp, Wire
from outside.server import LOOPBACK, PASSWORD, Server, eventually

ANN = "ann@example.org"
GUESSER, OWNER = "127.0.0.2", "127.0.0.3"
WAITING_PER_PEER = 4
SETTINGS = {
    "": {"workers": 1},
    "listen": {"submission": (LOOPBACK,)},
    "tls": {"allow_plaintext_auth": True},
    # Whoever waits here waits longer than any test.
    "auth": {
        "failures_free": 1,
        "delay_seconds_first": 60.0,
        "delay_seconds_max": 60.0,
        "waiting_per_peer_max": WAITING_PER_PEER,
    },
}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, since each counts for itself."""
    with Server(tmp_path_factory.mktemp("logins"), SETTINGS) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        yield server


class Pop3(Wire):
    """Speaks POP3 by lines."""

    def greet(self) -> None:
        assert self.line().startswith(b"+OK")

    def say(self, line: str) -> bytes:
        self.send(line.encode() + b"\r\n")
        return self.line()


def guess(server: Server, source: str, number: int = 0) -> Imap:
    """A wrong password is on its way; nobody has read the answer."""
    client = Imap(server.ports["imap"], source=source)
    client.send(f'g LOGIN {ANN} "guess {number}"\r\n'.encode())
    return client


def is_silent(client: Imap) -> bool:
    return not select.select([client.socket], [], [], 0)[0]


def expect_owner_is_let_in(server: Server) -> None:
    """By every door."""
    with Imap(server.ports["imap"], source=OWNER) as imap:
        imap.login(ANN, PASSWORD)
    with Imap(server.ports["imaps"], source=OWNER, tls=True) as imap:
        imap.login(ANN, PASSWORD)
    with Pop3(server.ports["pop3"], source=OWNER) as pop3:
        assert pop3.say(f"USER {ANN}").startswith(b"+OK")
        assert pop3.say(f"PASS {PASSWORD}").startswith(b"+OK")
    with Smtp(server.ports["submission"], source=OWNER) as smtp:
        assert smtp.command(plain(PASSWORD))[0] == 235


def plain(password: str) -> bytes:
    import base64

    return b"AUTH PLAIN " + base64.b64encode(f"\0{ANN}\0{password}".encode())


def test_the_guesser_waits_and_the_owner_does_not(server: Server) -> None:
    """A guesser at one address has his answers late; the owner at another has hers at once."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(guess(server, GUESSER))
        assert first.line().startswith(b"g NO [AUTHENTICATIONFAILED]")
        second = stack.enter_context(guess(server, GUESSER, 2))
        eventually(lambda: is_refused(server, 2), what="the second guess was judged")

        expect_owner_is_let_in(server)
        assert is_silent(second)


def test_one_guesser_at_many_addresses(server: Server) -> None:
    """Each address is new, the account is one: all but the first wait, and the owner does not."""
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(guess(server, f"127.0.1.{number}", number))
            for number in range(1, 41)
        ]
        eventually(lambda: is_refused(server, 40), what="all guesses were judged")

        expect_owner_is_let_in(server)
        assert sum(is_silent(client) for client in clients) == 39


def is_refused(server: Server, times: int) -> bool:
    """So many failures were counted."""
    return server.status().totals["logins_failed_total"] >= times


def test_a_crowd_of_guesses_from_one_address(server: Server) -> None:
    """Beyond those that wait, none is looked at: each door says in its words to come again."""
    with contextlib.ExitStack() as stack:
        assert stack.enter_context(guess(server, GUESSER)).line().startswith(b"g NO")
        waiting = []
        for number in range(WAITING_PER_PEER):
            waiting.append(stack.enter_context(guess(server, GUESSER, number)))
            eventually(lambda n=number: is_refused(server, n + 2), what="it was judged")

        more = stack.enter_context(guess(server, GUESSER, 99))
        assert more.line().startswith(b"g NO [UNAVAILABLE] Too many wrong passwords")
        pop3 = stack.enter_context(Pop3(server.ports["pop3"], source=GUESSER))
        assert pop3.say(f"USER {ANN}").startswith(b"+OK")
        assert pop3.say("PASS no").startswith(b"-ERR [SYS/TEMP] Too many wrong passwords")
        smtp = stack.enter_context(Smtp(server.ports["submission"], source=GUESSER))
        code, text = smtp.command(plain("no"))
        assert (code, text[:5]) == (454, b"4.7.0")

        expect_owner_is_let_in(server)
        assert all(is_silent(client) for client in waiting)


def test_the_history(server: Server) -> None:
    """When, which door, from where, how, with TLS or not, and what came of it."""
    expect_owner_is_let_in(server)
    with guess(server, GUESSER) as client:
        assert client.line().startswith(b"g NO")

    rows = eventually(lambda: rows if len(rows := history(server)) == 5 else None, what="all rows")
    found = [
        (row["door"], row["peer"], row["mechanism"], row["tls"], row["result"]) for row in rows
    ]
    assert set(found) == {
        ("imap", OWNER, "LOGIN", "", "let in"),
        ("imap", OWNER, "LOGIN", "TLSv1.3", "let in"),
        ("pop3", OWNER, "USER", "", "let in"),
        ("submission", OWNER, "PLAIN", "", "let in"),
        ("imap", GUESSER, "LOGIN", "", "refused: wrong password"),
    }
    assert all(row["times"] == 1 for row in rows)
    server.restart()
    assert history(server) == rows


def history(server: Server) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        server.run("account", "logins", ANN, "--json").stdout
    )
    return found


def times(server: Server) -> int:
    """Log-ins in the history."""
    return sum(int(str(row["times"])) for row in history(server))


def test_refused_log_ins_buy_no_commits(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A hundred of them cost no more syncs than seconds go by."""
    settings = {**SETTINGS, "auth": {"failures_free": 100}}
    with Server(tmp_path_factory.mktemp("no_commits"), settings) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        before, began = server.status().totals["commits_total"], time.monotonic()
        for number in range(100):
            with guess(server, GUESSER, number) as client:
                assert client.line().startswith(b"g NO")
        eventually(lambda: times(server) == 100, what="a hundred are told")
        seconds = time.monotonic() - began

        (row,) = history(server)
        assert row["result"] == "refused: wrong password"
        assert server.status().totals["commits_total"] - before <= seconds + 2
