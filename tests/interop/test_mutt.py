"""mutt and neomutt work through an INBOX over IMAPS and send, driven by their own key commands."""

import shutil
from pathlib import Path

import pytest

from interop.chinese import BODY, DRAFTS, DRAFTS_WIRE, GB_BODY, GB_SUBJECT, SUBJECT, deliver_chinese
from interop.programs import certificate, flags, inbox, parsed, text_of
from interop.terminal import Terminal, on_terminal
from outside.clients import Smtp, letter
from outside.server import PASSWORD, Server

_SETTINGS = """
set imap_user = "{user}"
set imap_pass = "{password}"
set folder = "imaps://127.0.0.1:{imaps}/"
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
set sleep_time = 0
set smtp_pass = "{password}"
set from = "{user}"
set realname = "安"
set use_from = yes
set record = "+Sent"
set charset = utf-8
set abort_unmodified = no
set abort_nosubject = no
"""


@pytest.fixture(params=["mutt", "neomutt"])
def program(request: pytest.FixtureRequest) -> str:
    """The old one and the one that grew out of it."""
    name: str = request.param
    assert shutil.which(name), f"{name} is missing: scripts/system-packages"
    return name


def settings(server: Server, person: str, folder: Path) -> Path:
    (folder / "pages").mkdir()
    file = folder / "muttrc"
    file.write_text(
        _SETTINGS.format(
            user=person,
            password=PASSWORD,
            imaps=server.ports["imaps"],
            certificate=certificate(server),
            folder=folder,
        ),
        "utf-8",
    )
    return file


def mutt(program: str, server: Server, person: str, folder: Path, keys: str) -> str:
    """Opens the INBOX, types the keys, ends. What stood on the screen comes back."""
    words = [program, "-n", "-F", str(settings(server, person, folder)), "-e", f'push "{keys}"']
    return on_terminal(words, {"HOME": str(folder)})


def deliver(server: Server, person: str, *subjects: str) -> None:
    with Smtp(server.ports["smtp"]) as smtp:
        for subject in subjects:
            assert smtp.deliver(letter(subject, f"Text of {subject}\r\n".encode()), person) == 250


def test_reads(program: str, server: Server, person: str, tmp_path: Path) -> None:
    """It shows the list and the text of a letter; what it opened is seen from then on."""
    deliver(server, person, "first", "second")

    shown = mutt(program, server, person, tmp_path, "<first-entry><display-message><quit>")

    assert "second" in shown
    (page,) = (tmp_path / "pages").iterdir()
    assert "Text of first" in page.read_text()
    assert ["\\Seen" in f for f in flags(server, person)] == [True, False]


def test_saves_a_copy(program: str, server: Server, person: str, tmp_path: Path) -> None:
    """It copies a letter to a mailbox of ours and to a file of its own."""
    deliver(server, person, "keep me")

    keys = "<first-entry><copy-message>=Archive<enter><copy-message>" + str(tmp_path / "mbox")
    mutt(program, server, person, tmp_path, keys + "<enter><quit>")

    (kept,) = inbox(server, person, "Archive")
    assert b"Text of keep me" in kept
    assert len(inbox(server, person)) == 1
    assert b"Text of keep me" in (tmp_path / "mbox").read_bytes()


def test_deletes(program: str, server: Server, person: str, tmp_path: Path) -> None:
    """What it deletes is gone when it leaves; the rest stays."""
    deliver(server, person, "stays", "goes", "stays too")

    keys = "<first-entry><next-entry><delete-message><quit>"
    mutt(program, server, person, tmp_path, keys)

    texts = inbox(server, person)
    assert [b"Subject: goes" in text for text in texts] == [False, False]
    assert len(texts) == 2


def test_reads_chinese(program: str, server: Server, person: str, tmp_path: Path) -> None:
    """Subjects and texts in UTF-8 and GB18030 are shown; one goes into a mailbox 草稿."""
    deliver_chinese(server, person)

    keys = (
        "<first-entry><display-message><next-entry><display-message>"
        f"<copy-message>={DRAFTS}<enter><quit>"
    )
    shown = mutt(program, server, person, tmp_path, keys)

    assert SUBJECT in shown
    assert GB_SUBJECT in shown
    pages = "".join(page.read_text("utf-8") for page in (tmp_path / "pages").iterdir())
    assert BODY in pages
    assert GB_BODY in pages
    (kept,) = inbox(server, person, DRAFTS_WIRE)
    assert kept == inbox(server, person)[1]


@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_sends(program: str, server: Server, person: str, tmp_path: Path, door: str) -> None:
    """It sends in Chinese with a file attached, after log-in, and keeps a copy in Sent."""
    server.add_account(f"to-{person}")
    file = tmp_path / "附件.bin"
    file.write_bytes(bytes(range(256)))
    scheme = "smtp" if door == "submission" else "smtps"
    url = f"{scheme}://{person.replace('@', '%40')}@localhost:{server.ports[door]}/"
    body = tmp_path / "body"
    body.write_text(f"{BODY}\n.\n..two\nFrom here\n", "utf-8")
    words = [program, "-n", "-F", str(settings(server, person, tmp_path))]
    for command in (f'set smtp_url = "{url}"', "set editor = true", "set copy = yes"):
        words += ["-e", command]
    words += ["-s", SUBJECT, "-i", str(body), "-a", str(file), "--", f"to-{person}"]
    with Terminal(words, {"HOME": str(tmp_path)}) as terminal:
        for question in ("To: ", "Subject: "):
            terminal.expect(question)
            terminal.type("\r")
        terminal.expect("y:Send")
        terminal.type("y")
        terminal.finish()

    (arrived,) = map(parsed, inbox(server, f"to-{person}"))
    assert arrived["Subject"] == SUBJECT
    assert arrived["From"] == f"安 <{person}>"
    text, attached = arrived.iter_parts()
    assert text_of(text) == f"{BODY}\n.\n..two\nFrom here"
    assert attached.get_filename() == file.name
    assert attached.get_payload(decode=True) == file.read_bytes()
    (copy,) = map(parsed, inbox(server, person, "Sent"))
    assert copy["Subject"] == SUBJECT
    assert flags(server, person, "Sent") == [{"\\Seen"}]
