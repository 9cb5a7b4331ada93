"""imaplib and imapclient, the libraries that scripts use."""

import email
import imaplib
import ssl
from collections.abc import Iterator
from email.policy import SMTP
from typing import Any

import pytest
from imapclient import IMAPClient

from interop.programs import certificate
from outside.clients import Smtp, letter
from outside.server import PASSWORD, Server


def context(server: Server) -> ssl.SSLContext:
    """Trusts only this server."""
    return ssl.create_default_context(cafile=certificate(server))


@pytest.fixture
def client(server: Server, person: str) -> Iterator[imaplib.IMAP4]:
    """imaplib over IMAPS, logged in."""
    client = imaplib.IMAP4_SSL(
        "127.0.0.1", server.ports["imaps"], ssl_context=context(server), timeout=60
    )
    client.login(person, PASSWORD)
    yield client
    client.logout()


def ok(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    assert kind == "OK", data
    return data


def deliver(server: Server, person: str, *subjects: str) -> None:
    with Smtp(server.ports["smtp"]) as smtp:
        for subject in subjects:
            assert smtp.deliver(letter(subject), person) == 250


def test_imaplib_reads(server: Server, person: str, client: imaplib.IMAP4) -> None:
    """select, search, fetch: what was delivered is found and read, and is seen from then on."""
    deliver(server, person, "apples", "pears")

    assert ok(client.select("INBOX")) == [b"2"]
    assert ok(client.search(None, "SUBJECT", "pears")) == [b"2"]
    assert ok(client.search(None, "UNSEEN")) == [b"1 2"]
    ((_head, octets), _end) = ok(client.fetch("2", "(RFC822)"))
    assert email.message_from_bytes(octets, policy=SMTP)["Subject"] == "pears"
    assert ok(client.search(None, "UNSEEN")) == [b"1"]


def test_imaplib_changes(server: Server, person: str, client: imaplib.IMAP4) -> None:
    """store, copy, append and expunge do what they say, and their answers tell the new UIDs."""
    deliver(server, person, "one", "two", "three")
    ok(client.select("INBOX"))

    ok(client.store("1,3", "+FLAGS", r"(\Deleted)"))
    ok(client.copy("2", "Archive"))
    assert client.response("COPYUID")[1] != [None]
    assert sorted(ok(client.expunge())) in ([b"1", b"2"], [b"1", b"3"])  # from either end
    ok(client.append("Archive", r"(\Seen $Work)", '"24-Nov-2026 10:00:00 +0000"', letter("four")))

    assert ok(client.select("Archive")) == [b"2"]
    (described,) = ok(client.fetch("2", "(FLAGS INTERNALDATE)"))
    assert b"\\Seen" in described
    assert b"$Work" in described
    assert b'"24-Nov-2026 10:00:00 +0000"' in described
    assert ok(client.select("INBOX")) == [b"1"]


def test_imaplib_makes_mailboxes(server: Server, person: str, client: imaplib.IMAP4) -> None:
    """create, subscribe, rename, list, delete; names in modified UTF-7. RFC 3501 5.1.3"""
    ok(client.create('"&ZeVnLIqe-/A"'))
    ok(client.subscribe('"&ZeVnLIqe-/A"'))
    ok(client.rename('"&ZeVnLIqe-/A"', '"&ZeVnLIqe-/B"'))

    names = b" ".join(ok(client.list()))
    assert b"&ZeVnLIqe-/B" in names
    assert b"&ZeVnLIqe-/A" not in names
    assert b"\\Trash" in names
    ok(client.delete('"&ZeVnLIqe-/B"'))
    assert b"&ZeVnLIqe-/B" not in b" ".join(ok(client.list()))


def test_imaplib_logs_in_by_starttls(server: Server, person: str) -> None:
    """In the clear LOGIN is not allowed; after STARTTLS it is."""
    client = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=60)
    assert "LOGINDISABLED" in client.capabilities
    with pytest.raises(imaplib.IMAP4.error, match=r"(?i)privacy|tls"):
        client.login(person, PASSWORD)

    ok(client.starttls(context(server)))
    ok(client.login(person, PASSWORD))
    client.logout()


def test_imaplib_idles_by_hand(server: Server, person: str, client: imaplib.IMAP4) -> None:
    """In IDLE a delivery is told at once; DONE ends it. RFC 2177"""
    ok(client.select("INBOX"))
    client.send(b"i1 IDLE\r\n")
    assert client.readline().startswith(b"+ ")

    deliver(server, person, "news")

    heard = [client.readline()]
    while b"EXISTS" not in heard[-1]:
        heard.append(client.readline())
    assert b"* 1 EXISTS\r\n" in heard
    client.send(b"DONE\r\n")
    while not (line := client.readline()).startswith(b"i1 "):
        assert line.startswith(b"* ")
    assert line.startswith(b"i1 OK")


def test_imapclient_works_through_a_mailbox(server: Server, person: str) -> None:
    """imapclient: special folders, search in Chinese, move, flags, keywords, IDLE, quit."""
    deliver(server, person, "first")
    with Smtp(server.ports["smtp"]) as smtp:
        sent = letter("second", "明天下午三点开会\r\n".encode())
        sent = sent.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", 1)
        assert smtp.deliver(sent, person) == 250
    with IMAPClient(
        "127.0.0.1", server.ports["imaps"], ssl_context=context(server), timeout=60
    ) as client:
        client.login(person, PASSWORD)
        assert client.has_capability("MOVE")
        trash = client.find_special_folder(b"\\Trash")
        assert client.select_folder("INBOX")[b"EXISTS"] == 2
        assert client.search(["TEXT", "下午三点"], "UTF-8") == [2]
        assert client.fetch([2], ["ENVELOPE"])[2][b"ENVELOPE"].subject == b"second"
        client.add_flags([1], [b"\\Flagged", b"$Later"])
        assert set(client.get_flags([1])[1]) >= {b"\\Flagged", b"$Later"}
        client.move([1], trash)
        assert client.folder_status(trash, ["MESSAGES"])[b"MESSAGES"] == 1
        client.create_folder("工作/项目")
        assert "工作/项目" in [name for _flags, _sep, name in client.list_folders()]
        client.idle()
        deliver(server, person, "third")
        heard = []
        while not any(what == b"EXISTS" for _number, what, *_ in heard):
            heard += client.idle_check(timeout=60)
        client.idle_done()
        assert len(client.search("ALL")) == 2
