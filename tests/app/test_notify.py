"""sd_notify(3)."""

import os
import socket
from pathlib import Path

import pytest

from posthouse.app.notify import Notifier
from posthouse.base.clock import SetClock


def test_states_reach_the_socket_of_systemd(tmp_path: Path) -> None:
    """Ready, reloading with the time, stopping; also on an abstract name."""
    for address in (str(tmp_path / "notify"), f"@posthouse-test-{tmp_path.name}-{id(tmp_path)}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(5)
            manager.bind("\0" + address[1:] if address.startswith("@") else address)
            notifier = Notifier({"NOTIFY_SOCKET": address}, SetClock())
            notifier.ready("all is well")
            notifier.reloading()
            notifier.stopping()
            heard = [manager.recv(1000) for _ in range(3)]
        assert heard == [
            b"READY=1\nSTATUS=all is well",
            b"RELOADING=1\nMONOTONIC_USEC=1000000000",
            b"STOPPING=1",
        ]


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    """No socket, or one that nobody reads: no error."""
    Notifier({}, SetClock()).ready("x")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, SetClock()).stopping()


@pytest.mark.parametrize("is_named", [True, False])
def test_signs_of_life(tmp_path: Path, is_named: bool) -> None:
    """Twice in the time that systemd allows, at the first turn that is due; none in between."""
    clock = SetClock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        environ = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "60000000",
            **({"WATCHDOG_PID": str(os.getpid())} if is_named else {}),
        }
        notifier = Notifier(environ, clock)
        assert notifier.wait_seconds() == 0
        notifier.alive()
        assert manager.recv(100) == b"WATCHDOG=1"
        assert notifier.wait_seconds() == 30
        clock.advance(29)
        notifier.alive()
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        clock.advance(1)
        notifier.alive()
        assert manager.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"},
    ],
)
def test_nobody_watches(environ: dict[str, str]) -> None:
    """Then there is nothing to wait for."""
    notifier = Notifier(environ, SetClock())
    assert notifier.wait_seconds() is None
    notifier.alive()
