"""One drop and several sessions: who gets it, what is left when processes die, very large ones."""

import hashlib
import os
import poplib
import secrets
import signal
import ssl
from pathlib import Path

import pytest

from interop.programs import inbox
from outside.clients import Smtp, letter
from outside.server import PASSWORD, Server, eventually
from posthouse.base.clock import SystemClock
from posthouse.base.ids import Ids
from posthouse.base.log import Log
from posthouse.mail.render import render
from posthouse.store.sqlite.direct import open_direct, run_now
from posthouse.store.values import INBOX, Append, AppendLetter, NewBody

MANY = 100_000
LEASE = {"pop3": {"lease_seconds": 10, "busy_seconds_max": 30}}
AT_ONCE = {"pop3": {"lease_seconds": 600, "busy_seconds_max": 0}}


def filled(server: Server, count: int) -> str:
    address = f"drop{secrets.token_hex(6)}@example.org"
    server.add_account(address)
    with Smtp(server.ports["smtp"]) as client:
        for number in range(count):
            assert client.deliver(letter(f"number {number}", b"text\r\n"), address) == 250
    return address


def opened(server: Server, address: str) -> poplib.POP3:
    context = ssl.create_default_context()  # that the certificate is right is tested elsewhere
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], timeout=60, context=context)
    client.user(address)
    try:
        client.pass_(PASSWORD)
    except poplib.error_proto:
        client.close()
        raise
    return client


@pytest.fixture
def strict(tmp_path: Path) -> "Server":
    return Server(tmp_path, AT_ONCE)


def test_two_sessions_in_two_workers(strict: Server) -> None:
    """The second hears [IN-USE], whichever worker serves it, until the first has left."""
    with strict as server:
        server.add_domain("example.org")
        address = filled(server, 3)
        for number in (0, 1):
            with server.only_worker(number):
                first = opened(server, address)
            with server.only_worker(1 - number), pytest.raises(poplib.error_proto, match="IN-USE"):
                opened(server, address)
            assert first.stat()[0] == 3
            first.quit()
            with server.only_worker(1 - number):
                opened(server, address).quit()


def test_a_client_that_hangs_up_comes_back(server: Server) -> None:
    """Without QUIT nothing is deleted, and the drop is free at once for the same client."""
    server.add_domain("hang-up.example")
    address = filled(server, 2)
    for _ in range(5):
        client = opened(server, address)
        assert client.stat()[0] == 2
        client.dele(1)
        client.close()
    assert len(inbox(server, address)) == 2


def test_a_killed_worker_deletes_nothing(tmp_path: Path) -> None:
    """kill -9 in the middle of a session: all letters are there, and the lease runs out."""
    with Server(tmp_path, LEASE) as server:
        server.add_domain("example.org")
        address = filled(server, 5)
        with server.only_worker(0) as pid:
            client = opened(server, address)
        for number in range(1, 6):
            client.dele(number)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises((OSError, EOFError, poplib.error_proto)):
            client.quit()
        client.close()
        assert len(inbox(server, address)) == 5
        again = opened(server, address)  # waits until the dead one's lease is over
        assert again.stat()[0] == 5
        again.dele(2)
        again.quit()
        assert len(inbox(server, address)) == 4


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_server_that_starts_again_has_no_old_locks(strict: Server, end: str) -> None:
    """After kill -9 of everything, and after SIGTERM, each client gets its drop at once."""
    with strict as server:
        server.add_domain("example.org")
        address = filled(server, 3)
        client = opened(server, address)
        client.dele(1)
        getattr(server, end)()
        client.close()
        server.start()
        again = opened(server, address)
        assert again.stat()[0] == 3
        again.quit()


def test_a_scribe_that_dies_does_not_open_the_lock(strict: Server) -> None:
    """Sessions live on when the scribe is started again, with their locks; QUIT deletes."""
    with strict as server:
        server.add_domain("example.org")
        address = filled(server, 3)
        client = opened(server, address)
        client.dele(1)
        scribe = next(p.pid for p in server.status().processes if p.kind == "scribe")
        os.kill(scribe, signal.SIGKILL)
        eventually(
            lambda: [
                p for p in server.status().processes if p.kind == "scribe" and p.pid != scribe
            ],
            what="another scribe",
        )
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            opened(server, address)
        client.quit()
        assert len(inbox(server, address)) == 2


def test_a_stopping_server_deletes_nothing(strict: Server) -> None:
    """SIGTERM ends an idle session with a word, and what it marked stays."""
    with strict as server:
        server.add_domain("example.org")
        address = filled(server, 2)
        client = opened(server, address)
        client.dele(1)
        server.stop()
        with pytest.raises(poplib.error_proto, match="SYS/TEMP"):
            client.noop()
        client.close()
        server.start()
        assert len(inbox(server, address)) == 2


def fill_directly(server: Server, address: str) -> bytes:
    """MANY letters by the store's own engine; gives the octets of each."""
    octets = letter("one of many", b"text\r\n")
    rendered = render(octets, 0)
    clock = SystemClock()
    ids = Ids(clock)
    store = open_direct(server.data, clock=clock, log=Log(clock, lambda _: None))
    account = run_now(store.account_by_address(address))
    assert account is not None
    digest = hashlib.sha256(octets).digest()
    for _ in range(MANY // 1000):
        letters = tuple(
            AppendLetter(NewBody(ids.letter(), digest, len(octets), octets), rendered, 0, 0, "")
            for _ in range(1000)
        )
        run_now(store.commit(Append(account.id, INBOX, letters)))
    store.close()
    return octets


@pytest.mark.slow
def test_a_very_large_drop(tmp_path: Path) -> None:
    """100,000 letters: opened, listed, fetched, half of them deleted, all in one session."""
    with Server(tmp_path) as server:
        server.add_domain("example.org")
        address = "many@example.org"
        server.add_account(address)
        server.stop()
        octets = fill_directly(server, address)
        server.start()
        client = opened(server, address)
        assert client.stat() == (MANY, MANY * len(octets))
        listed = client.list()[1]
        assert (listed[0], listed[-1]) == (b"1 %d" % len(octets), b"%d %d" % (MANY, len(octets)))
        ids = [line.split()[1] for line in client.uidl()[1]]
        assert len(set(ids)) == MANY
        assert b"\r\n".join([*client.retr(MANY)[1], b""]) == octets
        wire = client.sock
        wire.sendall(b"".join(b"DELE %d\r\n" % number for number in range(1, MANY, 2)))
        for _ in range(MANY // 2):
            assert client.file.readline().startswith(b"+OK")
        assert client.quit().endswith(b"50000 deleted")
        after = opened(server, address)
        assert after.stat()[0] == MANY // 2
        assert [line.split()[1] for line in after.uidl()[1]] == ids[1::2]
        after.quit()
