"""sd_notify(3)."""

import socket
from pathlib import Path

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
