"""Sets a site up: data directory, configuration, domain, first account, units. Can be run again:
what is there is kept, and what somebody changed is not written over.

Raises OSError when the directory cannot be made, `NotDone` when the address or password is no good.
"""

import hashlib
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.directory.manage import Manage, NotDone, address_of
from posthouse.net.listen import parse_address
from posthouse.store.contract import Store

CONFIG_NAME: Final = "posthouse.toml"
PASSWORD_OCTETS: Final = 12
USER: Final = "posthouse"
"""Whom the server becomes, where root sets it up and says nobody else."""
MADE: Final = "Made by posthouse quickstart, which writes it again unless it was changed:"

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


def config_text(hostname: str, data: Path, listen: Listening, user: str = "") -> str:
    """A configuration with what differs between sites; `posthouse config --explain` tells the
    rest."""
    lines = [
        "# Every key and its meaning: posthouse config --explain",
        f"hostname = {quoted(hostname)}",
        f"data = {quoted(str(data))}",
        *([f"user = {quoted(user)}"] if user else []),
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


def make_directory(data: Path, hostname: str, listen: Listening, user: str = "") -> Path:
    """The data directory, mode 0700, with a configuration; gives the configuration's path."""
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    config = data / CONFIG_NAME
    if not config.exists():
        config.write_text(config_text(hostname, data.absolute(), listen, user), "utf-8")
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


def write_ours(path: Path, text: str, *, comment: str) -> Path:
    """Writes a file that we may write again, unless somebody changed it meanwhile: then the new one
    goes beside it. Gives the path written.

    The last line, a comment, holds a digest of the rest: so we know our own.
    """
    whole = f"{text}{comment} {MADE} {_digest(text)}\n"
    if path.exists():
        before = path.read_text("utf-8", "replace")
        rest, _, sum_ = before.rpartition(f"{comment} {MADE} ")
        if before != whole and sum_.strip() != _digest(rest):
            path = path.with_name(path.name + ".new")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(whole, "utf-8")
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PortProblem:
    """TCP ports that cannot be opened now, and why. `is_forbidden`: to this user; another may."""

    sentence: str
    is_forbidden: bool = False


def port_problems(listen: Listening) -> list[PortProblem]:
    """What stands in the way of these listeners. Nothing stays open."""
    found, forbidden = [], []
    for service, addresses in listen.items():
        for address in map(parse_address, addresses):
            if address.path:
                continue
            error = _try(address.host, address.port)
            if isinstance(error, PermissionError):
                forbidden.append(str(address.port))
            elif error is not None:
                why = (error.strerror or str(error)).lower()
                found.append(PortProblem(f"{service} on {address.text}: {why}"))
    if forbidden:
        sentence = f"only root, or systemd, may open {', '.join(dict.fromkeys(forbidden))}"
        found.append(PortProblem(sentence, is_forbidden=True))
    return found


def _try(host: str, port: int) -> OSError | None:
    host = "0.0.0.0" if host == "*" else host  # noqa: S104 - as the server will
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)  # beside a listener that may share its address, bind alone succeeds
        except OSError as error:
            return error
    return None
