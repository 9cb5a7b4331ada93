"""What one worker does the sessions in the other one see at once."""

import pytest

from outside.clients import Imap, Smtp, letter
from outside.server import PASSWORD, Server


def sessions(server: Server) -> dict[int, int]:
    """Sessions of each worker, by its pid."""
    return {p.pid: p.sessions for p in server.status().processes if p.kind == "worker"}


@pytest.mark.parametrize(("idle", "sending"), [(0, 1), (1, 0)], ids=["0 hears 1", "1 hears 0"])
def test_idle_in_the_other_worker_sees_a_delivery(
    server: Server, person: str, idle: int, sending: int
) -> None:
    """A letter taken in by one worker is told to an IDLE session of the other."""
    with server.only_worker(idle) as idle_pid:
        client = Imap(server.ports["imaps"], tls=True)
        client.login(person, PASSWORD)
        client.ok(b"SELECT INBOX")
        assert sessions(server)[idle_pid] >= 1
    client.send(b"i IDLE\r\n")
    assert client.line().startswith(b"+ ")
    with server.only_worker(sending) as sending_pid:
        smtp = Smtp(server.ports["smtp"])
    assert sending_pid != idle_pid

    with smtp:
        assert smtp.deliver(letter("over there"), person) == 250
    heard = [client.line()]
    while heard[-1] != b"* 1 EXISTS":
        assert heard[-1].startswith(b"* "), heard
        heard.append(client.line())
    client.send(b"DONE\r\n")
    assert client.until(b"i")[0].startswith(b"OK")

    accepted = [line for line in server.events("smtp.accepted") if f"pid={sending_pid} " in line]
    assert accepted
    client.close()


def test_changes_of_one_session_are_seen_by_the_other(server: Server, person: str) -> None:
    """Flags and expunges cross from worker to worker; a mailbox made there can be opened here."""
    with Smtp(server.ports["smtp"]) as smtp:
        for number in range(3):
            assert smtp.deliver(letter(f"letter {number}"), person) == 250
    clients = []
    for worker in (0, 1):
        with server.only_worker(worker):
            client = Imap(server.ports["imaps"], tls=True)
            client.login(person, PASSWORD)
            assert b"* 3 EXISTS" in client.ok(b"SELECT INBOX")
            clients.append(client)
    here, there = clients

    here.ok(rb"STORE 1 +FLAGS (\Flagged)")
    seen = there.ok(b"NOOP")
    assert any(line.startswith(b"* 1 FETCH") and b"\\Flagged" in line for line in seen), seen
    here.ok(rb"STORE 2 +FLAGS (\Deleted)")
    here.ok(b"EXPUNGE")
    assert b"* 2 EXPUNGE" in there.ok(b"NOOP")
    there.ok(b"CREATE Elsewhere")
    here.ok(b"SELECT Elsewhere")
    for client in clients:
        client.close()


def test_both_workers_serve_all_doors(server: Server, person: str) -> None:
    """With two workers each of them takes letters in and reads them out."""
    for worker in (0, 1):
        with server.only_worker(worker) as pid:
            with Smtp(server.ports["smtp"]) as smtp:
                assert smtp.deliver(letter(f"by {worker}"), person) == 250
            with Imap(server.ports["imaps"], tls=True) as client:
                client.login(person, PASSWORD)
                assert b"* %d EXISTS" % (worker + 1) in client.ok(b"SELECT INBOX")
        assert any(f"pid={pid} " in line for line in server.events("smtp.accepted"))
