"""Tells systemd how we are: sd_notify(3). Without systemd nothing happens; never fails."""

import contextlib
import socket
from collections.abc import Mapping

from posthouse.base.clock import Clock


class Notifier:
    """Sends states to the socket that systemd names in the environment."""

    __slots__ = ("_address", "_clock")

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # sd_notify(3): "@" stands for the zero that begins an abstract name
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._clock = clock

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.monotonic() * 1e6)}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if self._address:
            with (
                contextlib.suppress(OSError),
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way,
            ):
                way.connect(self._address)
                way.send(state.encode())
