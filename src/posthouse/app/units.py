"""The units that systemd runs this server with, as text: systemd.service(5), systemd.socket(5).

The service is started as its own user with two capabilities, which the supervisor keeps to itself
(`capabilities.py`); the sockets are systemd's, so that nobody is refused while it starts again.
Pure: who writes the files is `quickstart.py`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.net.listen import parse_address

SERVICE_NAME: Final = "posthouse.service"
SOCKET_NAME: Final = "posthouse.socket"
WATCHDOG_SECONDS: Final = 60
STOP_SECONDS_MAX: Final = 120
"""Above what draining the workers and then the scribe may take."""
BACKLOG_MAX: Final = 1024
DESCRIPTORS_MAX: Final = 65_536
CONFIGURATION_CODES: Final = "64 77 78"
"""sysexits.h: usage, permission, configuration. To start again would not mend them."""
HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))

_HARDENING: Final = """\
AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_DAC_READ_SEARCH
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
UMask=0077
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What the units are about."""

    user: str
    data: Path
    config: Path
    program: tuple[str, ...]
    """The command, as `program_words` finds it."""


def program_words() -> tuple[str, ...]:
    """How this program is started, by whole paths."""
    beside = Path(sys.executable).parent / "posthouse"
    return (str(beside),) if beside.exists() else (sys.executable, "-m", "posthouse")


def service(site: Site) -> str:
    """posthouse.service."""
    start = " ".join(map(_word, (*site.program, "serve", "--config", str(site.config))))
    return f"""\
[Unit]
Description=Posthouse mail server
Wants=network-online.target
After=network-online.target nss-lookup.target

[Service]
Type=notify
ExecStart={start}
ExecReload=/bin/kill -HUP $MAINPID
User={_plain(site.user)}
Sockets={SOCKET_NAME}
KillMode=mixed
TimeoutStopSec={STOP_SECONDS_MAX}s
WatchdogSec={WATCHDOG_SECONDS}s
Restart=on-failure
RestartSec=2s
RestartPreventExitStatus={CONFIGURATION_CODES}
LimitNOFILE={DESCRIPTORS_MAX}
SyslogIdentifier=posthouse

ReadWritePaths={_word(str(site.data))}
ProtectHome={_home_of(site)}
{_HARDENING}
[Install]
WantedBy=multi-user.target
Also={SOCKET_NAME}
"""


def sockets(listen: Mapping[str, Sequence[str]]) -> str:
    """posthouse.socket: every port of these services; sockets with a path stay the service's.

    A port at every address is one socket for both families, which a machine without IPv6 can open
    too; `net.connection` knows an IPv4 peer by its own address.
    """
    found = [parse_address(text) for texts in listen.values() for text in texts]
    lines = [str(a.port) if a.host == "*" else a.text for a in found if not a.path]
    return "\n".join(
        [
            "[Unit]",
            "Description=Ports of the Posthouse mail server",
            "",
            "[Socket]",
            *(f"ListenStream={line}" for line in dict.fromkeys(lines)),
            "BindIPv6Only=both",
            f"Backlog={BACKLOG_MAX}",
            "",
            "[Install]",
            "WantedBy=sockets.target",
            "",
        ]
    )


def _home_of(site: Site) -> str:
    """Closed, unless something that the service needs stands there."""
    needed = [site.data, site.config, *(Path(word) for word in site.program[:1])]
    inside = [home for home in HOMES for path in needed if path.is_relative_to(home)]
    return "no" if inside else "yes"


def _word(text: str) -> str:
    """One word of a command line or list of paths. systemd.syntax(7), systemd.service(5)"""
    escaped = _percents(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if set(escaped) & set(" \t'\"\\;") else escaped


def _percents(text: str) -> str:
    return text.replace("%", "%%")


def _plain(user: str) -> str:
    assert user.isprintable(), "a user's name was looked up or checked"
    return _percents(user)
