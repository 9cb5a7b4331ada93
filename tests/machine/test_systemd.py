"""The units as systemd reads them, the server as it runs it: sockets, notices, log."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from outside.clients import Imap, Smtp, Wire, letter
from outside.server import PASSWORD, Server, command, environment, eventually
from outside.systemd import Manager, run, tool
from posthouse.app.quickstart import PRODUCTION
from posthouse.app.units import SERVICE_NAME, SOCKET_NAME, Site, service, sockets

EXPOSURE_MAX = 3.0
"""`systemd-analyze security` gives 0 (closed) to 10; 9.6 is a unit without any of it."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Both, for a program that exists."""
    program = tmp_path / "posthouse"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    site = Site("root", tmp_path, tmp_path / "posthouse.toml", (str(program),))
    listen = {name: texts for name, texts in PRODUCTION.items() if name != "managesieve"}
    (tmp_path / SERVICE_NAME).write_text(service(site))
    (tmp_path / SOCKET_NAME).write_text(sockets(listen))
    return tmp_path


def test_systemd_has_nothing_to_say_against_the_units(units: Path) -> None:
    """`systemd-analyze verify` of both: no unknown key, no bad value, nothing missing."""
    ran = run("systemd-analyze", "verify", "--man=no", units / SERVICE_NAME, units / SOCKET_NAME)
    about_ours = [line for line in ran.stderr.splitlines() if "posthouse" in line]
    assert about_ours == []
    assert ran.returncode == 0, ran.stderr
    broken = units / "broken.service"
    broken.write_text((units / SERVICE_NAME).read_text().replace("UMask=0077", "UMask=0999"))
    assert "broken.service" in run("systemd-analyze", "verify", "--man=no", broken).stderr


def test_the_service_is_hardened(units: Path) -> None:
    """`systemd-analyze security` finds it closed but for what a mail server needs."""
    ran = run("systemd-analyze", "security", "--offline=true", "--no-pager", units / SERVICE_NAME)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", ran.stdout)
    assert float(exposure) <= EXPOSURE_MAX, ran.stdout


SERVICES = ("smtp", "submission", "imap", "imaps", "pop3")


def opened(count: int) -> Iterator[socket.socket]:
    for _ in range(count):
        yield socket.create_server(("127.0.0.1", 0), backlog=100)


def launcher(descriptors: list[int], names: str) -> list[str]:
    """Does what systemd does before it starts a service: sockets from 3 on, and their names."""
    code = (
        "import os, sys; given = [int(n) for n in sys.argv[1].split(',')];"
        "moved = [os.dup2(os.dup(n), 200 + i) for i, n in enumerate(given)];"
        "[os.dup2(n, 3 + i) for i, n in enumerate(moved)]; os.closerange(3 + len(given), 300);"
        "os.environ |= dict(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)));"
        "os.environ |= dict(LISTEN_FDNAMES=sys.argv[2]) if sys.argv[2] else {};"
        "os.execvp(sys.argv[3], sys.argv[3:])"
    )
    return [sys.executable, "-c", code, ",".join(map(str, descriptors)), names]


@pytest.mark.parametrize("named", [True, False], ids=["by name", "by address"])
def test_sockets_that_systemd_opened_are_served(tmp_path: Path, named: bool) -> None:
    """By FileDescriptorName or by standing where the configuration wants one; over a restart no
    client is refused: who comes meanwhile waits in the backlog.
    """
    ways = list(opened(len(SERVICES)))
    places = {s: f"127.0.0.1:{w.getsockname()[1]}" for s, w in zip(SERVICES, ways, strict=True)}
    listen = dict.fromkeys(SERVICES, ("192.0.2.77:1",)) if named else {
        service: (place,) for service, place in places.items()
    }  # fmt: skip
    server = Server(tmp_path, {"listen": {**listen, "http": (), "pop3s": ()}})
    server.descriptors = [way.fileno() for way in ways]
    names = ":".join(SERVICES) if named else ":".join(["posthouse.socket"] * len(SERVICES))
    server.before = launcher(server.descriptors, names)
    with server:
        assert server.ports == {s: w.getsockname()[1] for s, w in zip(SERVICES, ways, strict=True)}
        server.add_domain("example.org")
        server.add_account("bob@example.org")
        with Smtp(server.ports["smtp"]) as client:
            assert client.deliver(letter(), "bob@example.org") == 250
        server.stop()
        with socket.create_connection(("127.0.0.1", server.ports["smtp"]), 60) as early:
            server.start()
            assert early.recv(100).startswith(b"220 ")
        with Imap(server.ports["imaps"], tls=True) as client:
            client.login("bob@example.org", PASSWORD)
    for way in ways:
        way.close()


def test_systemd_socket_activate_starts_it(tmp_path: Path) -> None:
    """The tool of systemd opens the port, starts the server at the first client, and the client is
    served.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(tmp_path, {"listen": {
        **dict.fromkeys(("imap", "imaps", "pop3", "pop3s", "http"), ()),
        "smtp": (f"127.0.0.1:{port}",),
    }})  # fmt: skip
    path, environ = tool("systemd-socket-activate")
    words = [f"--listen=127.0.0.1:{port}", f"--setenv=PYTHONPATH={environment()['PYTHONPATH']}"]
    with server.log.open("wb") as log, subprocess.Popen(
        [path, *words, *command(), "serve", "--config", str(server.config)],
        env=environ | environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    ) as process:  # fmt: skip
        try:
            eventually(lambda: "Listening on" in server.log_text(), what="the tool listens")
            with Wire(port) as client:
                assert client.line().startswith(b"220 ")
            ready = "posthouse ready smtp=127.0.0.1:"
            eventually(lambda: ready in server.log_text(), what="it is ready")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_ports_that_nobody_wants_are_said(tmp_path: Path) -> None:
    """A socket of systemd without a key of ours: a warning, and who connects is not left hanging
    when systemd closes it too.
    """
    (way,) = opened(1)
    server = Server(tmp_path)
    server.descriptors = [way.fileno()]
    server.before = launcher(server.descriptors, "gopher")
    with server:
        (line,) = server.events("serve.socket_unused")
        assert "name=gopher" in line
        port = way.getsockname()[1]
        way.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 10)


def test_systemd_hears_how_it_is(tmp_path: Path) -> None:
    """READY when every port is served, RELOADING with the clock and READY again, STOPPING; and a
    sign of life twice in the time of the watchdog, which ends when the supervisor stands still.
    """
    server = Server(tmp_path, {"listen": {"imap": (), "imaps": (), "pop3": (), "pop3s": ()}})
    with Manager(tmp_path) as manager:
        server.environment = {**manager.environment, "WATCHDOG_USEC": "1000000"}
        with server:
            ready = manager.hear("READY")
            assert ready["READY"] == "1"
            assert f"smtp=127.0.0.1:{server.ports['smtp']}" in ready["STATUS"]
            began = time.monotonic()
            for _ in range(4):
                assert manager.hear("WATCHDOG") == {"WATCHDOG": "1"}
            assert 1.0 < time.monotonic() - began < 10
            before = time.clock_gettime(time.CLOCK_MONOTONIC)
            server.signal(signal.SIGHUP)
            reloading = manager.hear("RELOADING")
            assert before * 1e6 <= int(reloading["MONOTONIC_USEC"])
            assert (
                int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
            )
            assert manager.hear("READY")["STATUS"] == "reloaded"
            server.signal(signal.SIGSTOP)
            manager.forget()
            assert manager.hears_nothing(1.5)
            server.signal(signal.SIGCONT)
            assert manager.hear("WATCHDOG")
            server.configure({"listen": {"imap": (), "imaps": ()}})
            server.signal(signal.SIGHUP)
            manager.hear("RELOADING")
            assert manager.hear("READY")["STATUS"] == "reloaded"
            assert "pop3" in server.status().listeners
            server.signal(signal.SIGTERM)
            assert manager.hear("STOPPING") == {"STOPPING": "1"}
            assert server.wait() == 0


def test_the_watchdog_of_another_is_not_ours(tmp_path: Path) -> None:
    """WATCHDOG_PID names whom systemd watches: nobody else answers for him."""
    server = Server(tmp_path, {"listen": {"imap": (), "imaps": (), "pop3": (), "pop3s": ()}})
    with Manager(tmp_path) as manager:
        server.environment = {
            **manager.environment, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1",
        }  # fmt: skip
        with server:
            manager.hear("READY")
            assert manager.hears_nothing(0.5)
            server.signal(signal.SIGTERM)
            manager.hear("STOPPING")


@pytest.mark.parametrize("journal", [True, False])
def test_lines_have_priorities_in_the_journal(tmp_path: Path, journal: bool) -> None:
    """Where stderr is the journal each line begins with its priority, from every process; anywhere
    else with the time. No other file is written, so nothing is to be rotated.
    """
    server = Server(tmp_path)
    server.log.touch()
    about = server.log.stat()
    stream = f"{about.st_dev}:{about.st_ino}" if journal else "1:2"
    server.environment = {"JOURNAL_STREAM": stream}
    with server:
        os.kill(server.status().workers[0], signal.SIGKILL)
        server.await_event("serve.died")
        server.await_event("serve.started", 4)
    lines = server.log_text().splitlines()
    levels = {"info": "<6>", "warning": "<4>", "error": "<3>"}
    for line in lines:
        mark = re.match(r"(<\d>)?\d{4}-\d\d-\d\dT\S+Z (\w+) ", line)
        assert mark is not None, line
        assert mark[1] == (levels[mark[2]] if journal else None), line
    assert {"info", "error"} <= {line.split()[1] for line in lines}
    written = {path.name for path in server.data.iterdir()}
    assert not any("log" in name for name in written), written
