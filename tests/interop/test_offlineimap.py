"""offlineimap keeps a Maildir and our mailboxes the same, in both directions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from interop.chinese import DRAFTS, DRAFTS_WIRE, GB_LETTER, UTF8_LETTER, deliver_chinese
from interop.programs import certificate, flags, inbox, run
from outside.clients import Imap
from outside.server import PASSWORD, Server

Sync = Callable[[], str]

_SETTINGS = """
[general]
accounts = both
metadata = {folder}/state
ui = basic

[Account both]
localrepository = near
remoterepository = far
utf8foldernames = yes

[Repository near]
type = Maildir
localfolders = {folder}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {certificate}
auth_mechanisms = {mechanism}
"""


@pytest.fixture(params=["PLAIN", "LOGIN"])
def sync(request: pytest.FixtureRequest, server: Server, person: str, tmp_path: Path) -> Sync:
    """Runs it once; gives what it printed."""
    settings = tmp_path / "offlineimaprc"
    settings.write_text(
        _SETTINGS.format(
            folder=tmp_path,
            port=server.ports["imaps"],
            user=person,
            password=PASSWORD,
            certificate=certificate(server),
            mechanism=request.param,
        )
    )
    environment = (f"HOME={tmp_path}", "LC_ALL=C.UTF-8")
    return lambda: run("env", *environment, "offlineimap", "-c", settings, "-o")


def files(folder: Path) -> dict[Path, bytes]:
    """All letters of a Maildir."""
    return {p: p.read_bytes() for part in ("new", "cur") for p in (folder / part).iterdir()}


def put(folder: Path, name: str, octets: bytes) -> None:
    """A new letter, as a delivery agent does it."""
    (folder / "tmp" / name).write_bytes(octets.replace(b"\r\n", b"\n"))
    (folder / "tmp" / name).rename(folder / "new" / name)


def state(server: Server, person: str, near: Path) -> tuple[object, ...]:
    """All that a run could change."""
    there = [
        (inbox(server, person, mailbox), flags(server, person, mailbox))
        for mailbox in ("INBOX", DRAFTS_WIRE)
    ]
    return (*there, *(files(near / mailbox) for mailbox in ("INBOX", DRAFTS)))


def test_both_ways(server: Server, person: str, tmp_path: Path, sync: Sync) -> None:
    """Letters, mailboxes, flags and deletions go both ways; one more run changes nothing."""
    near = tmp_path / "mail"
    deliver_chinese(server, person)
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(person, PASSWORD)
        client.ok(f'CREATE "{DRAFTS_WIRE}"'.encode())
    sync()
    here = [octets.replace(b"\n", b"\r\n") for octets in files(near / "INBOX").values()]
    assert sorted(here) == sorted(inbox(server, person))
    assert files(near / DRAFTS) == {}

    # New ones of this side: one in the INBOX, one in 草稿.
    put(near / "INBOX", "1795000000.1.here", UTF8_LETTER)
    put(near / DRAFTS, "1795000000.2.here", GB_LETTER)
    sync()
    assert len(inbox(server, person)) == 3
    (draft,) = inbox(server, person, DRAFTS_WIRE)
    assert draft.endswith(GB_LETTER.partition(b"\r\n\r\n")[2])

    # Flags and deletions: one each on either side. A Maildir's name says what is set.
    first = next(path for path in files(near / "INBOX") if ",U=1," in path.name)
    first.rename(near / "INBOX" / "cur" / (first.name.partition(":2,")[0] + ":2,FS"))
    next(iter(files(near / DRAFTS))).unlink()
    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(person, PASSWORD)
        client.ok(b"SELECT INBOX")
        client.ok(rb"UID STORE 2 +FLAGS (\Answered)")
        client.ok(rb"UID STORE 3 +FLAGS (\Deleted)")
        client.ok(b"EXPUNGE")
    sync()
    assert flags(server, person) == [{"\\Flagged", "\\Seen"}, {"\\Answered"}]
    assert inbox(server, person, DRAFTS_WIRE) == []
    names = [path.name for path in files(near / "INBOX")]
    assert sorted(name.partition(":2,")[2] for name in names) == ["FS", "R"]

    before = state(server, person, near)
    printed = sync()
    assert state(server, person, near) == before
    assert "Copy message" not in printed
    assert "Deleting" not in printed
