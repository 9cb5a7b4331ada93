"""Processes that die, signals, certificates and configurations that change under load."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from faults.conftest import BOB, letters_of, logged_in, populate
from outside.clients import Imap, Smtp, letter
from outside.server import PASSWORD, Server, Settings, command, environment, eventually

CLEAR: Settings = {"tls": {"allow_plaintext_auth": True}}
CLIENTS = 4
ANSWER_SECONDS_MAX = 15.0
"""A listener that closes between SYN and ACK of a connection may leave its client alone with it:
the kernel tells nobody, and a client that waits for a greeting hears nothing, ever."""


class Load:
    """Clients that deliver letters until they were told to stop, and what was promised them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.promised: list[bytes] = []
        self.refused: list[int] = []
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"

    def more(self, count: int) -> None:
        """Returns when so many more letters were promised."""
        wanted = len(self.promised) + count
        eventually(
            lambda: self.errors or len(self.promised) >= wanted, what=f"{wanted} letters taken"
        )
        assert not self.errors, self.errors

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._deliver()
            except (OSError, AssertionError):
                continue  # its worker died: whatever had no answer was not promised
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                self.errors.append(error)
                return

    def _deliver(self) -> None:
        with Smtp(self.server.ports["smtp"], seconds=ANSWER_SECONDS_MAX) as client:
            for _ in range(10):
                text = letter()
                code = client.deliver(text, BOB)
                if code == 250:
                    self.promised.append(text.partition(b"Message-ID: <")[2].partition(b">")[0])
                elif code == 0:
                    return
                else:
                    self.refused.append(code)


def test_scribe_killed_under_load(tmp_path: Path) -> None:
    """kill -9 of the scribe: sessions go on, nothing promised is lost, nothing comes twice."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        workers = server.status().workers
        idle = logged_in(server)
        idle.ok(b"SELECT INBOX")
        with Load(server) as load:
            for _ in range(3):
                load.more(40)
                old = server.status().scribe
                assert old > 0
                os.kill(old, signal.SIGKILL)
                eventually(lambda old=old: server.status().scribe not in (0, old), what="a new one")
            load.more(40)
        kept = letters_of(server)
        assert sorted(kept) == sorted(set(kept))
        assert set(load.promised) <= set(kept)
        assert load.refused == []
        assert server.status().workers == workers
        idle.ok(b"NOOP")
        idle.ok(rb"STORE 1 +FLAGS (\Flagged)")
        idle.close()


def test_worker_killed_under_load(tmp_path: Path) -> None:
    """kill -9 of a worker: a new one comes at once, the other's sessions go on, nothing is lost."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        with server.only_worker(1):
            kept_session = logged_in(server)
            kept_session.ok(b"SELECT INBOX")
        with server.only_worker(0):
            lost_session = logged_in(server)
        with Load(server) as load:
            load.more(40)
            old = next(
                p.pid for p in server.status().processes if (p.kind, p.number) == ("worker", 0)
            )
            os.kill(old, signal.SIGKILL)
            assert lost_session.rest() == b""
            kept_session.ok(b"NOOP")
            load.more(40)

        def is_back() -> bool:
            workers = [p for p in server.status().processes if p.kind == "worker"]
            return len(workers) == 2 and all(p.is_ready and p.pid != old for p in workers)

        eventually(is_back, what="a new worker")
        kept = letters_of(server)
        assert set(load.promised) <= set(kept)
        assert server.status().totals["restarts_total"] == 1
        with server.only_worker(0) as new, Smtp(server.ports["smtp"]) as client:
            assert new != old
            assert client.deliver(letter(), BOB) == 250
        kept_session.close()
        lost_session.close()


def test_all_killed(tmp_path: Path) -> None:
    """kill -9 of everything, and a new start: all that was promised is there, once."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        with logged_in(server) as client:
            assert client.append("Drafts", letter("draft")).startswith(b"OK")
            client.ok(b"SELECT Drafts")
            client.ok(rb"STORE 1 +FLAGS (\Flagged)")
        with Load(server) as load:
            load.more(50)
            server.kill()
            load._stop.set()
        server.start()
        kept = letters_of(server)
        assert sorted(kept) == sorted(set(kept))
        assert set(load.promised) <= set(kept)
        with logged_in(server) as client:
            client.ok(b"SELECT Drafts")
            assert b"\\Flagged" in client.ok(b"FETCH 1 FLAGS")[0]
        server.run("verify")


def test_supervisor_killed(tmp_path: Path) -> None:
    """When the supervisor is killed its children end too, and the data directory is free again."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        with Smtp(server.ports["smtp"]) as client:
            assert client.deliver(letter(), BOB) == 250
        status = server.status()
        os.kill(server.pid, signal.SIGKILL)
        assert server.wait() == -signal.SIGKILL
        for pid in (*status.workers, status.scribe):
            eventually(lambda pid=pid: not Path(f"/proc/{pid}").exists(), what=f"the end of {pid}")
        server.start()
        assert len(letters_of(server)) == 1


def test_sigterm_drains(tmp_path: Path) -> None:
    """Idle sessions hear good-bye, what was in flight is answered, the exit code is 0."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        smtp, imap = Smtp(server.ports["smtp"]), logged_in(server)
        tls, idle = logged_in(server, tls=True), logged_in(server)
        idle.ok(b"SELECT INBOX")
        idle.send(b"i IDLE\r\n")
        assert idle.line().startswith(b"+")
        scribe = server.status().scribe
        busy = Smtp(server.ports["smtp"])
        busy.ok(b"MAIL FROM:<ann@example.net>")
        busy.ok(b"RCPT TO:<bob@example.org>")
        busy.ok(b"DATA")
        os.kill(scribe, signal.SIGSTOP)  # so that the letter is in flight when the end comes
        try:
            busy.send(letter("the last one") + b".\r\n")
            eventually(lambda: is_read(busy), what="the letter was read by the server")
            server.signal(signal.SIGTERM)
            smtp.expect(421)
        finally:
            os.kill(scribe, signal.SIGCONT)
        busy.expect(250)
        busy.expect(421)
        for client in (imap, tls, idle):
            assert client.line().startswith(b"* BYE")
        assert server.wait() == 0
        for client in (smtp, imap, tls, idle, busy):
            assert client.rest() == b""
            client.close()
        server.start()
        assert len(letters_of(server)) == 1


def is_read(client: Smtp) -> bool:
    """The kernel holds nothing that we sent. tcp(7): SIOCOUTQ"""
    import array
    import fcntl
    import termios

    waiting = array.array("i", [0])
    fcntl.ioctl(client.socket.fileno(), termios.TIOCOUTQ, waiting)
    return waiting[0] == 0


def test_stopping_refuses_newcomers(tmp_path: Path) -> None:
    """After the end nobody listens any more, and a second SIGTERM does no harm."""
    with Server(tmp_path) as server:
        port = server.ports["smtp"]
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), 5)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of the test's own with its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", str(key)]
    subprocess.run([*words, "-out", str(certificate)], check=True, capture_output=True, timeout=60)
    return certificate, key


def shown_certificate(server: Server, service: str = "imaps") -> bytes:
    """What a client gets to see."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", server.ports[service]), 60) as plain,
        context.wrap_socket(plain) as client,
    ):
        shown = client.getpeercert(binary_form=True)
    assert shown
    return shown


def test_sighup_takes_new_certificates(tmp_path: Path) -> None:
    """New files under the same names are used from SIGHUP on; open sessions stay; bad files not."""
    first, first_key = make_certificate(tmp_path, "first.example.org")
    second, second_key = make_certificate(tmp_path, "second.example.org")
    used, used_key = tmp_path / "used.pem", tmp_path / "used-key.pem"
    shutil.copy(first, used)
    shutil.copy(first_key, used_key)
    tls = {"certificate": str(used), "key": str(used_key), "allow_plaintext_auth": True}
    with Server(tmp_path, {"tls": tls}) as server:
        populate(server)
        open_session = logged_in(server, tls=True)
        old = shown_certificate(server)
        shutil.copy(second, used)
        shutil.copy(second_key, used_key)
        assert shown_certificate(server) == old
        server.signal(signal.SIGHUP)
        new = ssl.PEM_cert_to_DER_cert(second.read_text())
        eventually(
            lambda: {shown_certificate(server) for _ in range(8)} == {new}, what="the new one"
        )
        with Smtp(server.ports["smtp"]) as client:
            client.ok(b"STARTTLS")
            client.start_tls()
        used.write_text("this is no certificate\n")
        refused = len(server.events("config.refused"))
        server.signal(signal.SIGHUP)
        server.await_event("config.refused", refused + 1)
        assert shown_certificate(server) == new
        open_session.ok(b"NOOP")
        open_session.close()


def test_sighup_takes_a_new_configuration(tmp_path: Path) -> None:
    """New values hold for new sessions; no letter is lost while workers change."""
    with Server(tmp_path, CLEAR) as server:
        populate(server)
        old = server.status().workers
        with Load(server) as load:
            load.more(20)
            server.configure({**CLEAR, "smtp": {"recipients_max": 123}})
            server.signal(signal.SIGHUP)
            server.await_event("config.reloaded")
            load.more(20)
            eventually(
                lambda: not set(old) & {p.pid for p in server.status().processes},
                what="the old workers are gone",
            )
        with Smtp(server.ports["smtp"]) as client:
            assert b"RCPTMAX=123" in client.ok(b"EHLO client.example.net")
        kept = letters_of(server)
        assert sorted(kept) == sorted(set(kept))
        assert set(load.promised) <= set(kept)
        assert set(load.refused) <= {421}  # come again, said by the old workers between letters


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[smtp]\nrecipients_max = 7\n", "recipients_max"),
        ("[smtp]\nno_such_key = 1\n", "no_such_key"),
        ("[listen]\nsmtp = [\n", "posthouse.toml"),
    ],
    ids=["value", "key", "syntax"],
)
def test_sighup_keeps_the_old_when_the_new_is_bad(tmp_path: Path, text: str, problem: str) -> None:
    """A configuration with a fault changes nothing; the log names file, line and key."""
    with Server(tmp_path, CLEAR) as server:
        workers = server.status().workers
        server.config.write_text(server.config.read_text() + text)
        server.signal(signal.SIGHUP)
        (line, *_) = server.await_event("config.refused")
        assert problem in line
        assert "posthouse.toml" in line
        with Smtp(server.ports["smtp"]) as client:
            assert b"RCPTMAX=1000" in client.ok(b"EHLO client.example.net")
        assert server.status().workers == workers


def test_second_server_is_refused(tmp_path: Path) -> None:
    """Two servers on one data directory: the second ends with 75 and a sentence."""
    with Server(tmp_path) as server:
        second = server.run("serve", code=75)
        assert str(server.data) in second.stderr
        assert "Traceback" not in second.stderr
        with Smtp(server.ports["smtp"]) as client:
            client.ok(b"NOOP")


def test_taken_port(tmp_path: Path) -> None:
    """A port that somebody else has: 69, and the sentence names service and address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = Server(tmp_path, {"listen": {"smtp": (address,)}})
        ended = subprocess.run(
            [*command(), "serve", "--config", str(server.config)],
            env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 69
    assert "smtp" in ended.stderr
    assert address in ended.stderr
    assert "Traceback" not in ended.stderr


def test_data_directory_is_private(tmp_path: Path) -> None:
    """The data directory is made with mode 0700, and nothing in it is open to others."""
    with Server(tmp_path) as server:
        assert server.data.stat().st_mode & 0o777 == 0o700
        shared = [
            p.name for p in server.data.rglob("*") if p.stat().st_mode & 0o077 and not p.is_dir()
        ]
        assert [name for name in shared if not name.endswith(".sock")] == []


def test_status_of_a_server(tmp_path: Path) -> None:
    """`status --json` names supervisor, scribe, workers, listeners, sessions and totals."""
    import json

    with Server(tmp_path, CLEAR) as server:
        populate(server)
        with Imap(server.ports["imap"]) as client:
            client.login(BOB, PASSWORD)
            told = json.loads(server.run("status", "--json").stdout)
        assert told["supervisor"] == server.pid
        assert len(told["workers"]) == 2
        assert told["sessions"]["imap"] == 1
        assert told["listeners"]["smtp"] == [f"127.0.0.1:{server.ports['smtp']}"]
        assert told["store"]["database_octets"] > 0
        assert str(server.pid) in server.run("status").stdout
    assert "no server answers" in server.run("status", code=69).stderr
