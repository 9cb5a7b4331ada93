"""Sets a site up: data directory, configuration, domain, first account. Can be run again: what is
there is kept.

Raises OSError when the directory cannot be made, `NotDone` when the address or password is no good.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.directory.manage import Manage, NotDone, address_of
from posthouse.store.contract import Store

CONFIG_NAME: Final = "posthouse.toml"
PASSWORD_OCTETS: Final = 12

Listening = dict[str, tuple[str, ...]]
"""Services and their addresses, as in [listen]."""

PRODUCTION: Final[Listening] = {
    "smtp": ("*:25",),
    "submission": ("*:587",),
    "submissions": ("*:465",),
    "lmtp": ("unix:lmtp.sock",),
    "imap": ("*:143",),
    "imaps": ("*:993",),
    "pop3": ("*:110",),
    "pop3s": ("*:995",),
    "managesieve": ("*:4190",),
    "http": ("127.0.0.1:8025",),
}
"""Where a server in production listens."""

LOOPBACK: Final[Listening] = {
    "smtp": ("127.0.0.1:2525",),
    "submission": ("127.0.0.1:2587",),
    "submissions": ("127.0.0.1:2465",),
    "lmtp": ("unix:lmtp.sock", "127.0.0.1:2424"),
    "imap": ("127.0.0.1:2143",),
    "imaps": ("127.0.0.1:2993",),
    "pop3": ("127.0.0.1:2110",),
    "pop3s": ("127.0.0.1:2995",),
    "managesieve": ("127.0.0.1:24190",),
    "http": ("127.0.0.1:8025",),
}
"""Where a server to try out listens."""


def config_text(hostname: str, data: Path, listen: Listening) -> str:
    """A configuration with what differs between sites; `posthouse config --explain` tells the
    rest."""
    lines = [
        "# Every key and its meaning: posthouse config --explain",
        f"hostname = {quoted(hostname)}",
        f"data = {quoted(str(data))}",
        "",
        "[listen]",
        *(
            f"{service} = [{', '.join(quoted(address) for address in addresses)}]"
            for service, addresses in listen.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def make_directory(data: Path, hostname: str, listen: Listening) -> Path:
    """The data directory, mode 0700, with a configuration; gives the configuration's path."""
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    config = data / CONFIG_NAME
    if not config.exists():
        config.write_text(config_text(hostname, data.absolute(), listen), "utf-8")
        config.chmod(0o600)
    return config


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """`password` is "" when the account was there already."""

    address: str
    password: str


async def first_account(
    store: Store, manage: Manage, text: str, password: str = ""
) -> FirstAccount:
    """Domain and account, made where they are missing; a password is invented when none is
    given."""
    address = address_of(text)
    if not await store.has_domain(address.domain):
        await manage.add_domain(address.domain)
    if await store.account_by_address(address.key) is not None:
        return FirstAccount(str(address), "")
    if await store.alias(address.key) is not None:
        raise NotDone(f"{address} is an alias already", "choose another address")
    password = password or secrets.token_urlsafe(PASSWORD_OCTETS)
    await manage.add_account(text, password)
    return FirstAccount(str(address), password)


def port_problems(listen: Listening) -> list[str]:
    """Sentences on TCP ports that cannot be opened now."""
    found = []
    for service, addresses in listen.items():
        for address in addresses:
            if address.startswith("unix:"):
                continue
            host, _, port = address.rpartition(":")
            problem = _problem("0.0.0.0" if host == "*" else host.strip("[]"), int(port))  # noqa: S104
            if problem:
                found.append(f"{service} on {address}: {problem}")
    return found


def _problem(host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return "needs root, or CAP_NET_BIND_SERVICE from the service manager"
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return ""
