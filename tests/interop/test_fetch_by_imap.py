"""fetchmail and getmail empty an INBOX by IMAP, as many scripts have them do it."""

from pathlib import Path

import pytest

from interop.chinese import BODY, GB_BODY, GB_SUBJECT, SUBJECT, deliver_chinese
from interop.programs import certificate, inbox, parsed, run, text_of
from outside.server import PASSWORD, Server


def expect_chinese(files: list[Path]) -> None:
    """Both letters are there, whole."""
    found = {one["Subject"]: one for one in (parsed(file.read_bytes()) for file in files)}
    assert {subject: text_of(one) for subject, one in found.items()} == {
        SUBJECT: BODY,
        GB_SUBJECT: GB_BODY,
    }


@pytest.mark.parametrize("way", ["imaps", "imap"])
def test_fetchmail(server: Server, person: str, tmp_path: Path, way: str) -> None:
    """It takes all letters, over TLS and STARTTLS, and deletes them."""
    deliver_chinese(server, person)
    option = "ssl" if way == "imaps" else 'sslproto "TLS1.2+"'
    settings = tmp_path / "fetchmailrc"
    settings.write_text(
        f"poll localhost service {server.ports[way]} protocol imap timeout 60\n"
        f'  user "{person}" password "{PASSWORD}"\n'
        f'  {option} sslcertck sslcertfile "{certificate(server)}"\n'
        f"  mda \"sh -c 'cat > {tmp_path}/letter.$$'\"\n"
    )
    settings.chmod(0o600)
    run(
        "env", f"FETCHMAILHOME={tmp_path}", "fetchmail", "-f", settings,
        "--pidfile", tmp_path / "pid",
    )  # fmt: skip

    expect_chinese(list(tmp_path.glob("letter.*")))
    assert inbox(server, person) == []


@pytest.mark.parametrize("delete", [False, True])
def test_getmail(server: Server, person: str, tmp_path: Path, delete: bool) -> None:
    """They stay or go, as it is told."""
    deliver_chinese(server, person)
    (tmp_path / "getmailrc").write_text(
        "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\n"
        f"port = {server.ports['imaps']}\nusername = {person}\npassword = {PASSWORD}\n"
        f"ca_certs = {certificate(server)}\nmailboxes = ('INBOX',)\n"
        "[destination]\ntype = MDA_external\npath = /bin/sh\nallow_root_commands = true\n"
        f'arguments = ("-c", "cat > {tmp_path}/letter.$$")\n'
        f"[options]\nread_all = false\ndelete = {str(delete).lower()}\n"
    )
    words = ("getmail", "--getmaildir", tmp_path, "--rcfile", "getmailrc")
    run(*words)
    again = run(*words)

    expect_chinese(list(tmp_path.glob("letter.*")))
    assert " 0 messages " in again
    assert len(inbox(server, person)) == (0 if delete else 2)
