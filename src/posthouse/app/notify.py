"""Tells systemd how we are: sd_notify(3). Without systemd nothing happens; never fails."""

import contextlib
import os
import socket
from collections.abc import Mapping

from posthouse.base.clock import Clock


class Notifier:
    """Sends states to the socket that systemd names in the environment."""

    __slots__ = ("_address", "_clock", "_due", "_every")

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # sd_notify(3): "@" stands for the zero that begins an abstract name
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._clock = clock
        self._every = _watchdog_seconds(environ) / 2
        self._due = clock.monotonic()

    def wait_seconds(self) -> float | None:
        """Until `alive` has something to do; None: nobody watches."""
        return max(0.0, self._due - self._clock.monotonic()) if self._every else None

    def alive(self) -> None:
        """To be called at each turn of the supervisor: twice in the time that systemd allows, it
        hears that there was one. sd_watchdog_enabled(3)
        """
        now = self._clock.monotonic()
        if self._every and now >= self._due:
            self._due = now + self._every
            self._send("WATCHDOG=1")

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


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """How long we may be silent; 0 where nobody watches, or watches another process."""
    time, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not (time.isascii() and time.isdigit()) or whose not in ("", str(os.getpid())):
        return 0.0
    return int(time) / 1e6
