"""s-nail, the heir of mailx, reads by IMAP and POP3 over TLS and sends by submission."""

from pathlib import Path
from urllib.parse import quote

import pytest

from interop.chinese import BODY, DRAFTS, DRAFTS_WIRE, GB_BODY, GB_SUBJECT, SUBJECT, deliver_chinese
from interop.programs import certificate, flags, inbox, parsed, run, text_of
from outside.server import PASSWORD, Server

_SETTINGS = """
set v15-compat
set ttycharset=utf-8 sendcharsets=utf-8
set tls-ca-file={certificate} tls-ca-no-defaults tls-verify=strict
set from={user}
set imap-auth=login
set folder=imaps://{login}@localhost:{imaps}/
set nosave
"""


def url(server: Server, person: str, service: str, scheme: str = "") -> str:
    """Where the person's mail is, log-in included."""
    login = f"{quote(person, safe='')}:{quote(PASSWORD)}"
    return f"{scheme or service}://{login}@localhost:{server.ports[service]}"


def nail(
    server: Server, person: str, folder: Path, *words: str | Path, said: str, code: int = 0
) -> str:
    settings = folder / "mailrc"
    settings.write_text(
        _SETTINGS.format(
            certificate=certificate(server),
            user=person,
            login=f"{quote(person, safe='')}:{quote(PASSWORD)}",
            imaps=server.ports["imaps"],
        )
    )
    environment = (f"HOME={folder}", f"MAILRC={settings}", "LC_ALL=C.UTF-8", "TERM=dumb")
    return run("env", *environment, "s-nail", "-n", *words, said=said.encode(), code=code)


@pytest.mark.parametrize("service", ["imaps", "pop3s"])
def test_reads_chinese(server: Server, person: str, tmp_path: Path, service: str) -> None:
    """The list and both texts are shown, in UTF-8 and GB18030."""
    deliver_chinese(server, person)

    where = url(server, person, service) + ("/INBOX" if service == "imaps" else "")
    shown = nail(server, person, tmp_path, "-#", "-f", where, said="headers\ntype 1\ntype 2\nxit\n")

    assert SUBJECT in shown
    assert GB_SUBJECT in shown
    assert BODY in shown
    assert GB_BODY in shown
    assert len(inbox(server, person)) == 2


def test_works_through_an_inbox(server: Server, person: str, tmp_path: Path) -> None:
    """It saves a copy in 草稿, flags one letter and deletes the other."""
    deliver_chinese(server, person)
    first, second = inbox(server, person)

    where = url(server, person, "imaps") + "/INBOX"
    said = f'copy 1 "+{DRAFTS}"\nflag 2\ndelete 1\nquit\n'
    nail(server, person, tmp_path, "-#", "-f", where, said=said)

    assert inbox(server, person) == [second]
    assert flags(server, person) == [{"\\Flagged"}]
    (kept,) = inbox(server, person, DRAFTS_WIRE)
    assert first.partition(b"\r\n\r\n")[2] in kept
    shown = nail(
        server, person, tmp_path, "-#", "-f", url(server, person, "imaps") + f"/{DRAFTS}",
        said="type 1\nxit\n",
    )  # fmt: skip
    assert BODY in shown


def test_deletes_by_pop3(server: Server, person: str, tmp_path: Path) -> None:
    """What it deletes is gone when it leaves the drop."""
    deliver_chinese(server, person)

    where = url(server, person, "pop3s")
    nail(server, person, tmp_path, "-#", "-f", where, said="delete 1\nquit\n")

    (left,) = map(parsed, inbox(server, person))
    assert left["Subject"] == GB_SUBJECT


@pytest.mark.parametrize("auth", ["plain", "login"])
@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_sends(server: Server, person: str, tmp_path: Path, door: str, auth: str) -> None:
    """In Chinese, with a file whose name is Chinese too, after log-in at both doors."""
    server.add_account(f"to-{person}")
    file = tmp_path / "附件.bin"
    file.write_bytes(bytes(range(256)))
    mta = url(server, person, door, "smtp" if door == "submission" else "smtps")
    words = ["-S", f"mta={mta}", "-S", f"smtp-auth={auth}"]
    words += ["-S", "smtp-use-starttls"] if door == "submission" else []
    nail(
        server, person, tmp_path, *words, "-s", SUBJECT, "-a", file, "-.", f"to-{person}",
        said=f"{BODY}\n.\n..two\nFrom here\n",
    )  # fmt: skip

    (arrived,) = map(parsed, inbox(server, f"to-{person}"))
    assert arrived["Subject"] == SUBJECT
    text, attached = arrived.iter_parts()
    assert text_of(text) == f"{BODY}\n.\n..two\nFrom here"
    assert attached.get_filename() == file.name
    assert attached.get_payload(decode=True) == file.read_bytes()


def test_a_wrong_password_is_refused(server: Server, person: str, tmp_path: Path) -> None:
    """It says so, and nothing is sent."""
    mta = url(server, person, "submissions", "smtps").replace(quote(PASSWORD), "wrong")
    said = nail(
        server, person, tmp_path, "-S", f"mta={mta}", "-S", "smtp-auth=plain",
        "-s", "no", "-.", person, said="no\n", code=4,
    )  # fmt: skip

    assert "535 5.7.8" in said
    assert inbox(server, person) == []
