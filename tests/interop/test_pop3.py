"""Programs that fetch mail by POP3: curl, fetchmail, getmail, mpop and Python's poplib."""

import poplib
import re
import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.programs import certificate, inbox, run
from outside.clients import Smtp, letter
from outside.server import PASSWORD, Server

DOTS = b".first\r\n..\r\n.\r\nlast .\r\n"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes passwords without TLS."""
    with Server(
        tmp_path_factory.mktemp("plain"), {"tls": {"allow_plaintext_auth": True}}
    ) as server:
        server.add_domain("example.org")
        yield server


def filled(server: Server, count: int = 3) -> tuple[str, list[bytes]]:
    """A new account, and its letters as they were sent; one of them is large."""
    address = f"pop{secrets.token_hex(6)}@example.org"
    server.add_account(address)
    sent = [letter(f"number {number}", DOTS * number) for number in range(1, count)]
    sent.append(letter("large", DOTS * 20_000))
    with Smtp(server.ports["smtp"]) as client:
        for one in sent:
            assert client.deliver(one, address) == 250
    return address, sent


def trusting(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate(server))


def lines(octets: bytes) -> list[bytes]:
    return octets.removesuffix(b"\r\n").split(b"\r\n")


# ---- poplib


def test_poplib_over_tls(server: Server) -> None:
    """All commands of the library; what is deleted is gone after QUIT, and for IMAP too."""
    address, sent = filled(server)
    client = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=trusting(server))
    client.user(address)
    client.pass_(PASSWORD)
    count, octets = client.stat()
    assert count == 3
    assert [client.list(n).split()[2] for n in (1, 2, 3)] == [
        line.split()[1] for line in client.list()[1]
    ]
    assert octets == sum(int(line.split()[1]) for line in client.list()[1])
    for number, one in enumerate(sent, 1):
        _, fetched, _ = client.retr(number)
        assert fetched[-len(lines(one)) :] == lines(one)
        assert len(b"\r\n".join([*fetched, b""])) == int(client.list(number).split()[2])
    header = client.top(1, 1)[1]
    assert header[-2:] == [b"", b".first"]
    ids = [line.split()[1] for line in client.uidl()[1]]
    assert len(set(ids)) == 3
    client.dele(1)
    client.rset()
    client.dele(2)
    client.noop()
    client.quit()

    assert [one.partition(b"\r\n\r\n")[2] for one in inbox(server, address)] == [
        sent[0].partition(b"\r\n\r\n")[2],
        sent[2].partition(b"\r\n\r\n")[2],
    ]


def test_poplib_over_stls(server: Server) -> None:
    """A password is refused before STLS and taken behind it; capabilities change."""
    address, _ = filled(server, 1)
    client = poplib.POP3("127.0.0.1", server.ports["pop3"])
    assert "STLS" in client.capa()
    with pytest.raises(poplib.error_proto, match="STLS first"):
        client.user(address)
    client.stls(trusting(server))
    assert "STLS" not in client.capa()
    assert {"UIDL", "TOP", "USER", "PIPELINING"} <= set(client.capa())
    client.utf8()
    client.user(address)
    client.pass_(PASSWORD)
    assert client.stat()[0] == 1
    client.quit()


def test_poplib_in_the_clear_where_it_is_allowed(plain: Server) -> None:
    """Only because the configuration says so."""
    address, _ = filled(plain, 1)
    client = poplib.POP3("127.0.0.1", plain.ports["pop3"])
    client.user(address)
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        client.pass_("wrong")
    client.user(address)
    client.pass_(PASSWORD)
    assert client.stat()[0] == 1
    client.quit()


# ---- curl


def curl(server: Server, address: str, path: str, *words: str | Path) -> bytes:
    return run(
        "curl", "--silent", "--show-error", "--max-time", "60", "--cacert", certificate(server),
        "--user", f"{address}:{PASSWORD}", *words, f"pop3s://127.0.0.1:{server.ports['pop3s']}/{path}",
    ).encode()  # fmt: skip


def test_curl(server: Server) -> None:
    """curl lists, fetches, deletes; with PLAIN and LOGIN, initial response or not."""
    address, sent = filled(server)
    listed = curl(server, address, "")
    assert [line.split()[0] for line in lines(listed.replace(b"\n", b"\r\n"))] == [b"1", b"2", b"3"]
    for mechanism in ("PLAIN", "LOGIN"):
        for words in ((), ("--sasl-ir",)):
            options = ("--login-options", f"AUTH={mechanism}", *words)
            assert curl(server, address, "2", *options).endswith(sent[1])
    assert b"Subject: number 1" in curl(server, address, "", "--request", "TOP 1 0")
    curl(server, address, "1", "--request", "DELE", "--head")

    assert len(inbox(server, address)) == 2


def test_curl_over_stls(server: Server) -> None:
    """STARTTLS by its POP3 name."""
    address, sent = filled(server, 1)
    fetched = run(
        "curl", "--silent", "--show-error", "--max-time", "60", "--ssl-reqd",
        "--cacert", certificate(server), "--user", f"{address}:{PASSWORD}",
        f"pop3://127.0.0.1:{server.ports['pop3']}/1",
    )  # fmt: skip

    assert fetched.encode().endswith(sent[0])


def test_curl_with_a_wrong_password(server: Server) -> None:
    """It ends with 67, log-in denied."""
    address, _ = filled(server, 1)
    run(
        "curl", "--silent", "--max-time", "60", "--insecure", "--user", f"{address}:wrong",
        f"pop3s://127.0.0.1:{server.ports['pop3s']}/1", code=67,
    )  # fmt: skip


# ---- fetchmail


def fetchmail(server: Server, address: str, folder: Path, options: str, *words: str) -> list[bytes]:
    """One run; gives the letters that it handed over, as it wrote them."""
    folder.mkdir(exist_ok=True)
    service = "pop3s" if " ssl " in f" {options} " else "pop3"
    settings = folder / "fetchmailrc"
    settings.write_text(
        f"poll localhost service {server.ports[service]} protocol pop3 timeout 60 uidl\n"
        f'  user "{address}" password "{PASSWORD}" {options}\n'
        f"  mda \"sh -c 'cat > {folder}/letter.$$'\"\n"
    )
    settings.chmod(0o600)
    run(
        "env", f"FETCHMAILHOME={folder}", "fetchmail", "-f", settings, "--idfile", folder / "ids",
        "--pidfile", folder / "pid", *words,
    )  # fmt: skip
    letters = [path.read_bytes().replace(b"\n", b"\r\n") for path in folder.glob("letter.*")]
    return sorted(letters, key=len)


def is_among(sent: bytes, received: list[bytes]) -> bool:
    """With the header lines that programs put in front, and line ends as files have them."""
    body = sent.partition(b"\r\n\r\n")[2]
    return any(b"\r\n\r\n" + body.rstrip() in one for one in received)


@pytest.mark.parametrize("way", ["tls", "stls"])
def test_fetchmail(server: Server, tmp_path: Path, way: str) -> None:
    """It takes all letters and deletes them; the next run finds nothing."""
    address, sent = filled(server)
    ssl_option = "ssl" if way == "tls" else 'sslproto "TLS1.2+"'
    options = f'{ssl_option} sslcertck sslcertfile "{certificate(server)}"'
    received = fetchmail(server, address, tmp_path / "one", options)
    assert len(received) == 3
    assert all(is_among(one, received) for one in sent)
    assert inbox(server, address) == []
    with pytest.raises(AssertionError, match="ended with 1:"):  # no mail
        fetchmail(server, address, tmp_path / "two", options)


def test_fetchmail_keeps(server: Server, tmp_path: Path) -> None:
    """With ids of its own it takes each letter once and leaves them all."""
    address, sent = filled(server)
    options = "ssl no sslcertck keep"
    assert len(fetchmail(server, address, tmp_path, options)) == 3
    with Smtp(server.ports["smtp"]) as client:
        assert client.deliver(letter("later", b"later\r\n"), address) == 250
    assert len(fetchmail(server, address, tmp_path, options)) == 4
    assert len(inbox(server, address)) == len(sent) + 1


def test_fetchmail_in_the_clear(plain: Server, tmp_path: Path) -> None:
    """As it was done for decades."""
    address, sent = filled(plain)
    received = fetchmail(plain, address, tmp_path, 'sslproto ""')

    assert all(is_among(one, received) for one in sent)


# ---- mpop


@pytest.mark.parametrize("auth", ["user", "plain", "login", "scram-sha-256"])
@pytest.mark.parametrize("way", ["tls", "stls"])
def test_mpop(server: Server, tmp_path: Path, way: str, auth: str) -> None:
    """It pipelines, checks the certificate, and deletes what it delivered."""
    address, sent = filled(server)
    maildir = tmp_path / "maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    service = "pop3s" if way == "tls" else "pop3"
    settings = tmp_path / "mpoprc"
    settings.write_text(
        f"account default\nhost localhost\nport {server.ports[service]}\nuser {address}\n"
        f"password {PASSWORD}\nauth {auth}\ntls on\n"
        f"tls_starttls {'off' if way == 'tls' else 'on'}\n"
        f"tls_trust_file {certificate(server)}\ndelivery maildir {maildir}\nkeep off\n"
        f"uidls_file {tmp_path}/uidls\npipelining on\n"
    )
    settings.chmod(0o600)
    run("mpop", "-C", settings)
    received = [path.read_bytes().replace(b"\n", b"\r\n") for path in maildir.glob("new/*")]

    assert len(received) == 3
    assert all(is_among(one, received) for one in sent)
    assert inbox(server, address) == []


# ---- getmail


@pytest.mark.parametrize("kind", ["SimplePOP3SSLRetriever", "SimplePOP3Retriever"])
def test_getmail(server: Server, plain: Server, tmp_path: Path, kind: str) -> None:
    """By TLS, and without; it remembers what it has by UIDL."""
    at, service = (server, "pop3s") if "SSL" in kind else (plain, "pop3")
    address, sent = filled(at)
    trust = f"ca_certs = {certificate(at)}\n" if "SSL" in kind else ""
    (tmp_path / "getmailrc").write_text(
        f"[retriever]\ntype = {kind}\nserver = localhost\nport = {at.ports[service]}\n"
        f"username = {address}\npassword = {PASSWORD}\n{trust}"
        "[destination]\ntype = MDA_external\npath = /bin/sh\nallow_root_commands = true\n"
        f'arguments = ("-c", "cat > {tmp_path}/letter.$$")\n'
        "[options]\nread_all = false\ndelete = false\n"
    )
    words = ("getmail", "--getmaildir", tmp_path, "--rcfile", "getmailrc")
    run(*words)
    again = run(*words)
    received = [path.read_bytes().replace(b"\n", b"\r\n") for path in tmp_path.glob("letter.*")]

    assert len(received) == 3
    assert all(is_among(one, received) for one in sent)
    assert re.search(r"\b0 messages .* retrieved, 3 skipped", again), again
    assert len(inbox(at, address)) == 3
