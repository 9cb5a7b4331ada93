"""The supervisor from outside: who dies is replaced, reload, status, both workers serve."""

import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from app_house import Running, is_alive, wait_for

LISTEN = '[listen]\nsmtp = ["127.0.0.1:0"]\nimap = []\nimaps = ["127.0.0.1:0"]\nhttp = []\n'


def test_both_workers_get_connections(tmp_path: Path) -> None:
    """Connections that come at once are shared; the kernel decides who takes one that comes
    alone."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        one_by_one = {house.say(b"pid") for _ in range(50)}
        pids = {b"%d" % pid for pid in house.status()["workers"]}
        at_once: set[bytes] = set()
        for _ in range(20):  # on a busy machine one may be quick enough to take a whole crowd
            ways = [house.connect() for _ in range(200)]
            for way in ways:
                way.sendall(b"pid\nquit\n")
                at_once.add(b"".join(iter(lambda w=way: w.recv(100), b"")).splitlines()[1])
                way.close()
            if at_once == pids:
                break
    assert one_by_one <= pids
    assert at_once == pids


def test_who_dies_is_replaced(tmp_path: Path) -> None:
    """Worker and scribe come again at once; the others and their sessions never notice."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        before = house.status()
        kept = [house.connect() for _ in range(8)]
        owners = []
        for way in kept:
            way.sendall(b"pid\n")
            while not (found := way.recv(100).split()[-1]).isdigit():
                pass
            owners.append(int(found))
        victim = owners[0]
        os.kill(victim, signal.SIGKILL)
        os.kill(before["scribe"], signal.SIGKILL)
        house.until_logged("serve.died", 2)

        def is_whole() -> bool:
            status = house.status()
            return len(status["workers"]) == 2 and all(p["is_ready"] for p in status["processes"])

        wait_for(is_whole)
        after = house.status()
        assert victim not in after["workers"]
        assert after["scribe"] != before["scribe"]
        assert after["totals"]["restarts_total"] == 2
        for way, owner in zip(kept, owners, strict=True):
            if owner != victim:
                way.sendall(b"still\n")
                assert way.recv(100) == b"still\r\n"
            way.close()
        assert house.say(b"hi") == b"hi"


def test_what_dies_again_and_again_is_given_time(tmp_path: Path) -> None:
    """The pauses grow, so that a fault does not eat the machine; the house still serves."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as house:
        house.ready()
        for round_number in range(1, 4):
            with house.connect() as way:
                way.sendall(b"die\n")
                way.recv(100)
            house.until_logged("serve.died", round_number)
            wait_for(lambda: house.status()["workers"])
        pauses = [line.split("again_seconds=")[1] for line in house.log if "serve.died" in line]
        assert [float(p) for p in pauses] == [0.0, 0.2, 0.4]


def test_status(tmp_path: Path) -> None:
    """Who runs, where, what for; one JSON document for each who connects."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        house.say(b"hi")
        status = house.status()
        assert status["supervisor"] == house.process.pid
        assert len(status["workers"]) == 2
        assert status["listeners"]["smtp"] == [f"127.0.0.1:{house.port()}"]
        assert status["totals"]["connections_total"] == 1
        assert status["sessions"].keys() >= {"smtp", "imap"}
        assert set(status["sessions"].values()) == {0}
        assert status["uptime_seconds"] >= 0
        assert {p["kind"] for p in status["processes"]} == {"scribe", "worker"}


def test_reload_takes_the_new_config(tmp_path: Path) -> None:
    """SIGHUP: new workers with the new config take over, no connection is refused meanwhile."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        old = house.status()["workers"]
        text = house.file.read_text().replace("mail.test", "new.test")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        house.file.write_text(text.replace("imap = []", f'imap = ["127.0.0.1:{port}"]'))
        house.signal(signal.SIGHUP)
        refused = 0
        while not any("config.reloaded" in line for line in list(house.log)):
            try:
                house.say(b"hi")
            except (ConnectionError, IndexError):
                refused += 1
        wait_for(lambda: not any(is_alive(pid) for pid in old))
        assert refused == 0
        with house.connect() as way:
            assert way.recv(100) == b"hello new.test\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as way:
            assert way.recv(100) == b"hello new.test\r\n"
        assert set(house.status()["workers"]).isdisjoint(old)
        house.file.write_text(text.replace("[listen]", '[log]\nlevel = "error"\n[listen]'))
        house.signal(signal.SIGHUP)
        wait_for(lambda: "imap" not in house.status()["listeners"])
        with pytest.raises(ConnectionRefusedError):
            wait_for(lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close())


def test_reload_of_the_store_s_settings(tmp_path: Path) -> None:
    """The scribe ends in good order, the next one has the new settings; no death is counted."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as house:
        house.ready()
        scribe = house.status()["scribe"]
        house.file.write_text(house.file.read_text() + "\n[store]\ncommit_units_max = 10\n")
        house.signal(signal.SIGHUP)
        house.until_logged("config.reloaded")
        assert house.status()["scribe"] not in (0, scribe)
        assert "serve.died" not in "".join(house.log)
        assert house.status()["totals"]["restarts_total"] == 0


def test_a_bad_new_config_changes_nothing(tmp_path: Path) -> None:
    """SIGHUP with errors in the file: they are logged, all goes on as it was."""
    with Running(tmp_path, f"workers = 1\n{LISTEN}") as house:
        house.ready()
        before = house.status()["workers"]
        house.file.write_text(house.file.read_text() + "\n[net]\nbacklog_mx = 3\n")
        house.signal(signal.SIGHUP)
        house.until_logged("config.refused")
        assert "did you mean backlog_max" in "".join(house.log)
        assert house.say(b"hi") == b"hi"
        assert house.status()["workers"] == before


def test_reload_takes_a_new_certificate(tmp_path: Path) -> None:
    """SIGHUP with the same config: new handshakes see the new certificate, sessions stay."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        first = _certificate(house)
        with house.connect() as kept:
            assert b"hello" in kept.recv(100)
            for path in house.data.glob("certificate*.pem"):
                path.unlink()
            from posthouse.base.clock import SystemClock
            from posthouse.net.certificates import make_self_signed

            make_self_signed(house.data, hostname="mail.test", clock=SystemClock())
            house.signal(signal.SIGHUP)
            house.until_logged("config.reloaded")
            time.sleep(0.2)  # the workers hear it a moment later
            assert all(_certificate(house) != first for _ in range(8))
            kept.sendall(b"still\n")
            assert kept.recv(100) == b"still\r\n"


def test_a_house_that_cannot_start_gives_up(tmp_path: Path) -> None:
    """When workers die again and again before we ever were ready, the server says so and ends."""
    program = tmp_path / "broken.py"
    program.write_text(
        "import os, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import echo_house as h, dataclasses\n"
        "from posthouse.app.serve import serve\n"
        "from posthouse.app.config_load import load_config\n"
        "def door(house): raise RuntimeError('no door')\n"
        "plan = dataclasses.replace(h.PLAN, doors={'smtp': door})\n"
        "raise SystemExit(serve(load_config(sys.argv[2]), plan))\n"
    )
    import sys

    tests = str(Path(__file__).parents[1])
    with Running(tmp_path, f"workers = 1\n{LISTEN}", [sys.executable, str(program), tests]) as it:
        assert it.stopped(40) == 70
    assert "serve.hopeless" in "".join(it.log)


def _certificate(house: Running) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with house.connect("imaps") as way, context.wrap_socket(way) as inside:
        found = inside.getpeercert(binary_form=True)
        assert found is not None
        return found
