"""mutt works through an INBOX over IMAPS, driven by its own key commands on a terminal of ours."""

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path

from interop.programs import certificate, flags, inbox
from outside.clients import Smtp, letter
from outside.server import PASSWORD, SECONDS_MAX, Server

_SETTINGS = """
set imap_user = "{user}"
set imap_pass = "{password}"
set folder = "imaps://127.0.0.1:{port}/"
set spoolfile = "+INBOX"
set ssl_ca_certificates_file = "{certificate}"
set ssl_force_tls = yes
set certificate_file = "{certificate}"
set header_cache = ""
set tmpdir = "{folder}"
set pager = "cp --target-directory={folder}/pages"
set copy = no
set confirmappend = no
set confirmcreate = no
set delete = yes
set move = no
set mark_old = no
set quit = yes
set prompt_after = no
set wait_key = no
set beep = no
"""


def mutt(server: Server, person: str, folder: Path, keys: str) -> str:
    """Opens the INBOX, types the keys, ends. What stood on the screen comes back."""
    assert shutil.which("mutt"), "mutt is missing: scripts/system-packages"
    (folder / "pages").mkdir()
    settings = folder / "muttrc"
    settings.write_text(
        _SETTINGS.format(
            user=person,
            password=PASSWORD,
            port=server.ports["imaps"],
            certificate=certificate(server),
            folder=folder,
        )
    )
    words = ["mutt", "-n", "-F", str(settings), "-e", f'push "{keys}"']
    return on_terminal(words, {"HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"})


def on_terminal(words: list[str], environment: dict[str, str]) -> str:
    """Runs a program on a terminal of 120 columns until it ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    program = subprocess.Popen(
        words,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while data := _read(ours, deadline):
            shown += data
        code = program.wait(max(0.1, deadline - time.monotonic()))
    except TimeoutError:
        raise AssertionError(f"it never ended: {shown[-2000:]!r}") from None
    finally:
        os.close(ours)
        program.kill()
        program.wait()
    assert code == 0, shown[-2000:]
    return shown.decode("utf-8", "replace")


def _read(terminal: int, deadline: float) -> bytes:
    """What comes next, b"" at the end."""
    if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        raise TimeoutError
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says EIO when the other side is closed
        return b""


def deliver(server: Server, person: str, *subjects: str) -> None:
    with Smtp(server.ports["smtp"]) as smtp:
        for subject in subjects:
            assert smtp.deliver(letter(subject, f"Text of {subject}\r\n".encode()), person) == 250


def test_mutt_reads(server: Server, person: str, tmp_path: Path) -> None:
    """mutt shows the list and the text of a letter; what it opened is seen from then on."""
    deliver(server, person, "first", "second")

    shown = mutt(server, person, tmp_path, "<first-entry><display-message><quit>")

    assert "second" in shown
    (page,) = (tmp_path / "pages").iterdir()
    assert "Text of first" in page.read_text()
    assert ["\\Seen" in f for f in flags(server, person)] == [True, False]


def test_mutt_saves_a_copy(server: Server, person: str, tmp_path: Path) -> None:
    """mutt copies a letter to a mailbox of ours and to a file of its own."""
    deliver(server, person, "keep me")

    keys = "<first-entry><copy-message>=Archive<enter><copy-message>" + str(tmp_path / "mbox")
    mutt(server, person, tmp_path, keys + "<enter><quit>")

    (kept,) = inbox(server, person, "Archive")
    assert b"Text of keep me" in kept
    assert len(inbox(server, person)) == 1
    assert b"Text of keep me" in (tmp_path / "mbox").read_bytes()


def test_mutt_deletes(server: Server, person: str, tmp_path: Path) -> None:
    """What mutt deletes is gone when it leaves; the rest stays."""
    deliver(server, person, "stays", "goes", "stays too")

    mutt(server, person, tmp_path, "<first-entry><next-entry><delete-message><quit>")

    texts = inbox(server, person)
    assert [b"Subject: goes" in text for text in texts] == [False, False]
    assert len(texts) == 2
