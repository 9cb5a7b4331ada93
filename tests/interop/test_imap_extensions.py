"""imapclient and imaplib over real sockets: SORT, THREAD, QUOTA, QRESYNC, UTF-8, COMPRESS."""

import imaplib
import ssl
import zlib
from collections.abc import Iterator
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
def client(server: Server, person: str) -> Iterator[IMAPClient]:
    """imapclient, logged in; three letters are there."""
    with Smtp(server.ports["smtp"]) as smtp:
        for subject in ("pears", "Re: apples", "apples"):
            assert smtp.deliver(letter(subject), person) == 250
    port = server.ports["imaps"]
    with IMAPClient("127.0.0.1", port, ssl_context=context(server), timeout=60) as client:
        client.login(person, PASSWORD)
        yield client


def test_sort_and_thread(client: IMAPClient) -> None:
    """In the order of subjects; answers with what they answer."""
    client.select_folder("INBOX")

    assert client.sort(["SUBJECT", "REVERSE ARRIVAL"]) in ([2, 3, 1], [3, 2, 1])
    assert client.sort("REVERSE SUBJECT", "SUBJECT apples") == [2, 3]
    threads = client.thread("ORDEREDSUBJECT")
    assert sorted(len(thread) for thread in threads) == [1, 2]
    assert {1, 2, 3} == {number for thread in client.thread() for number in numbers(thread)}


def numbers(thread: Any) -> list[int]:
    if isinstance(thread, int):
        return [thread]
    return [number for inner in thread for number in numbers(inner)]


def test_quota(client: IMAPClient) -> None:
    """One root for the whole account."""
    roots, quotas = client.get_quota_root("INBOX")

    assert roots.quota_roots == [""]
    assert {quota.resource: quota.usage for quota in quotas}["MESSAGE"] == 3


def test_changes_since(client: IMAPClient) -> None:
    """A client that comes back is told what changed and what went."""
    assert client.enable("QRESYNC") == [b"QRESYNC"]
    before = client.select_folder("INBOX")
    client.add_flags([1], [b"\\Flagged"])
    client.delete_messages([2])
    client.expunge([2])

    found = client.fetch(
        [1, 2, 3], ["FLAGS"], [f"CHANGEDSINCE {before[b'HIGHESTMODSEQ']} VANISHED"]
    )
    assert set(found) == {1}
    assert b"\\Flagged" in found[1][b"FLAGS"]


def test_names_in_utf8(server: Server, person: str) -> None:
    """imaplib in its UTF-8 mode: ENABLE UTF8=ACCEPT, names as they are, APPEND UTF8 (...)."""
    port = server.ports["imaps"]
    client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context(server), timeout=60)
    client.login(person, PASSWORD)
    assert client.enable("UTF8=ACCEPT")[0] == "OK"

    assert client.create('"日記"')[0] == "OK"
    sent = letter("x").replace(b"Subject: x", "Subject: 今日".encode())
    assert client.append('"日記"', None, None, sent)[0] == "OK"  # type: ignore[arg-type]
    assert client.select('"日記"')[1] == [b"1"]
    assert client.search(None, "SUBJECT", '"今日"')[1] == [b"1"]
    client.logout()


class Deflated(imaplib.IMAP4_SSL):
    """imaplib below which all is compressed from some moment on."""

    into: Any = None

    def compress(self) -> None:
        assert self._simple_command("COMPRESS", "DEFLATE")[0] == "OK"
        self.into, self.out = zlib.decompressobj(-15), zlib.compressobj(6, zlib.DEFLATED, -15)
        self.held = b""

    def send(self, data: bytes) -> None:
        if self.into is not None:
            data = self.out.compress(data) + self.out.flush(zlib.Z_SYNC_FLUSH)
        super().send(data)

    def read(self, size: int) -> bytes:
        if self.into is None:
            return super().read(size)
        while len(self.held) < size:
            self.held += self.into.decompress(self.sock.recv(4096))
        found, self.held = self.held[:size], self.held[size:]
        return found

    def readline(self) -> bytes:
        if self.into is None:
            return super().readline()
        while b"\n" not in self.held:
            self.held += self.into.decompress(self.sock.recv(4096))
        return self.read(self.held.index(b"\n") + 1)


imaplib.Commands.setdefault("COMPRESS", ("AUTH", "SELECTED"))


def test_compressed(server: Server, person: str) -> None:
    """A session in which everything is compressed, inside TLS."""
    port = server.ports["imaps"]
    client = Deflated("127.0.0.1", port, ssl_context=context(server), timeout=60)
    client.login(person, PASSWORD)
    client.compress()

    large = letter("large", b"0123456789\r\n" * 50_000)
    assert client.append("INBOX", None, None, large)[0] == "OK"  # type: ignore[arg-type]
    assert client.select("INBOX")[1] == [b"1"]
    ((_head, octets), _end) = client.fetch("1", "(BODY.PEEK[])")[1]
    assert octets == large
    assert client.search(None, "SUBJECT", "large")[1] == [b"1"]
    client.logout()
