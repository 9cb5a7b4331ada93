"""Runs the real programs against a server; what they print is the test's to judge."""

import shutil
import subprocess
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path

from outside.clients import Imap
from outside.server import PASSWORD, SECONDS_MAX, Server


def run(*words: str | Path, said: bytes = b"", code: int = 0) -> str:
    """What the program printed; its exit code must be as expected."""
    assert shutil.which(str(words[0])), f"{words[0]} is missing: scripts/system-packages"
    ran = subprocess.run(
        [str(word) for word in words],
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS_MAX,
        check=False,
    )
    printed = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == code, f"{words[0]} ended with {ran.returncode}:\n{printed[-4000:]}"
    return printed


def certificate(server: Server) -> Path:
    """What a client that checks is told to trust."""
    return server.data / "certificate.pem"


def inbox(server: Server, address: str, mailbox: str = "INBOX") -> list[bytes]:
    """The octets of all letters of a mailbox, oldest first, read without marking them as seen."""
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(address, PASSWORD)
        client.ok(f"EXAMINE {mailbox}".encode())
        answers = client.ok(b"UID FETCH 1:* BODY.PEEK[]")
    return [a.partition(b"}\r\n")[2].removesuffix(b")") for a in answers if b" FETCH " in a[:40]]


def parsed(octets: bytes) -> EmailMessage:
    """A letter as Python reads it: fields decoded, parts apart."""
    return message_from_bytes(octets, policy=SMTP)


def text_of(part: Message) -> str:
    """Its text, whatever it was encoded in, with lines as Python has them."""
    assert isinstance(part, EmailMessage)
    text: str = part.get_content()
    return text.replace("\r\n", "\n").rstrip("\n")


def flags(server: Server, address: str, mailbox: str = "INBOX") -> list[set[str]]:
    """The flags of all letters of a mailbox, without \\Recent."""
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(address, PASSWORD)
        client.ok(f"EXAMINE {mailbox}".encode())
        answers = client.ok(b"UID FETCH 1:* FLAGS")
    found = [a.partition(b"FLAGS (")[2].partition(b")")[0].decode() for a in answers]
    return [
        set(f.split()) - {"\\Recent"}
        for f, a in zip(found, answers, strict=True)
        if "FETCH" in str(a)
    ]
