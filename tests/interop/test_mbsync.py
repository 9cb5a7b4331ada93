"""mbsync keeps a Maildir and our mailboxes the same, in both directions."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.programs import certificate, flags, inbox, run
from outside.clients import Imap, Smtp, letter
from outside.server import PASSWORD, Server

Sync = Callable[[], str]

_SETTINGS = """
IMAPStore far
Host localhost
Port {port}
User {user}
Pass "{password}"
SSLType IMAPS
CertificateFile {certificate}

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel both
Far :far:
Near :near:
Patterns INBOX Archive
Sync All
Create Both
Expunge Both
SyncState {folder}/state/
"""


@pytest.fixture
def sync(server: Server, person: str, tmp_path: Path) -> Sync:
    """Runs mbsync once; gives what it printed."""
    for folder in ("mail", "state"):
        (tmp_path / folder).mkdir()
    settings = tmp_path / "mbsyncrc"
    settings.write_text(
        _SETTINGS.format(
            port=server.ports["imaps"],
            user=person,
            password=PASSWORD,
            certificate=certificate(server),
            folder=tmp_path,
        )
    )
    return lambda: run("mbsync", "--config", settings, "--verbose", "both")


def maildir(folder: Path) -> dict[str, bytes]:
    """File name -> octets of a Maildir."""
    return {p.name: p.read_bytes() for d in ("new", "cur") for p in (folder / d).iterdir()}


def put(folder: Path, name: str, octets: bytes) -> None:
    """A new letter, as a delivery agent does it."""
    (folder / "tmp" / name).write_bytes(octets)
    (folder / "tmp" / name).rename(folder / "new" / name)


def file_of(folder: Path, subject: str) -> Path:
    """The letter with this subject."""
    files = [p for d in ("new", "cur") for p in (folder / d).iterdir()]
    return next(p for p in files if f"Subject: {subject}\n".encode() in p.read_bytes())


def plain(octets: bytes) -> bytes:
    """As it stands in a Maildir of this machine: without CR, without the field that mbsync adds."""
    lines = octets.replace(b"\r\n", b"\n").split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b"X-TUID:"))


def test_mbsync_both_ways(server: Server, person: str, tmp_path: Path, sync: Sync) -> None:
    """New letters, flags and deletions go both ways; a second run then changes nothing."""
    near = tmp_path / "mail" / "INBOX"
    with Smtp(server.ports["smtp"]) as smtp:
        for subject in ("one", "two", "three"):
            assert smtp.deliver(letter(subject, b"\xe4\xb8\xad\r\n.dot\r\n"), person) == 250

    sync()
    assert len(maildir(near)) == 3
    assert sorted(map(plain, maildir(near).values())) == sorted(map(plain, inbox(server, person)))

    put(near, f"{int(time.time())}.1.here", plain(letter("from here")))
    sync()
    assert [b"Subject: from here" in octets for octets in inbox(server, person)][-1]

    # Flags: one set here, another one there.
    first = file_of(near, "one")
    first.rename(near / "cur" / (first.name.partition(":2,")[0] + ":2,FS"))
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(person, PASSWORD)
        client.ok(b"SELECT INBOX")
        client.ok(rb"STORE 2 +FLAGS (\Answered)")
    sync()
    assert flags(server, person)[0] == {"\\Flagged", "\\Seen"}
    assert file_of(near, "two").name.endswith(":2,R")

    # Deletions: one here, another one there.
    file_of(near, "three").unlink()
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(person, PASSWORD)
        client.ok(b"SELECT INBOX")
        client.ok(rb"UID STORE 1 +FLAGS (\Deleted)")
        client.ok(b"EXPUNGE")
    sync()
    assert len(inbox(server, person)) == 2
    assert len(maildir(near)) == 2
    assert not any(b"Subject: three\r\n" in octets for octets in inbox(server, person))

    before, kept, set_flags = maildir(near), inbox(server, person), flags(server, person)
    sync()
    assert maildir(near) == before
    assert inbox(server, person) == kept
    assert flags(server, person) == set_flags


def test_mbsync_makes_the_archive(server: Server, person: str, tmp_path: Path, sync: Sync) -> None:
    """200 letters of a Maildir go up in one run, and nothing of them is lost or doubled."""
    archive = tmp_path / "mail" / "Archive"
    for part in ("new", "cur", "tmp"):
        (archive / part).mkdir(parents=True)
    for number in range(200):
        put(archive, f"1795000000.{number}.here", plain(letter(f"letter {number}")))

    sync()
    sync()

    kept = inbox(server, person, "Archive")
    assert len(kept) == 200
    assert len({plain(octets) for octets in kept}) == 200
    assert len(maildir(archive)) == 200
