"""Real programs log in and send: swaks, curl, msmtp, smtplib; swaks and smtplib by LMTP."""

import base64
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from interop.programs import certificate, inbox, run
from outside.server import LOOPBACK, PASSWORD, Server

ANN = "ann@example.org"
DOORS = {
    "submission": (LOOPBACK,),
    "submissions": (LOOPBACK,),
    "lmtp": ("unix:lmtp.sock", LOOPBACK),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Ann lives here and is called sales, too."""
    with Server(tmp_path_factory.mktemp("submission"), {"listen": DOORS}) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        server.run("alias", "add", "sales@example.org", ANN)
        yield server


def swaks(server: Server, *words: str | Path, code: int = 0) -> str:
    return run(
        "swaks", "--server", "127.0.0.1", "--helo", "annspc", "--from", ANN, *words, code=code,
    )  # fmt: skip


def logs_in(server: Server, kind: str = "") -> list[str]:
    port = server.ports["submission"]
    words = ["--port", str(port), "--tls", "--auth-user", ANN, "--auth-password", PASSWORD]
    return [*words, "--auth", *([kind] if kind else [])]


@pytest.mark.parametrize("kind", ["PLAIN", "LOGIN"])
def test_swaks(server: Server, person: str, kind: str) -> None:
    """Logs in over STARTTLS and sends; Received says so and hides where Ann is."""
    printed = swaks(server, *logs_in(server, kind), "--to", person, "--header", "Bcc: x@y.example")

    assert "235 2.7.0" in printed
    (letter,) = inbox(server, person)
    assert b"Received: by mail.example.org (Posthouse) with ESMTPSA (TLSv1." in letter
    assert b"127.0.0.1" not in letter
    assert b"Bcc" not in letter


def test_swaks_over_tls_from_the_first_octet(server: Server, person: str) -> None:
    """The door submissions. RFC 8314 3.3"""
    words = ["--port", str(server.ports["submissions"]), "--tls-on-connect", "--auth", "PLAIN"]
    swaks(server, *words, "--auth-user", ANN, "--auth-password", PASSWORD, "--to", person)

    assert len(inbox(server, person)) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--from", "eve@example.org"), 23, "553 5.7.1 MAIL FROM: an address of yours"),
        (("--header", "From: eve@example.org"), 26, "553 5.7.1 From: an address of yours"),
        (("--header", "Date: now"), 26, "550 5.6.0 Date: a date is as"),
        (("--to", "nobody@example.org"), 24, "550 5.1.1"),
        (("--to", "eve@server"), 24, "550 5.1.3 RCPT TO: a fully qualified domain"),
        (("--auth-password", "wrong"), 28, "535 5.7.8 wrong name or password"),
    ],
)
def test_swaks_is_refused(
    server: Server, person: str, words: tuple[str, ...], code: int, says: str
) -> None:
    """Each refusal says what would be right."""
    to = () if "--to" in words else ("--to", person)

    assert says in swaks(server, *logs_in(server, "PLAIN"), *to, *words, code=code)
    assert inbox(server, person) == []


def test_nothing_without_log_in(server: Server, person: str) -> None:
    """Neither in the clear nor over TLS."""
    port = ("--port", str(server.ports["submission"]), "--to", person)

    assert "530 5.7.0" in swaks(server, *port, code=23)
    assert "530 5.7.0" in swaks(server, *port, "--tls", code=23)


@pytest.mark.parametrize("kind", ["PLAIN", "LOGIN"])
def test_curl(server: Server, person: str, kind: str, tmp_path: Path) -> None:
    """With the certificate checked; an alias of Ann's as sender."""
    letter = tmp_path / "letter"
    letter.write_bytes(b"From: Sales <sales@example.org>\r\nSubject: by curl\r\n\r\nHello\r\n")
    run(
        "curl", "--silent", "--show-error", "--cacert", certificate(server), "--ssl-reqd",
        "--url", f"smtp://localhost:{server.ports['submission']}/annspc",
        "--user", f"{ANN}:{PASSWORD}", "--login-options", f"AUTH={kind}",
        "--mail-from", "sales@example.org", "--mail-rcpt", person, "--upload-file", letter,
    )  # fmt: skip

    (found,) = inbox(server, person)
    assert b"\r\nTo: undisclosed-recipients:;\r\nFrom: Sales <sales@example.org>\r\n" in found


@pytest.mark.parametrize("kind", ["plain", "login", "scram-sha-256"])
@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_msmtp(server: Server, person: str, kind: str, door: str, tmp_path: Path) -> None:
    """By all ways it knows, at both doors."""
    settings = tmp_path / "msmtprc"
    settings.write_text(
        f"account default\nhost localhost\nport {server.ports[door]}\nfrom {ANN}\nauth {kind}\n"
        f"user {ANN}\npassword {PASSWORD}\ntls on\ntls_trust_file {certificate(server)}\n"
        f"tls_starttls {'on' if door == 'submission' else 'off'}\n"
    )
    settings.chmod(0o600)
    run("msmtp", "-C", settings, person, said=b"Subject: by msmtp\nTo: x@example.net\n\nHello\n")

    (letter,) = inbox(server, person)
    assert b"Subject: by msmtp\r\n" in letter
    assert b"To: undisclosed" not in letter


def client(server: Server) -> smtplib.SMTP:
    smtp = smtplib.SMTP("localhost", server.ports["submission"], "annspc", timeout=60)
    smtp.starttls(context=ssl.create_default_context(cafile=certificate(server)))
    smtp.ehlo()
    return smtp


def test_smtplib(server: Server, person: str) -> None:
    """A letter with UTF-8 everywhere, by the library that most scripts use."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = f"安 <{ANN}>", person, "你好"
    letter.set_content("你好\n")
    with client(server) as smtp:
        smtp.login(ANN, PASSWORD)
        smtp.send_message(letter)

    (found,) = inbox(server, person)
    assert b"Subject: =?utf-8?" in found


def test_a_log_in_leaves_no_password_in_the_log(server: Server) -> None:
    """Neither right nor wrong ones."""
    wrong = "a wrong one"
    with client(server) as smtp:
        for word in (wrong, PASSWORD):
            text = base64.b64encode(f"\0{ANN}\0{word}".encode()).decode()
            smtp.docmd("AUTH", f"PLAIN {text}")
    server.await_event("submission.login")

    for word in (wrong, PASSWORD, base64.b64encode(PASSWORD.encode()).decode()):
        assert word not in server.log_text()


def test_lmtp_by_smtplib(server: Server, person: str) -> None:
    """On the unix socket; who is not here is told apart before the letter."""
    text = f"From: x@example.net\r\nTo: {person}\r\n\r\nHello\r\n"
    with smtplib.LMTP(str(server.data / "lmtp.sock")) as lmtp:
        # One recipient stays: smtplib reads a single answer behind the dot.
        refused = lmtp.sendmail("x@example.net", [person, "nobody@example.org"], text)

    assert list(refused) == ["nobody@example.org"]
    assert b" with LMTP id " in inbox(server, person)[0]


@pytest.mark.parametrize("way", ["unix", "tcp"])
def test_lmtp_by_swaks(server: Server, person: str, way: str) -> None:
    """On both listeners; each recipient has its answer after the dot."""
    place = (
        ["--socket", server.data / "lmtp.sock"]
        if way == "unix"
        else ["--server", "127.0.0.1", "--port", str(server.ports["lmtp"])]
    )
    words = ["--protocol", "LMTP", "--from", "x@example.net", "--to", f"{person},{ANN}"]
    printed = run("swaks", *place, *words)

    assert printed.count("250 2.0.0 accepted as ") == 2
    assert len(inbox(server, person)) == 1


def test_lmtp_with_a_full_mailbox(server: Server, person: str) -> None:
    """The full one is told to come again, the other has the letter."""
    server.run("account", "set", person, "--quota", "1000")
    with smtplib.LMTP("localhost", server.ports["lmtp"]) as lmtp:
        lmtp.ehlo_or_helo_if_needed()
        lmtp.mail("x@example.net")
        lmtp.rcpt(person)
        lmtp.rcpt(ANN)
        lmtp.docmd("DATA")
        lmtp.send(b"Subject: large\r\n\r\n" + b"text\r\n" * 500 + b".\r\n")
        answers = [lmtp.getreply(), lmtp.getreply()]

    assert [(code, text[:5]) for code, text in answers] == [(452, b"4.2.2"), (250, b"2.0.0")]
    assert inbox(server, person) == []


def test_the_socket_is_for_the_group(server: Server) -> None:
    """As [lmtp] says."""
    assert (server.data / "lmtp.sock").stat().st_mode & 0o777 == 0o660
