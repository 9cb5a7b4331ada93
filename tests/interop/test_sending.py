"""Letters from swaks and smtplib come in."""

import hashlib
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from interop.programs import certificate, inbox, run
from outside.server import PASSWORD, Server


def swaks(server: Server, *words: str | Path, code: int = 0) -> str:
    port = server.ports["smtp"]
    return run(
        "swaks", "--server", "127.0.0.1", "--port", str(port), "--from", "ann@example.net",
        "--helo", "client.example.net", *words, code=code,
    )  # fmt: skip


def test_swaks_delivers_plain(server: Server, person: str) -> None:
    """A letter by swaks in the clear is in the INBOX, headers of ours before its own."""
    swaks(server, "--to", person, "--header", "Subject: plain", "--body", "Hello from swaks")

    (letter,) = inbox(server, person)
    assert letter.startswith(b"Return-Path: <ann@example.net>\r\nReceived: from client.example.net")
    assert b"\r\nSubject: plain\r\n" in letter
    assert b"Hello from swaks" in letter


def test_swaks_delivers_over_starttls(server: Server, person: str) -> None:
    """A letter by STARTTLS is taken, and its Received field says so. RFC 3848"""
    printed = swaks(
        server, "--to", person, "--tls", "--tls-ca-path", certificate(server), "--tls-verify"
    )

    assert "TLS started" in printed
    (letter,) = inbox(server, person)
    assert b" with ESMTPS (TLSv1." in letter


def test_swaks_delivers_pipelined(server: Server, person: str) -> None:
    """MAIL, RCPT and DATA in one go are answered each. RFC 2920"""
    swaks(server, "--to", person, "--pipeline", "--header", "Subject: pipelined")

    (letter,) = inbox(server, person)
    assert b"Subject: pipelined" in letter


def test_swaks_delivers_to_two(server: Server, person: str) -> None:
    """One letter to two accounts is in both, the same octets, naming neither. RFC 5321 7.2"""
    server.add_account(f"second-{person}")

    swaks(server, "--to", f"{person},second-{person}")

    (first,), (second,) = inbox(server, person), inbox(server, f"second-{person}")
    assert first == second
    assert b"\tfor <" not in first


@pytest.mark.parametrize("tls", [(), ("--tls",)], ids=["plain", "tls"])
def test_swaks_delivers_ten_megabytes(
    server: Server, person: str, tmp_path: Path, tls: tuple[str, ...]
) -> None:
    """An attachment of 10 MB arrives whole, octet by octet."""
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(range(256)) * 40_000)

    swaks(
        server, "--to", person, "--attach-type", "application/x-all", "--attach", f"@{file}", *tls
    )

    from email import message_from_bytes

    (letter,) = inbox(server, person)
    parts = list(message_from_bytes(letter).walk())
    (attached,) = [p for p in parts if p.get_content_type() == "application/x-all"]
    octets = attached.get_payload(decode=True)
    assert hashlib.sha256(octets).digest() == hashlib.sha256(file.read_bytes()).digest()


def test_swaks_hears_of_unknown_people(server: Server) -> None:
    """Nobody's mail is refused at RCPT, before the letter is sent."""
    printed = swaks(server, "--to", "nobody@example.org", code=24)

    assert "550 5.1.1" in printed


def test_swaks_hears_that_we_are_no_relay(server: Server) -> None:
    """Mail for foreign domains is refused."""
    printed = swaks(server, "--to", "ann@example.com", code=24)

    assert "<** 55" in printed


def test_smtplib_delivers_to_a_chinese_address(server: Server) -> None:
    """A letter to 安@例子.测试 with a Chinese subject arrives as it was written. RFC 6531, 6532"""
    server.add_account("安@例子.测试")
    letter = EmailMessage()
    letter["From"] = "李雷 <李雷@例子.测试>"
    letter["To"] = "安@例子.测试"
    letter["Subject"] = "你好，世界"
    letter.set_content("早上好！\n", cte="8bit")

    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=60) as client:
        client.starttls()
        client.send_message(letter)

    (kept,) = inbox_of_chinese(server)
    assert "Subject: 你好，世界\r\n".encode() in kept
    assert "早上好！".encode() in kept
    assert b" with UTF8SMTPS (TLSv1." in kept


def inbox_of_chinese(server: Server) -> list[bytes]:
    """Its name cannot be quoted in plain IMAP: as a literal it can. RFC 3501 4.3"""
    from outside.clients import Imap

    name = "安@例子.测试".encode()
    with Imap(server.ports["imaps"], tls=True) as client:
        client.ok(b'LOGIN {%d+}\r\n%b "%b"' % (len(name), name, PASSWORD.encode()))
        client.ok(b"EXAMINE INBOX")
        answers = client.ok(b"FETCH 1:* BODY.PEEK[]")
    return [a.partition(b"}\r\n")[2].removesuffix(b")") for a in answers if b" FETCH " in a[:40]]


def test_smtplib_learns_of_each_refused_recipient(server: Server, person: str) -> None:
    """One good and one unknown recipient: the letter goes to the good one, the other is named."""
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=60) as client:
        refused = client.sendmail(
            "ann@example.net", [person, "nobody@example.org"], b"Subject: half\r\n\r\nHello\r\n"
        )

    assert list(refused) == ["nobody@example.org"]
    assert refused["nobody@example.org"][0] == 550
    assert len(inbox(server, person)) == 1
