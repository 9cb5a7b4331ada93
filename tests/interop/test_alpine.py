"""alpine reads by IMAPS, files and deletes, and sends by submission; it is driven on a terminal."""

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from interop.chinese import (
    BODY,
    DRAFTS_WIRE,
    GBK_BODY,
    GBK_LETTER,
    GBK_SUBJECT,
    SUBJECT,
    deliver_chinese,
)
from interop.programs import certificate, flags, inbox, parsed, text_of
from interop.terminal import Terminal
from outside.server import PASSWORD, Server

_SETTINGS = """
personal-name=安
user-domain=example.org
customized-hdrs=From: 安 <{user}>
smtp-server=localhost:{port}/{security}/user={user}
inbox-path={{localhost:{imaps}/ssl/user={user}}}INBOX
folder-collections="Mail" {{localhost:{imaps}/ssl/user={user}}}[]
default-fcc={{localhost:{imaps}/ssl/user={user}}}Sent
default-saved-msg-folder={{localhost:{imaps}/ssl/user={user}}}Archive
feature-list=allow-changing-from,quit-without-confirm,expunge-without-confirm,
 expunge-without-confirm-everywhere,disable-password-file-saving,
 quell-user-lookup-in-passwd-file,no-enable-mouse-in-xterm
character-set=UTF-8
last-time-prune-questioned=126.11
last-version-used=7.00
"""


def alpine(
    server: Server, person: str, folder: Path, *words: str, door: str = "submissions"
) -> Terminal:
    """It trusts our certificate only, and is asked for nothing but passwords."""
    assert shutil.which("alpine"), "alpine is missing: scripts/system-packages"
    settings = folder / "pinerc"
    settings.write_text(
        _SETTINGS.format(
            user=person,
            port=server.ports[door],
            security="ssl" if door == "submissions" else "tls",
            imaps=server.ports["imaps"],
        ),
        "utf-8",
    )
    trust = {"HOME": str(folder), "SSL_CERT_FILE": str(certificate(server))}
    command = ["alpine", "-p", str(settings), "-nowrite_password_cache", *words]
    return Terminal(command, trust)


def log_in(terminal: Terminal) -> None:
    terminal.expect("ENTER PASSWORD:")
    terminal.type(PASSWORD + "\r")


def test_reads_chinese(server: Server, person: str, tmp_path: Path) -> None:
    """The list and both texts are shown, UTF-8 and GBK; what was read is seen."""
    deliver_chinese(server, person, GBK_LETTER)

    with alpine(server, person, tmp_path, "-i") as terminal:
        log_in(terminal)
        listed = terminal.expect(GBK_SUBJECT)
        assert SUBJECT in listed or SUBJECT in terminal.screen()
        terminal.type("\r")
        terminal.expect(BODY)
        terminal.type("n")
        terminal.expect(GBK_BODY)
        terminal.type("q")
        terminal.finish()

    assert ["\\Seen" in one for one in flags(server, person)] == [True, True]


def test_files_and_deletes(server: Server, person: str, tmp_path: Path) -> None:
    """One letter goes to 草稿 and is gone from the INBOX when it leaves.

    Its users write such a name as it is on the wire: it makes no mailbox of an 8-bit name.
    """
    deliver_chinese(server, person, GBK_LETTER)
    first, second = inbox(server, person)

    with alpine(server, person, tmp_path, "-i", "-n", "1") as terminal:
        log_in(terminal)
        terminal.expect(GBK_SUBJECT)
        terminal.type("s")
        terminal.expect("SAVE")
        terminal.type(DRAFTS_WIRE + "\r")
        terminal.expect("Create")
        terminal.type("y")
        terminal.expect("DONE]", "copied to folder")
        terminal.type("q")
        terminal.finish()

    assert inbox(server, person) == [second]
    (kept,) = inbox(server, person, DRAFTS_WIRE)
    assert kept == first


@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_sends(server: Server, person: str, tmp_path: Path, door: str) -> None:
    """In Chinese, after log-in, with a copy in Sent."""
    server.add_account(f"to-{person}")
    url = f"mailto:to-{person}?subject={quote(SUBJECT)}&body={quote(BODY)}"

    with alpine(server, person, tmp_path, "-url", url, door=door) as terminal:
        terminal.expect(BODY)
        terminal.type("\x18")  # ^X
        terminal.expect("Send message?")
        terminal.type("y")
        log_in(terminal)  # to the mailbox for the copy
        log_in(terminal)  # to submission
        terminal.finish()

    (arrived,) = map(parsed, inbox(server, f"to-{person}"))
    assert arrived["Subject"] == SUBJECT
    assert arrived["From"] == f"安 <{person}>"
    body = arrived.get_body()
    assert body is not None
    assert text_of(body) == BODY
    (copy,) = map(parsed, inbox(server, person, "Sent"))
    assert copy["Subject"] == SUBJECT
