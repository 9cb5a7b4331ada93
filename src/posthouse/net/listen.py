"""Listening sockets: reads addresses of the config, opens them, takes over those of systemd.

Fails with ListenFailed, which names the service and the address. Sockets are non-blocking and are
inherited over fork; they are served in the workers.
"""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNIX_PATH_OCTETS_MAX: Final = 107
"""What the kernel's socket address holds, less its final zero."""
FIRST_FD: Final = 3
"""sd_listen_fds(3): the first descriptor that systemd passes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens: host and port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def text(self) -> str:
        """As it stands in the config."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenFailed(Exception):
    """A socket that cannot be opened. `hint` is the next step, "" where there is none."""

    def __init__(self, service: str, address: Address, error: OSError | str) -> None:
        reason = error if isinstance(error, str) else _reason(error, address)
        super().__init__(f"{service} cannot listen on {address.text}: {reason}")
        self.service = service
        self.address = address.text
        self.is_forbidden = isinstance(error, OSError) and error.errno in (
            errno.EACCES,
            errno.EPERM,
        )
        self.hint = ""
        if self.is_forbidden and address.path:
            self.hint = "choose a folder that our user may write"
        elif self.is_forbidden:
            self.hint = low_port_hint(service, address.port)


def low_port_hint(service: str, port: int) -> str:
    """The ways to a port below 1024. capabilities(7), systemd.socket(5)"""
    return (
        "start as root with `user` in the configuration, or by systemd with the units that"
        f" `posthouse quickstart` writes, or choose a port from 1024 on for {service}; the last"
        f" way: setcap cap_net_bind_service=+ep {os.path.realpath(sys.executable)}"
        f" lets every Python program of anybody here open port {port}"
    )


def parse_address(text: str) -> Address:
    """Reads "host:port", "[v6]:port", "*:port" or "unix:path". ValueError says what is allowed."""
    if text.startswith("unix:"):
        path = text[5:]
        if not path:
            raise ValueError("unix: with a path behind it")
        return Address(path=path)
    host, colon, port_text = text.rpartition(":")
    if not colon or not host:
        raise ValueError("host:port, [v6]:port, *:port or unix:path")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"brackets round an IPv6 address: [{host}]:{port_text}")
    if not (port_text.isascii() and port_text.isdigit() and int(port_text) <= 65_535):
        raise ValueError(f"a port from 0 to 65535, not {port_text!r}")
    return Address(host=host, port=int(port_text))


def open_listeners(
    service: str, address: Address, *, data: Path, backlog: int, unix_mode: int = 0o600
) -> list[socket.socket]:
    """Opens what the address means: one socket, or one each for IPv4 and IPv6."""
    if address.path:
        return [_open_unix(service, address, data / address.path, backlog, unix_mode)]
    hosts = ["0.0.0.0", "::"] if address.host == "*" else [address.host]  # noqa: S104 - asked for
    opened: list[socket.socket] = []
    try:
        for host in hosts:
            opened += _open_tcp(service, address, host, backlog)
    except ListenFailed:
        for listener in opened:
            listener.close()
        raise
    return opened


def activated(environ: Mapping[str, str], pid: int) -> list[tuple[str, socket.socket]]:
    """Sockets that systemd opened for us, each with its name ("" where it has none).

    sd_listen_fds(3): LISTEN_PID says for whom, LISTEN_FDS how many, LISTEN_FDNAMES which.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(pid) or not count.isdigit():
        return []
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for number in range(int(count)):
        listener = socket.socket(fileno=FIRST_FD + number)
        listener.setblocking(False)
        os.set_inheritable(listener.fileno(), False)
        found.append((names[number] if number < len(names) else "", listener))
    return found


def bound_address(listener: socket.socket) -> Address:
    """Where the socket listens in fact; the port is known where 0 was asked for."""
    name = listener.getsockname()
    if isinstance(name, tuple):
        return Address(host=name[0], port=name[1])
    return Address(path=os.fsdecode(name))


def close_listeners(listeners: Iterable[socket.socket]) -> None:
    """Closes them and removes the paths of unix sockets."""
    for listener in listeners:
        address = bound_address(listener)
        listener.close()
        if address.path:
            with contextlib.suppress(OSError):  # a folder that is no longer ours to write
                Path(address.path).unlink()


def _open_tcp(service: str, address: Address, host: str, backlog: int) -> list[socket.socket]:
    try:
        found = socket.getaddrinfo(
            host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ListenFailed(service, address, f"no such host ({error.strerror})") from error
    opened: list[socket.socket] = []
    for family, kind, protocol, _name, where in found:
        if family == socket.AF_INET6 and address.host == "*" and not socket.has_ipv6:
            continue
        try:
            listener = socket.socket(family, kind, protocol)
            opened.append(listener)
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(where)
            listener.listen(backlog)
        except OSError as error:
            if (
                address.host == "*"
                and family == socket.AF_INET6
                and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
            ):
                opened.pop().close()  # a machine without IPv6
                continue
            for socket_before in opened:
                socket_before.close()
            raise ListenFailed(service, address, error) from error
    return opened


def _open_unix(
    service: str, address: Address, path: Path, backlog: int, mode: int
) -> socket.socket:
    if len(os.fsencode(path)) > UNIX_PATH_OCTETS_MAX:
        raise ListenFailed(
            service, address, f"the path {path} is longer than {UNIX_PATH_OCTETS_MAX} octets"
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    try:
        if path.is_socket():
            if _is_served(path):
                raise OSError(errno.EADDRINUSE, "")  # noqa: TRY301 - the kernel would not say it
            path.unlink()  # left by a server that was killed
        before = os.umask(0o777 & ~mode)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise ListenFailed(service, address, error) from error
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True  # its backlog is full
        except OSError:
            return False
    return True


def _reason(error: OSError, address: Address) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the address is in use by another program"
        case errno.EACCES if address.path:
            return "not permitted to make a socket there"
        case errno.EACCES:
            return "not permitted: ports below 1024 need root, or CAP_NET_BIND_SERVICE"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address"
        case _:
            return error.strerror or str(error)
