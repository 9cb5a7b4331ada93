"""The program started by its command and spoken to from outside: start, refusals, end."""

import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path

from app_house import ECHO, Running, is_alive, wait_for

LISTEN = '[listen]\nsmtp = ["127.0.0.1:0"]\nimap = []\nimaps = ["127.0.0.1:0"]\nhttp = []\n'


def test_ready_within_a_second_of_a_warm_start(tmp_path: Path) -> None:
    """One line tells every address when all of them are served; a warm start is quick."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as cold:
        cold.ready()
        assert set(cold.addresses) == {"smtp", "imaps"}
        assert cold.say(b"hi") == b"hi"
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as warm:
        warm.ready()
        assert warm.ready_seconds < 2.5  # one second on an idle machine; tests share theirs


def test_the_data_directory_is_private_and_held(tmp_path: Path) -> None:
    """It is 0700, its sockets are the owner's, and a second server on it exits 75 with a reason."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as first:
        first.ready()
        assert stat.S_IMODE(first.data.stat().st_mode) == 0o700
        for name in ("control.sock", "scribe.sock", "certificate-key.pem"):
            assert stat.S_IMODE((first.data / name).stat().st_mode) == 0o600
        with Running(tmp_path, f"workers = 1\n{LISTEN}") as second:
            assert second.stopped() == 75
        assert "is in use" in "".join(second.log)
        assert first.say(b"still") == b"still"


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    """Exit 69, with the service and the address."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as first:
        first.ready()
        taken = f'[listen]\nsmtp = ["127.0.0.1:{first.port()}"]\n'
        (tmp_path / "other").mkdir()
        with Running(tmp_path / "other", taken) as second:
            assert second.stopped() == 69
    expected = f"posthouse: smtp cannot listen on 127.0.0.1:{first.port()}: the address is in use"
    assert expected in "".join(second.log)


def test_sockets_of_systemd(tmp_path: Path) -> None:
    """What the service manager opened is served; it hears when we are ready and when we stop."""
    with (
        socket.create_server(("127.0.0.1", 0)) as opened,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        begin = (
            f"import os, sys; os.dup2({opened.fileno()}, 3); "
            f"os.environ |= dict(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', "
            f"LISTEN_FDNAMES='smtp', NOTIFY_SOCKET='{tmp_path}/notify'); "
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        program = [sys.executable, "-c", begin, *ECHO]
        config = '[listen]\nsmtp = ["192.0.2.1:25"]\nimap = []\nimaps = []\nhttp = []\n'
        with Running(tmp_path, f"workers = 1\n{config}", program, [opened.fileno()]) as house:
            house.ready()
            assert house.port() == opened.getsockname()[1]
            assert house.say(b"hi") == b"hi"
            assert manager.recv(1000).startswith(b"READY=1\nSTATUS=posthouse ready smtp=")
            house.signal(signal.SIGHUP)
            assert manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(1000).startswith(b"READY=1")
            house.signal(signal.SIGTERM)
            assert manager.recv(1000) == b"STOPPING=1"
            assert house.stopped() == 0


def test_sigterm_finishes_what_is_in_flight(tmp_path: Path) -> None:
    """What waits is answered, idle sessions hear good-bye, the scribe goes last, exit 0."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        with house.connect() as busy, house.connect() as idle:
            assert b"hello" in idle.recv(100)
            assert b"hello" in busy.recv(100)
            busy.sendall(b"sleep 0.5\n")
            time.sleep(0.1)
            house.signal(signal.SIGTERM)
            assert idle.recv(100) == b"closing\r\n"
            assert _all(busy) == b"sleep 0.5\r\nclosing\r\n"
        assert house.stopped() == 0
    text = "".join(house.log)
    assert text.rindex("kind=worker") < text.index("scribe.last") < text.index("serve.stopped")
    assert not (house.data / "control.sock").exists()


def test_sigint_is_the_same(tmp_path: Path) -> None:
    """Ctrl-C stops in good order."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as house:
        house.ready()
        house.signal(signal.SIGINT)
        assert house.stopped() == 0
    assert "scribe.last" in "".join(house.log)


def test_what_does_not_end_is_cut(tmp_path: Path) -> None:
    """A command that takes longer than the limit for draining does not hold the server up."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}[net]\ndrain_seconds_max = 1\n") as house:
        house.ready()
        with house.connect() as busy:
            busy.sendall(b"sleep 60\n")
            busy.recv(100)
            time.sleep(0.1)
            began = time.monotonic()
            house.signal(signal.SIGTERM)
            assert house.stopped() == 0
            assert 0.9 < time.monotonic() - began < 4


def test_children_end_with_their_supervisor(tmp_path: Path) -> None:
    """However it dies, nobody is left behind to hold ports or the database."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        status = house.status()
        pids = [status["scribe"], *status["workers"]]
        assert all(is_alive(pid) for pid in pids)
        os.kill(status["supervisor"], signal.SIGKILL)
        wait_for(lambda: not any(is_alive(pid) for pid in pids))
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as again:
        again.ready()  # what the dead one left does not keep us out
        assert again.say(b"hi") == b"hi"


def test_a_bad_config_is_refused_with_its_lines(tmp_path: Path) -> None:
    """Nothing starts; the exit code says config."""
    with Running(tmp_path, "workers = true\n", program=None) as house:
        assert house.stopped() != 0
    assert "posthouse.toml:3: workers: found true" in "".join(house.log)


def _all(way: socket.socket) -> bytes:
    return b"".join(iter(lambda: way.recv(100), b""))
