"""SCRAM-SHA-256 and -PLUS at every door, over real TLS, bound to the certificate shown. RFC 5802"""

import base64
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Iterator

import pytest

from interop.programs import certificate
from outside.server import LOOPBACK, PASSWORD, Server
from posthouse.proofs.channel_binding import server_end_point
from scram_client import ScramClient

ANN = "ann@example.org"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that offers binding."""
    settings = {"listen": {"submissions": (LOOPBACK,)}, "auth": {"channel_binding": True}}
    with Server(tmp_path_factory.mktemp("scram"), settings) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        yield server


def scram(socket: object, *, is_bound: bool) -> ScramClient:
    """A client for this session: it binds to what TLS showed it. RFC 5929 4"""
    assert isinstance(socket, ssl.SSLSocket)
    shown = socket.getpeercert(binary_form=True)
    assert shown is not None
    return ScramClient(ANN, PASSWORD, server_end_point(shown) if is_bound else b"")


def trust(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate(server))


@pytest.mark.parametrize("is_bound", [False, True])
def test_submission(server: Server, is_bound: bool) -> None:
    """The server's proof comes as a last challenge. RFC 4954 4"""
    port = server.ports["submissions"]
    with smtplib.SMTP_SSL("localhost", port, timeout=60, context=trust(server)) as smtp:
        smtp.ehlo("annspc")
        assert smtp.esmtp_features["auth"].split()[:2] == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]
        client = scram(smtp.sock, is_bound=is_bound)
        code, challenge = smtp.docmd("AUTH", f"{client.mechanism} {client.first()}")
        assert code == 334
        code, challenge = smtp.docmd(client.final(challenge.decode()))
        assert code == 334
        client.check(challenge.decode())
        assert smtp.docmd("")[0] == 235
        assert smtp.mail(ANN)[0] == 250


@pytest.mark.parametrize("way", ["imaps", "starttls"])
@pytest.mark.parametrize("is_bound", [False, True])
def test_imap(server: Server, is_bound: bool, way: str) -> None:
    """Both where TLS was there first and where it came by STARTTLS. RFC 3501 6.2.2"""
    context = trust(server)
    if way == "imaps":
        port = server.ports["imaps"]
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", port, ssl_context=context, timeout=60)
    else:
        imap = imaplib.IMAP4("localhost", server.ports["imap"], timeout=60)
        assert "AUTH=SCRAM-SHA-256-PLUS" not in imap.capabilities
        imap.starttls(context)
    assert "AUTH=SCRAM-SHA-256-PLUS" in imap.capabilities
    client = scram(imap.sock, is_bound=is_bound)
    says = iter((lambda _: client.first(), client.final, lambda said: client.check(said) or ""))

    def answer(challenge: bytes) -> bytes:
        said = next(says)(base64.b64encode(challenge).decode())
        return base64.b64decode(said)

    assert imap.authenticate(client.mechanism, answer)[0] == "OK"
    assert imap.select("INBOX")[0] == "OK"
    imap.logout()


@pytest.mark.parametrize("is_bound", [False, True])
def test_pop3(server: Server, is_bound: bool) -> None:
    """AUTH with the first message in the command. RFC 5034 4"""
    port = server.ports["pop3s"]
    pop3 = poplib.POP3_SSL("localhost", port, context=trust(server), timeout=60)
    assert pop3.capa()["SASL"][0] == "SCRAM-SHA-256-PLUS"
    client = scram(pop3.sock, is_bound=is_bound)

    def say(line: str) -> str:
        pop3.sock.sendall(line.encode() + b"\r\n")
        said: str = pop3.file.readline().decode()
        return said.removeprefix("+ ").strip()

    challenge = say(f"AUTH {client.mechanism} {client.first()}")
    client.check(say(client.final(challenge)))
    assert say("").startswith("+OK")
    assert pop3.stat()[0] == 0
    pop3.quit()


def test_another_certificate_in_between(server: Server) -> None:
    """Who was shown a certificate that is not ours is refused, though the password is right."""
    port = server.ports["submissions"]
    with smtplib.SMTP_SSL("localhost", port, timeout=60, context=trust(server)) as smtp:
        smtp.ehlo("annspc")
        client = ScramClient(ANN, PASSWORD, b"the hash of another certificate.")
        _, challenge = smtp.docmd("AUTH", f"{client.mechanism} {client.first()}")
        code, _said = smtp.docmd(client.final(challenge.decode()))

    assert code == 501
