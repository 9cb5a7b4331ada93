"""Durability proof 3 (docs/how-durability-works.md): the kernel's own record of what came first.

The server runs under strace while letters come in by SMTP and IMAP. In the trace every 250 after
DATA and every tagged OK of a change must stand behind a sync that began after the write it covers.
"""

import asyncio
import random
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.crash.server import DOMAIN, PASSWORD, Server
from tests.crash.syscalls import STRACE, Call, answers, is_covered, read_calls, syncs_of, writes_to

LOG = "/mail.db-wal"
TOGETHER = 8
"""Clients at a time, so that commits are shared."""
LETTERS_EACH = 5


@dataclass
class Promise:
    """An answer that must stand behind a sync. Without a token: of what was sent after `since`."""

    what: str
    port: int
    said: str
    token: str = ""
    since: float = 0.0
    is_large: bool = False


@dataclass
class Seen:
    """A run of the server under strace."""

    calls: list[Call] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)


class Talk:
    """A connection that waits for each answer."""

    def __init__(self, port: int) -> None:
        self._way = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._way.makefile("rb")
        self.port: int = self._way.getsockname()[1]

    def ask(self, octets: bytes, end: bytes) -> bytes:
        """Sends, reads to the first line that begins so, and gives it."""
        self._way.sendall(octets)
        while True:
            line = self._file.readline()
            assert line, (octets[:80], end)
            if line.startswith(end):
                return line.rstrip(b"\r\n")

    def close(self) -> None:
        self._file.close()
        self._way.close()


def watched(folder: Path, load: Callable[[Server], list[Promise]], spoils: str = "") -> Seen:
    """Runs the load on a server under strace."""
    trace = folder / "trace"
    server = Server(folder, before=(*STRACE, str(trace)), spoils=spoils)
    server.add_accounts(["ann"])
    server.start()
    try:
        promises = load(server)
        time.sleep(0.1)
    finally:
        supervisor = server.pids()["supervisor"][0]
        Server.signal(supervisor, signal.SIGTERM)
        assert server.process is not None
        server.process.wait(60)
        server.reap()
    return Seen(read_calls(trace), promises)


def letter_of(token: str, size: int) -> bytes:
    return (
        f"Subject: {token}\r\nX-Token: {token}\r\n\r\n{token}\r\n".encode() + b"x" * size + b"\r\n"
    )


def one_after_the_other(server: Server) -> list[Promise]:
    """Every command that promises something, alone."""
    found = []
    smtp = Talk(server.ports["smtp"])
    smtp.ask(b"", b"220 ")
    smtp.ask(b"EHLO client.example.net\r\n", b"250 ")
    for number, size in enumerate([10, 3_000, 100_000]):
        token, text = f"data{number}token", letter_of(f"data{number}token", size)
        smtp.ask(b"MAIL FROM:<>\r\nRCPT TO:<ann@%s>\r\nDATA\r\n" % DOMAIN.encode(), b"354 ")
        said = smtp.ask(text + b".\r\n", b"250 ").decode()
        found.append(Promise("DATA", smtp.port, said, token, is_large=size > 65_536))
        token, text = f"bdat{number}token", letter_of(f"bdat{number}token", size)
        smtp.ask(b"MAIL FROM:<>\r\n", b"250 ")
        smtp.ask(b"RCPT TO:<ann@%s>\r\n" % DOMAIN.encode(), b"250 ")
        said = smtp.ask(b"BDAT %d LAST\r\n%s" % (len(text), text), b"250 ").decode()
        found.append(Promise("BDAT", smtp.port, said, token, is_large=size > 65_536))
    smtp.close()
    imap = Talk(server.ports["imap"])
    imap.ask(b"", b"* OK")
    imap.ask(b'a LOGIN ann@%s "%s"\r\n' % (DOMAIN.encode(), PASSWORD.encode()), b"a OK")
    imap.ask(b"b SELECT INBOX\r\n", b"b OK")
    for number, size in enumerate([10, 3_000, 100_000]):
        token = f"append{number}token"
        text = letter_of(token, size)
        command = b"p%d APPEND INBOX {%d+}\r\n%s\r\n" % (number, len(text), text)
        said = imap.ask(command, b"p%d OK" % number).decode()
        found.append(Promise("APPEND", imap.port, said, token, is_large=size > 65_536))
    for number, command in enumerate(
        [
            b"CREATE Copies", b"UID STORE 1:2 +FLAGS (\\Deleted)", b"UID COPY 3:4 Copies",
            b"UID MOVE 5 Copies", b"EXPUNGE", b"SUBSCRIBE Copies", b"RENAME Copies Other",
            b"UID STORE 4 FLAGS ($word)", b"DELETE Other",
        ]
    ):  # fmt: skip
        since = time.time()
        said = imap.ask(b"c%d %s\r\n" % (number, command), b"c%d OK" % number).decode()
        what = command.decode().partition(" 1:")[0]
        found.append(Promise(what, imap.port, said, since=since))
    imap.close()
    return found


def all_at_once(server: Server) -> list[Promise]:
    """Many sessions that share commits."""

    def session(number: int) -> list[Promise]:
        found = []
        chance = random.Random(number)
        if number % 2:
            talk = Talk(server.ports["smtp"])
            talk.ask(b"", b"220 ")
            talk.ask(b"EHLO client.example.net\r\n", b"250 ")
        else:
            talk = Talk(server.ports["imap"])
            talk.ask(b"", b"* OK")
            login = b'a LOGIN ann@%s "%s"\r\n' % (DOMAIN.encode(), PASSWORD.encode())
            talk.ask(login, b"a OK")
        for turn in range(LETTERS_EACH):
            token = f"many{number}x{turn}token"
            text = letter_of(token, chance.choice([10, 2_000, 6_000]))
            if number % 2:
                talk.ask(b"MAIL FROM:<>\r\nRCPT TO:<ann@%s>\r\nDATA\r\n" % DOMAIN.encode(), b"354 ")
                said = talk.ask(text + b".\r\n", b"250 ")
            else:
                command = b"q%d APPEND INBOX {%d+}\r\n%s\r\n" % (turn, len(text), text)
                said = talk.ask(command, b"q%d OK" % turn)
            kind = "DATA" if number % 2 else "APPEND"
            found.append(Promise(kind, talk.port, said.decode(), token))
        talk.close()
        return found

    async def together() -> list[list[Promise]]:
        return await asyncio.gather(
            *[asyncio.to_thread(session, number) for number in range(TOGETHER)]
        )

    return [promise for found in asyncio.run(together()) for promise in found]


def too_early(seen: Seen) -> list[str]:
    """Promises that were given before their sync, or whose writes were never seen."""
    wrong = []
    for promise in seen.promises:
        found = answers(seen.calls, promise.said, promise.port)
        if len(found) != 1:
            wrong.append(f"{promise.what}: {promise.said!r} was seen {len(found)} times")
            continue
        if promise.token:
            if not letter_is_covered(seen.calls, promise, found[0]):
                wrong.append(f"{promise.what} of {promise.token}: answered before its sync")
        elif not any(
            promise.since <= sync.began and sync.ended <= found[0].began
            for sync in syncs_of(seen.calls, LOG)
        ):
            wrong.append(f"{promise.what}: answered without a sync")
    return wrong


def letter_is_covered(calls: list[Call], promise: Promise, answer: Call) -> bool:
    """The write of the letter into the log, and of a large one into its file and its folder."""
    logged = [w for w in writes_to(calls, LOG, promise.token) if w.ended <= answer.began]
    # A later letter may write the same page again, and that need not be synced yet.
    if not any(is_covered(calls, wrote, answer, LOG) for wrote in logged):
        return False
    if not promise.is_large:
        return True
    in_file = [w for w in writes_to(calls, ".part", promise.token) if w.ended <= answer.began]
    named = [c for c in calls if c.name.startswith("rename") and in_file
             and in_file[-1].place in c.text]  # fmt: skip
    if not in_file or not named or not is_covered(calls, in_file[-1], named[0], ".part"):
        return False
    folder = "/bodies/" + Path(in_file[-1].place).parent.name
    # The row that names the file is written only when the folder is synced too.
    return is_covered(calls, named[0], logged[0], folder)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("load", [one_after_the_other, all_at_once], ids=lambda f: f.__name__)
def test_no_answer_before_its_sync(tmp_path: Path, load: Callable[[Server], list[Promise]]) -> None:
    """No 250 after DATA or BDAT, no OK of a change, before the sync that covers it has returned."""
    seen = watched(tmp_path, load)

    assert len(seen.promises) >= 18
    assert too_early(seen) == []


NO_SYNC = """
from posthouse.store.sqlite import ledger

real = ledger.open_writer


def careless(data):
    db = real(data)
    db.execute("PRAGMA synchronous=OFF")
    return db


ledger.open_writer = careless
"""

NO_FILE_SYNC = """
import os

os.fdatasync = lambda handle: None
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("spoils", "least"), [(NO_SYNC, 15), (NO_FILE_SYNC, 3)], ids=["log", "bodies"]
)
def test_a_missing_sync_is_seen(tmp_path: Path, spoils: str, least: int) -> None:
    """The proof proves something: a server that leaves out a kind of sync is found out."""
    assert len(too_early(watched(tmp_path, one_after_the_other, spoils))) >= least


def test_calls_are_read_whole(tmp_path: Path) -> None:
    """Calls that another process interrupted in the trace are put together; failures are left."""
    trace = tmp_path / "trace"
    trace.write_text(
        "7  10.000100 fdatasync(5</d/mail.db-wal> <unfinished ...>\n"
        '8  10.000200 write(19<TCP:[1.1.1.1:25->1.1.1.1:99]>, "250 ok\\r\\n", 8) = 8 <0.000100>\n'
        "7  10.000900 <... fdatasync resumed>) = 0 <0.000750>\n"
        "8  10.001000 fsync(3</d>) = -1 EIO (Input/output error) <0.000100>\n"
    )

    wrote, sync = read_calls(trace)
    assert (wrote.name, wrote.pid) == ("write", 8)
    assert (sync.name, sync.place, sync.began) == ("fdatasync", "/d/mail.db-wal", 10.0001)
    assert sync.ended == pytest.approx(10.00085)
    assert answers([wrote], "250 ok", 99) == [wrote]
    assert answers([wrote], "250 ok", 9) == []
