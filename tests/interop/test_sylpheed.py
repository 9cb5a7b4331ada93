"""Sylpheed, a graphical client, on a display of ours: IMAP with a filter, POP3, submission."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.chinese import BODY, DRAFTS, DRAFTS_WIRE, GB_BODY, GB_SUBJECT, SUBJECT, deliver_chinese
from interop.programs import certificate, inbox, parsed, text_of
from outside.server import END_WITH_US, PASSWORD, SECONDS_MAX, Server, eventually

_ACCOUNTS = """
[Account: 1]
account_name=far
is_default=1
name=安
address={user}
protocol=3
receive_server=localhost
smtp_server=localhost
user_id={user}
password={password}
imap_filter_inbox_on_receive=1
use_smtp_auth=1
smtp_auth_method={method}
smtp_user_id={user}
smtp_password={password}
ssl_imap=1
ssl_smtp={ssl_smtp}
set_imapport=1
imap_port={imaps}
set_smtpport=1
smtp_port={smtp_port}

[Account: 2]
account_name=drop
is_default=0
name=安
address={user}
protocol=0
receive_server=localhost
smtp_server=localhost
user_id={user}
password={password}
inbox=inbox
remove_mail={remove}
message_leave_time=0
ssl_pop=1
set_popport=1
pop_port={pop3s}
receive_at_get_all={pop}
"""
_FOLDERS = f"""<?xml version="1.0" encoding="UTF-8"?>
<folderlist>
<folder type="mh" name="Mailbox" path="Mail">
<folderitem type="inbox" name="inbox" path="inbox"/>
<folderitem type="outbox" name="sent" path="sent"/>
<folderitem type="draft" name="draft" path="draft"/>
<folderitem type="queue" name="queue" path="queue"/>
<folderitem type="trash" name="trash" path="trash"/>
</folder>
<folder type="imap" name="far" account_id="1">
<folderitem type="inbox" name="INBOX" path="INBOX"/>
<folderitem type="normal" name="{DRAFTS}" path="{DRAFTS}"/>
</folder>
</folderlist>
"""
_FILTER = f"""<?xml version="1.0" encoding="UTF-8"?>
<filter>
<rule name="meetings" timing="any">
<condition-list bool="or">
<match-header type="contains" name="Subject">{SUBJECT}</match-header>
</condition-list>
<action-list><copy>#imap/far/{DRAFTS}</copy></action-list>
</rule>
</filter>
"""
_QUEUED = """AF:
NF:0
PS:10
SRH:1
SFN:
DSR:
MID:
CFG:
PT:0
S:{user}
RQ:
SSV:localhost
SSH:
R:<{to}>
AID:1

Date: Tue, 24 Nov 2026 10:00:00 +0000
From: {user}
To: {to}
Subject: =?UTF-8?B?5Lya6K6u6YCa55+l?=
Mime-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

{body}
.
..two
"""
"""A letter in its queue: what it shall tell the server, an empty line, the letter."""


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An X server without a screen; it chooses a number that nobody has."""
    assert shutil.which("Xvfb"), "Xvfb is missing: scripts/system-packages"
    ours, theirs = os.pipe()
    words = [*END_WITH_US, "Xvfb", "-displayfd", str(theirs), "-screen", "0", "1000x700x24"]
    xvfb = subprocess.Popen(
        [*words, "-nolisten", "tcp"],
        pass_fds=[theirs],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    try:
        with os.fdopen(ours) as told:
            yield f":{told.readline().strip()}"
    finally:
        xvfb.terminate()
        xvfb.wait(SECONDS_MAX)


class Sylpheed:
    """The program with a profile of this person. A context: its window opens and closes."""

    def __init__(
        self, server: Server, person: str, home: Path, display: str, **given: object
    ) -> None:
        assert shutil.which("sylpheed"), "sylpheed is missing: scripts/system-packages"
        self._home = home
        for name in ("inbox", "sent", "draft", "queue", "trash"):
            (home / "Mail" / name).mkdir(parents=True)
        (home / "tmp").mkdir()
        profile = home / ".sylpheed-2.0"
        profile.mkdir()
        door = given.pop("door", "submissions")
        values = {
            "user": person,
            "password": PASSWORD,
            "method": 0,
            "remove": 0,
            "pop": 0,
            "imaps": server.ports["imaps"],
            "pop3s": server.ports["pop3s"],
            "smtp_port": server.ports[str(door)],
            "ssl_smtp": 1 if door == "submissions" else 2,  # 2: STARTTLS
            **given,
        }
        (profile / "accountrc").write_text(_ACCOUNTS.format(**values), "utf-8")
        (profile / "sylpheedrc").write_text("[Common]\nauto_update_check=0\n")
        (profile / "folderlist.xml").write_text(_FOLDERS, "utf-8")
        (profile / "filter.xml").write_text(_FILTER, "utf-8")
        shutil.copy(certificate(server), profile / "certs.crt")
        # TMPDIR: the socket by which a second call finds the first one is named by user only
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "DISPLAY": display,
            "LC_ALL": "C.UTF-8",
        }
        self._talk = home / "talk"
        self._program: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Sylpheed":
        with self._talk.open("wb") as talk:
            self._program = subprocess.Popen(
                [*END_WITH_US, "sylpheed", "--debug"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=talk,
                stderr=subprocess.STDOUT,
            )
        self.until("loading plugins from")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._program is not None
        self._program.kill()  # it would ask whether it may
        self._program.wait()

    def ask(self, *words: str) -> str:
        """Asks the running one to do something; some things are answered."""
        command = ["sylpheed", *words]
        ran = subprocess.run(
            command, env=self._environment, capture_output=True, timeout=SECONDS_MAX, check=True
        )
        return ran.stdout.decode()

    def until(self, text: str) -> str:
        """Waits until its debugging talk has this; gives the talk."""
        return str(eventually(lambda: talk if text in (talk := self.talk()) else None, what=text))

    def talk(self) -> str:
        return self._talk.read_bytes().decode("utf-8", "replace")

    def put_in_queue(self, sender: str, to: str) -> None:
        text = _QUEUED.format(user=sender, to=to, body=BODY)
        (self._home / "Mail" / "queue" / "1").write_text(text, "utf-8")


def test_reads_by_imap(server: Server, person: str, tmp_path: Path, display: str) -> None:
    """It lists and opens letters; its filter copies one into the mailbox 草稿."""
    server_side(server, person)
    deliver_chinese(server, person)
    with Sylpheed(server, person, tmp_path, display) as sylpheed:
        sylpheed.ask("--receive-all")
        sylpheed.until("UID COPY")
        cache = tmp_path / ".sylpheed-2.0" / "imapcache" / "localhost" / person / "INBOX"
        for uid in ("1", "2"):
            sylpheed.ask("--open", f"#imap/far/INBOX/{uid}")
            eventually((cache / uid).exists, what=f"{cache / uid} in:\n{sylpheed.talk()[-2000:]}")
        eventually(lambda: inbox(server, person, DRAFTS_WIRE), what="a letter in 草稿")
        counts = sylpheed.ask("--status-full")

    assert any(
        line.split()[-1] == "#imap/far/INBOX" and line.split()[2] == "2"
        for line in counts.splitlines()
    )
    first, second = inbox(server, person)
    for uid, octets in (("1", first), ("2", second)):
        assert (cache / uid).read_bytes().replace(b"\r\n", b"\n") == octets.replace(b"\r\n", b"\n")
    assert inbox(server, person, DRAFTS_WIRE) == [first]


def server_side(server: Server, person: str) -> None:
    """The mailbox 草稿 is there."""
    from outside.clients import Imap

    with Imap(server.ports["imaps"], tls=True) as client:
        client.login(person, PASSWORD)
        client.ok(f'CREATE "{DRAFTS_WIRE}"'.encode())


@pytest.mark.parametrize("remove", [0, 1])
def test_fetches_by_pop3(
    server: Server, person: str, tmp_path: Path, display: str, remove: int
) -> None:
    """Letters come into its own folder; they are deleted here where that is its wish."""
    deliver_chinese(server, person)
    folder = tmp_path / "Mail" / "inbox"
    with Sylpheed(server, person, tmp_path, display, pop=1, remove=remove) as sylpheed:
        sylpheed.ask("--receive-all")
        sylpheed.until("POP3> QUIT")
        eventually((folder / "2").exists, what="the second letter")
        sylpheed.until("inc_finished: ")

    found = [parsed((folder / number).read_bytes()) for number in ("1", "2")]
    assert [one["Subject"] for one in found] == [SUBJECT, GB_SUBJECT]
    assert [text_of(one) for one in found] == [BODY, GB_BODY]
    assert len(inbox(server, person)) == (0 if remove else 2)


@pytest.mark.parametrize("method", [1, 8], ids=["LOGIN", "PLAIN"])
@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_sends(
    server: Server, person: str, tmp_path: Path, display: str, door: str, method: int
) -> None:
    """What stands in its queue goes out after log-in, at both doors."""
    server.add_account(f"to-{person}")
    with Sylpheed(server, person, tmp_path, display, door=door, method=method) as sylpheed:
        sylpheed.put_in_queue(person, f"to-{person}")
        sylpheed.ask("--send")
        sent = tmp_path / "Mail" / "sent" / "1"
        eventually(sent.exists, what=f"a copy in sent:\n{sylpheed.talk()[-2000:]}")

    (arrived,) = map(parsed, inbox(server, f"to-{person}"))
    assert arrived["Subject"] == SUBJECT
    assert text_of(arrived) == f"{BODY}\n.\n..two"
