"""curl reads and writes mailboxes over IMAPS, and checks the certificate."""

from pathlib import Path

from interop.programs import certificate, inbox, run
from outside.clients import Smtp, letter
from outside.server import PASSWORD, Server


def curl(server: Server, person: str, path: str, *words: str | Path) -> str:
    url = f"imaps://127.0.0.1:{server.ports['imaps']}/{path}"
    return run(
        "curl", "--silent", "--show-error", "--max-time", "60", "--cacert", certificate(server),
        "--user", f"{person}:{PASSWORD}", *words, url,
    )  # fmt: skip


def test_curl_fetches(server: Server, person: str) -> None:
    """curl lists the mailboxes and fetches a letter whole."""
    sent = letter("for curl", b"first\r\n.second\r\n")
    with Smtp(server.ports["smtp"]) as client:
        assert client.deliver(sent, person) == 250

    listing = curl(server, person, "")
    whole = curl(server, person, "INBOX;MAILINDEX=1")
    subject = curl(server, person, "INBOX;MAILINDEX=1;SECTION=HEADER.FIELDS%20(SUBJECT)")

    assert "INBOX" in listing
    assert "Sent" in listing
    assert whole.encode().endswith(sent)
    assert subject.strip() == "Subject: for curl"


def test_curl_appends_and_searches(server: Server, person: str, tmp_path: Path) -> None:
    """A file that curl uploads is a letter, octet by octet, and is found by its words."""
    file = tmp_path / "letter.eml"
    file.write_bytes(letter("uploaded", "日本語と中文\r\n".encode() * 5000))

    curl(server, person, "INBOX", "--upload-file", file)
    found = curl(server, person, "INBOX?SUBJECT%20uploaded")

    assert inbox(server, person) == [file.read_bytes()]
    assert "* SEARCH 1" in found


def test_curl_does_commands_of_its_own(server: Server, person: str) -> None:
    """Commands by --request work: a mailbox is made, renamed and deleted."""
    curl(server, person, "", "--request", 'CREATE "Work/2026"')
    curl(server, person, "", "--request", 'RENAME "Work/2026" "Done"')
    listing = curl(server, person, "", "--request", 'LIST "" *')
    curl(server, person, "", "--request", "DELETE Done")
    after = curl(server, person, "", "--request", 'LIST "" *')

    assert "Done" in listing
    assert "Done" not in after


def test_a_wrong_password_is_refused(server: Server, person: str) -> None:
    """curl ends with 67, log-in denied."""
    url = f"imaps://127.0.0.1:{server.ports['imaps']}/"
    words = ("--cacert", certificate(server), "--user", f"{person}:wrong")

    printed = run("curl", "--silent", "--show-error", "--max-time", "60", *words, url, code=67)

    assert "denied" in printed.lower()
