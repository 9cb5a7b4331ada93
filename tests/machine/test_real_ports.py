"""The ports of the world, opened by root and served by somebody who is not: seen from outside."""

import os
import pwd
import shutil
import signal
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from outside.clients import Imap, Smtp, Wire, letter
from outside.machine import Machine, descriptors_of, status_of
from outside.server import PASSWORD, Server, command, environment, eventually
from posthouse.base.clock import SystemClock
from posthouse.net.certificates import CERTIFICATE_NAME, KEY_NAME, make_self_signed

PORTS = {
    "smtp": 25, "submission": 587, "submissions": 465,
    "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995,
}  # fmt: skip
LISTEN = {service: (f"*:{port}",) for service, port in PORTS.items()} | {"http": ()}
USER = "nobody"
IS_ROOT = os.geteuid() == 0
NET_BIND_SERVICE, DAC_READ_SEARCH = 10, 2


def secret_certificate(folder: Path, hostname: str) -> Path:
    """As certbot leaves it: a folder that only root enters."""
    place = folder / "live"
    place.mkdir(mode=0o700, exist_ok=True)
    make_self_signed(place, hostname=hostname, clock=SystemClock())
    return place


def settings(**sections: dict[str, object]) -> dict[str, dict[str, object]]:
    return {"": {"user": USER, "workers": 2}, "listen": LISTEN, **sections}


def tls_of(place: Path) -> dict[str, object]:
    return {"certificate": str(place / CERTIFICATE_NAME), "key": str(place / KEY_NAME)}


def shown_at(port: int) -> bytes:
    """The certificate that a client is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain) as way,
    ):
        return way.getpeercert(binary_form=True) or b""


def in_file(place: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert((place / CERTIFICATE_NAME).read_text())


@pytest.mark.skipif(not IS_ROOT, reason="only root opens ports below 1024")
def test_root_is_given_up_and_all_works(folder: Path, machine: Machine) -> None:
    """Seven ports below 1024 are served by processes that are nobody, hold nothing and can gain
    nothing; what they write is theirs alone; a letter comes in at 25 and is read at 993 and 110.
    """
    with (folder / "a file of the one who started it").open("w") as stray:
        server = Server(folder, settings(tls=tls_of(secret_certificate(folder, "mail.one.test"))))
        server.config.chmod(0o600)
        server.around = machine.words
        server.descriptors = [stray.fileno()]
        with server:
            assert server.ports == PORTS
            server.add_domain("example.org")
            server.add_account("bob@example.org")
            with machine.inside():
                with Smtp(25) as client:
                    assert client.deliver(letter("by the front door"), "bob@example.org") == 250
                for port in (143, 993):
                    with Imap(port, tls=port == 993) as client:
                        if port == 143:
                            client.ok(b"STARTTLS")
                            client.start_tls()
                        client.login("bob@example.org", PASSWORD)
                        assert b"1 EXISTS" in b"".join(client.ok(b"SELECT INBOX"))
                for port in (110, 995):
                    with Wire(port, tls=port == 995) as client:
                        assert client.line().startswith(b"+OK")
                for port in (465, 587):
                    with Smtp(port, tls=port == 465) as client:
                        assert b"AUTH" in client.ok(b"EHLO x") or port == 587
            status = server.status()
            expect_nobody([status.supervisor, status.scribe, *status.workers])
            expect_holds(status.supervisor, {NET_BIND_SERVICE, DAC_READ_SEARCH})
            for pid in (status.scribe, *status.workers):
                expect_holds(pid, set())
                expect_only_needed_descriptors(pid, is_worker=pid != status.scribe)
            expect_private(server.data)


def expect_nobody(pids: list[int]) -> None:
    nobody = pwd.getpwnam(USER)
    for pid in pids:
        told = status_of(pid)
        assert set(told["Uid"].split()) == {str(nobody.pw_uid)}
        assert set(told["Gid"].split()) == {str(nobody.pw_gid)}
        assert told["Groups"] in ("", str(nobody.pw_gid))
        assert told["NoNewPrivs"] == "1"
        assert told["Umask"] == "0077"


def expect_holds(pid: int, permitted: set[int]) -> None:
    told = status_of(pid)
    mask = sum(1 << capability for capability in permitted)
    assert int(told["CapPrm"], 16) == mask
    for name in ("CapEff", "CapInh", "CapAmb", "CapBnd"):
        assert int(told[name], 16) == 0, name


def expect_only_needed_descriptors(pid: int, *, is_worker: bool) -> None:
    found = descriptors_of(pid)
    memory = [target for target in found.values() if target.startswith("/memfd:")]
    files = {target for target in found.values() if target.startswith("/")} - set(memory)
    data = [f for f in files if "/data/" in f]
    others = files - set(data) - {"/dev/null"}
    assert {Path(f).name for f in others} == {"log"}
    names = {Path(f).name.removesuffix(" (deleted)") for f in data}
    assert names <= {"lock", "mail.db", "mail.db-wal", "mail.db-shm"}, names
    assert len(memory) == (1 if is_worker else 0), "the certificate, and only in workers"


def expect_private(data: Path) -> None:
    nobody = pwd.getpwnam(USER)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for path in (data, *data.rglob("*")):
        about = path.lstat()
        assert (about.st_uid, about.st_gid) == (nobody.pw_uid, nobody.pw_gid), path
        if path.name != "lmtp.sock":
            assert stat.S_IMODE(about.st_mode) & 0o077 == 0, path


@pytest.mark.skipif(not IS_ROOT, reason="only root opens ports below 1024")
def test_our_own_key_is_ours(folder: Path, machine: Machine) -> None:
    """A certificate that we made needs no right of root's later: only the one to open ports is
    kept; its key is 0600 and the user's.
    """
    server = Server(folder, settings())
    server.around = machine.words
    with server:
        expect_holds(server.status().supervisor, {NET_BIND_SERVICE})
        key = (server.data / KEY_NAME).stat()
        assert stat.S_IMODE(key.st_mode) == 0o600
        assert key.st_uid == pwd.getpwnam(USER).pw_uid


@pytest.mark.skipif(not IS_ROOT, reason="only root opens ports below 1024")
def test_reload_after_root_is_given_up(folder: Path, machine: Machine) -> None:
    """SIGHUP shows a new certificate that only root can read, in the same workers; opens and closes
    ports below 1024; a worker that dies comes again and has both.
    """
    place = secret_certificate(folder, "mail.one.test")
    few = {**LISTEN, "pop3": (), "pop3s": (), "submission": ()}
    server = Server(folder, settings(tls=tls_of(place), listen=few))
    server.config.chmod(0o600)
    server.around = machine.words
    with server, machine.inside():
        assert shown_at(993) == in_file(place)
        workers = server.status().workers
        secret_certificate(folder, "mail.two.test")
        server.signal(signal.SIGHUP)
        server.await_event("config.reloaded")
        eventually(
            lambda: all(shown_at(993) == in_file(place) for _ in range(8)),
            what="the new certificate in both workers",
        )
        assert server.status().workers == workers
        server.configure(
            settings(tls=tls_of(place), listen={**few, "pop3": ("*:110",), "imap": ()})
        )
        server.config.chmod(0o600)
        server.signal(signal.SIGHUP)
        server.await_event("config.reloaded", 2)
        with Wire(110) as client:
            assert client.line().startswith(b"+OK")
        with pytest.raises(ConnectionRefusedError):
            Wire(143)
        for _ in range(2):
            victim = server.status().workers[0]
            os.kill(victim, signal.SIGKILL)
            eventually(
                lambda victim=victim: (
                    victim not in (s := server.status()).workers
                    and all(p.is_ready for p in s.processes)
                    and len(s.workers) == 2
                ),
                what="a new worker",
            )
        assert shown_at(993) == in_file(place)
        expect_nobody(server.status().workers)
        for pid in server.status().workers:
            expect_holds(pid, set())


@pytest.mark.skipif(not IS_ROOT, reason="only root opens ports below 1024")
def test_a_certificate_that_went_out_of_reach_is_said(folder: Path, machine: Machine) -> None:
    """The right to read what is root's was not kept, since nothing needed it: a reload that needs
    it says what it cannot read and the next step, and everything goes on as it was.
    """
    server = Server(folder, settings())
    server.around = machine.words
    with server, machine.inside():
        shown = shown_at(993)
        server.configure(settings(tls=tls_of(secret_certificate(folder, "mail.two.test"))))
        server.signal(signal.SIGHUP)
        (line,) = server.await_event("config.refused")
        assert "cannot read" in line
        assert "certificate.pem: Permission denied" in line
        assert "restart" in line
        assert shown_at(993) == shown


@pytest.mark.skipif(not IS_ROOT, reason="only root opens ports below 1024")
def test_commands_that_root_types_leave_nothing_of_root_s(folder: Path, machine: Machine) -> None:
    """Accounts made while the server is down are in files of the user, and it starts with them."""
    server = Server(folder, settings())
    server.around = machine.words
    with server:
        pass
    server.add_domain("example.org")
    server.add_account("bob@example.org")
    expect_private(server.data)
    with server, machine.inside(), Imap(993, tls=True) as client:
        client.login("bob@example.org", PASSWORD)


def refused_start(server: Server, *before: str) -> tuple[int, str]:
    ran = subprocess.run(
        [*before, *command(), "serve", "--config", str(server.config)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.skipif(not IS_ROOT, reason="becomes somebody who is not root")
def test_a_low_port_without_the_right_to_it(folder: Path, machine: Machine) -> None:
    """Exit 77, the service and the port, and what to do about it; nothing is left behind."""
    server = Server(folder, {"": {"data": str(folder / "data")}, "listen": {"smtp": ("*:25",)}})
    shutil.chown(folder, USER)
    as_nobody = ("setpriv", f"--reuid={USER}", "--clear-groups", "--bounding-set=-all")
    code, said = refused_start(server, *machine.words, *as_nobody)
    assert code == 77
    first, hint = said.splitlines()
    assert first == (
        "posthouse: smtp cannot listen on *:25: not permitted:"
        " ports below 1024 need root, or CAP_NET_BIND_SERVICE"
    )
    assert hint.startswith("hint: start as root with `user`")
    for way in ("quickstart", "port from 1024", "setcap cap_net_bind_service=+ep /"):
        assert way in hint


@pytest.mark.skipif(not IS_ROOT, reason="gives files to root")
def test_files_of_root_s_in_the_data_directory_are_named(folder: Path, machine: Machine) -> None:
    """Who ran as root before and names a user now is told what to give to the user."""
    server = Server(folder, settings())
    server.around = machine.words
    server.data.mkdir(mode=0o700)
    (server.data / "mail.db").touch(mode=0o600)
    code, said = refused_start(server, *machine.words)
    assert code == 77
    assert said.splitlines() == [
        f"posthouse: {server.data / 'mail.db'} belongs to user 0, not to {USER}",
        f"hint: chown -R {USER}: {server.data}",
    ]
