"""The listening sockets of the house: what the config wants, opened, kept over a reload, told.

Belongs to the supervisor, which alone may be root. Fails with net.listen.ListenFailed.
"""

import contextlib
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.accept.settings import LmtpSettings
from posthouse.app.build import SERVICES
from posthouse.app.capabilities import NET_BIND_SERVICE, raised
from posthouse.app.config import Config, Listen
from posthouse.base.log import Log
from posthouse.net.limits import NetSettings
from posthouse.net.listen import (
    Address,
    ListenFailed,
    bound_address,
    close_listeners,
    open_listeners,
    parse_address,
)

UNIX_MODE: Final = 0o660
"""Of unix sockets of services that name no other: the group may be let into the data directory."""


@dataclass(slots=True)
class Opening:
    """One address of one service and its sockets."""

    service: str
    address: Address
    sockets: list[socket.socket]
    is_given: bool = False
    """systemd opened it: a path of it is systemd's to remove."""


class Openings:
    """All of them. `doors`: names of the doors that exist; services without one stay closed."""

    __slots__ = ("_activated", "_doors", "_log", "open")

    def __init__(
        self,
        doors: Collection[str],
        activated: Iterable[tuple[str, socket.socket]],
        log: Log,
    ) -> None:
        self._doors = doors
        self._activated = list(activated)
        self._log = log
        self.open: list[Opening] = []

    def adopt(self, config: Config) -> list[Opening]:
        """Opens what the config wants and is not open; gives what it wants no more.

        When something cannot be opened, what was opened here is closed and nothing has changed.
        """
        wanted = list(self._wanted(config))
        self._tell_missing(config)
        kept = [o for o in self.open if (o.service, o.address) in wanted]
        have = {(o.service, o.address) for o in kept}
        opened: list[Opening] = []
        try:
            for service, address in wanted:
                if (service, address) not in have:
                    opened.append(self._open(service, address, config))
        except ListenFailed:
            for opening in opened:
                _close(opening)
            raise
        for opening in kept:
            self._set_mode(opening, config)
        left = [o for o in self.open if o not in kept]
        self.open = kept + opened
        return left

    def tell_unused(self) -> None:
        """Closes what systemd opened and the config does not want, so that nobody waits there
        unheard, and says so.
        """
        for name, listener in self._activated:
            address = bound_address(listener).text
            self._log.warning(
                "serve.socket_unused", name=name, address=address, why="no key of [listen] wants it"
            )
            listener.close()
        self._activated = []

    def close(self, openings: Iterable[Opening] | None = None) -> None:
        """Closes these, or all."""
        for opening in list(self.open if openings is None else openings):
            _close(opening)
            if opening in self.open:
                self.open.remove(opening)

    def sockets(self) -> list[tuple[str, socket.socket]]:
        """Every socket with its service."""
        return [(o.service, s) for o in self.open for s in o.sockets]

    def addresses(self) -> dict[str, list[str]]:
        """Where each service listens in fact."""
        found: dict[str, list[str]] = {}
        for service, listener in self.sockets():
            found.setdefault(service, []).append(bound_address(listener).text)
        return found

    def _wanted(self, config: Config) -> Iterable[tuple[str, Address]]:
        listen = config[Listen]
        for service, meaning in SERVICES.items():
            texts: tuple[str, ...] = getattr(listen, service)
            if meaning.door in self._doors:
                for text in dict.fromkeys(texts):
                    yield service, parse_address(text)

    def _tell_missing(self, config: Config) -> None:
        listen = config[Listen]
        missing = [
            service
            for service, meaning in SERVICES.items()
            if getattr(listen, service) and meaning.door not in self._doors
        ]
        if missing:
            self._log.info("serve.no_door_yet", services=" ".join(missing))

    def _open(self, service: str, address: Address, config: Config) -> Opening:
        given = [s for name, s in self._activated if name == service or _is_at(s, address, config)]
        if given:
            self._activated = [pair for pair in self._activated if pair[1] not in given]
            return Opening(service, address, given, is_given=True)
        backlog = config[NetSettings].backlog_max
        mode = _mode(service, config)
        with raised(NET_BIND_SERVICE):
            opened = open_listeners(
                service, address, data=config.data, backlog=backlog, unix_mode=mode
            )
        return Opening(service, address, opened)

    @staticmethod
    def _set_mode(opening: Opening, config: Config) -> None:
        """Of a unix socket that stays, as it is configured now."""
        if opening.address.path and not opening.is_given:
            for listener in opening.sockets:
                with contextlib.suppress(OSError):  # somebody took its path away
                    Path(bound_address(listener).path).chmod(_mode(opening.service, config))


def _mode(service: str, config: Config) -> int:
    return int(config[LmtpSettings].socket_mode, 8) if service == "lmtp" else UNIX_MODE


def _close(opening: Opening) -> None:
    if not opening.is_given:
        close_listeners(opening.sockets)
        return
    for listener in opening.sockets:
        listener.close()


def _is_at(listener: socket.socket, address: Address, config: Config) -> bool:
    """A socket of systemd without a name of ours stands where the config wants one."""
    bound = bound_address(listener)
    if address.path:
        return bound.path == str(Path(config.data) / address.path)
    every = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    hosts = every if address.host == "*" else (address.host,)
    return not bound.path and bound.port == address.port and bound.host in hosts
