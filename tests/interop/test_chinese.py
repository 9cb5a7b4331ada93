"""Chinese letters and mailboxes through programs that only carry them: each octet as it was."""

import imaplib
import poplib
import ssl
from pathlib import Path

import pytest
from imapclient import IMAPClient

from interop.chinese import (
    BODY,
    DRAFTS,
    DRAFTS_WIRE,
    GB_BODY,
    GB_LETTER,
    GB_SUBJECT,
    SUBJECT,
    UTF8_LETTER,
    deliver_chinese,
)
from interop.programs import certificate, inbox, parsed, run, text_of
from outside.server import PASSWORD, Server


def trusting(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate(server))


def test_curl_by_imap(server: Server, person: str, tmp_path: Path) -> None:
    """It puts a letter into 草稿, finds it by its characters and fetches it as it was."""
    file = tmp_path / "letter"
    file.write_bytes(GB_LETTER)
    base = f"imaps://localhost:{server.ports['imaps']}"
    words = (
        "curl", "--silent", "--show-error", "--max-time", "60", "--cacert", certificate(server),
        "--user", f"{person}:{PASSWORD}",
    )  # fmt: skip
    mailbox = DRAFTS_WIRE.replace("&", "%26")
    run(*words, f"{base}/", "--request", f"CREATE {DRAFTS_WIRE}")
    run(*words, f"{base}/{mailbox}", "--upload-file", file)
    fetched = tmp_path / "fetched"
    run(*words, f"{base}/{mailbox};UID=1", "--output", fetched)

    assert fetched.read_bytes() == GB_LETTER
    assert inbox(server, person, DRAFTS_WIRE) == [GB_LETTER]


def test_imaplib(server: Server, person: str) -> None:
    """Letters in UTF-8 and GB18030 are found by words in UTF-8 and in GB18030. RFC 3501 6.4.4"""
    deliver_chinese(server, person)
    port = server.ports["imaps"]
    client = imaplib.IMAP4_SSL("localhost", port, ssl_context=trusting(server), timeout=60)
    client.login(person, PASSWORD)
    assert client.create(f'"{DRAFTS_WIRE}"')[0] == "OK"
    client.select("INBOX")
    for charset in ("UTF-8", "GB18030"):
        for words, found in (("会议", b"1"), ("€镕", b"2"), ("没有", b"")):
            client.literal = words.encode(charset)  # type: ignore[attr-defined]
            assert client.search(charset, "SUBJECT") == ("OK", [found])
        for words, found in ((BODY, b"1"), ("㐀", b"2"), ("的镕", b"2")):
            client.literal = words.encode(charset)  # type: ignore[attr-defined]
            assert client.search(charset, "BODY") == ("OK", [found])
    assert client.copy("2", f'"{DRAFTS_WIRE}"')[0] == "OK"
    client.logout()

    (kept,) = inbox(server, person, DRAFTS_WIRE)
    assert kept.endswith(GB_LETTER)


def test_imapclient(server: Server, person: str) -> None:
    """The mailbox has its name; a letter goes there and back."""
    port = server.ports["imaps"]
    with IMAPClient("localhost", port, ssl_context=trusting(server), timeout=60) as client:
        client.login(person, PASSWORD)
        client.create_folder(DRAFTS)
        client.append(DRAFTS, GB_LETTER, ["\\Draft"])
        assert client.folder_exists(DRAFTS)
        client.select_folder(DRAFTS)
        assert client.search(["SUBJECT", GB_SUBJECT], "UTF-8") == [1]
        assert client.fetch([1], ["BODY[]"])[1][b"BODY[]"] == GB_LETTER
        client.rename_folder(DRAFTS, "旧草稿/2026")
        assert "旧草稿/2026" in [name for _flags, _sep, name in client.list_folders("旧草稿")]


def test_poplib(server: Server, person: str) -> None:
    """The 8-bit octets come as they were."""
    deliver_chinese(server, person)
    client = poplib.POP3_SSL("localhost", server.ports["pop3s"], context=trusting(server))
    client.user(person)
    client.pass_(PASSWORD)
    for number, sent in ((1, UTF8_LETTER), (2, GB_LETTER)):
        assert (b"\r\n".join([*client.retr(number)[1], b""])).endswith(sent)
    client.quit()


@pytest.mark.parametrize("program", ["msmtp", "swaks", "curl"])
def test_sending(server: Server, person: str, tmp_path: Path, program: str) -> None:
    """A letter in GB18030 goes out as it was, to somebody here."""
    server.add_account(f"to-{person}")
    file = tmp_path / "letter"
    file.write_bytes(
        GB_LETTER.replace(b"lilei@example.net", person.encode()).replace(
            b"bob@example.org", f"to-{person}".encode()
        )
    )
    port = str(server.ports["submissions"])
    if program == "msmtp":
        settings = tmp_path / "msmtprc"
        settings.write_text(
            f"account default\nhost localhost\nport {port}\nfrom {person}\nauth plain\n"
            f"user {person}\npassword {PASSWORD}\ntls on\ntls_starttls off\n"
            f"tls_trust_file {certificate(server)}\n"
        )
        settings.chmod(0o600)
        said = file.read_bytes().replace(b"\r\n", b"\n")
        run("msmtp", "-C", settings, f"to-{person}", said=said)
    elif program == "swaks":
        run(
            "swaks", "--server", "localhost", "--port", port, "--tls-on-connect", "--auth", "PLAIN",
            "--auth-user", person, "--auth-password", PASSWORD, "--helo", "me", "--from", person,
            "--to", f"to-{person}", "--data", f"@{file}",
        )  # fmt: skip
    else:
        run(
            "curl", "--silent", "--show-error", "--cacert", certificate(server),
            "--url", f"smtps://localhost:{port}", "--user", f"{person}:{PASSWORD}",
            "--mail-from", person, "--mail-rcpt", f"to-{person}", "--upload-file", file,
        )  # fmt: skip

    (octets,) = inbox(server, f"to-{person}")
    arrived = parsed(octets)
    assert arrived["Subject"] == GB_SUBJECT
    assert text_of(arrived) == GB_BODY
    assert GB_BODY.encode("gb18030") in octets


def test_mbsync(server: Server, person: str, tmp_path: Path) -> None:
    """A mailbox 草稿 of either side comes to be on the other, with what is in it."""
    for folder in ("mail", "state"):
        (tmp_path / folder).mkdir()
    settings = tmp_path / "mbsyncrc"
    settings.write_text(
        f"IMAPStore far\nHost localhost\nPort {server.ports['imaps']}\nUser {person}\n"
        f'Pass "{PASSWORD}"\nSSLType IMAPS\nCertificateFile {certificate(server)}\n\n'
        f"MaildirStore near\nPath {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\n"
        "SubFolders Verbatim\n\n"
        "Channel both\nFar :far:\nNear :near:\nPatterns *\nSync All\nCreate Both\n"
        f"Expunge Both\nSyncState {tmp_path}/state/\n"
    )
    with IMAPClient(
        "localhost", server.ports["imaps"], ssl_context=trusting(server), timeout=60
    ) as client:
        client.login(person, PASSWORD)
        client.create_folder(DRAFTS)
        client.append(DRAFTS, GB_LETTER)
    run("mbsync", "--config", settings, "both")
    (file,) = (tmp_path / "mail" / DRAFTS_WIRE / "new").iterdir()
    assert parsed(file.read_bytes())["Subject"] == GB_SUBJECT

    near = tmp_path / "mail" / DRAFTS_WIRE
    (near / "new" / "1795000000.1.here").write_bytes(UTF8_LETTER.replace(b"\r\n", b"\n"))
    run("mbsync", "--config", settings, "both")
    subjects = [parsed(octets)["Subject"] for octets in inbox(server, person, DRAFTS_WIRE)]
    assert subjects == [GB_SUBJECT, SUBJECT]
