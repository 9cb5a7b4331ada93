"""What can be configured: which sections there are and which rooms' fields each of them holds.

A section is a frozen dataclass of `base.settings.setting` fields, declared in the room it belongs
to; this file only puts them together. Reading a file is `config_load.py`, telling about it
`explain.py`; both know nothing but these fields.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from posthouse.accept.settings import AcceptSettings, LmtpSettings
from posthouse.authenticate.settings import AuthSettings
from posthouse.base.settings import setting
from posthouse.decide.relay import RelayRuleSettings
from posthouse.decide.settings import SubmissionSettings
from posthouse.net.certificates import machine_name
from posthouse.net.limits import NetSettings
from posthouse.net.listen import parse_address
from posthouse.net.resolve import DnsSettings
from posthouse.queue.settings import QueueSettings, RelaySettings, Route
from posthouse.read.pop3.settings import Pop3Settings
from posthouse.store.settings import StoreSettings
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.limits import SmtpLimits

Part = TypeVar("Part")
Wrong = list[tuple[str, str]]
"""Keys whose values are no good together or in themselves, each with what is allowed."""

_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The keys before the first section."""

    hostname: str = setting(
        "", "The name of this server in greetings and Received; empty: the machine's own name."
    )
    data: str = setting("./var", "The data directory; only this user may read it.")
    workers: int = setting(0, "Processes that serve peers; 0: one a core.", least=0, most=128)
    user: str = setting("", "Whom to become when started as root, once the listeners are open.")

    def wrong(self) -> Wrong:
        if self.hostname and not _HOST.match(self.hostname):
            return [("hostname", "a host name in ASCII, as mail.example.org")]
        return [] if self.data else [("data", "a path")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """[listen] - where each service listens: host:port, [v6]:port, *:port or unix:path."""

    smtp: tuple[str, ...] = setting(("127.0.0.1:2525",), "Mail from other servers.")
    submission: tuple[str, ...] = setting(
        ("127.0.0.1:2587",), "Mail of our own people, with STARTTLS. RFC 6409"
    )
    submissions: tuple[str, ...] = setting(
        ("127.0.0.1:2465",), "The same, TLS from the first octet. RFC 8314"
    )
    lmtp: tuple[str, ...] = setting(("unix:lmtp.sock",), "Mail from a front server. RFC 2033")
    imap: tuple[str, ...] = setting(("127.0.0.1:2143",), "Mailboxes, with STARTTLS.")
    imaps: tuple[str, ...] = setting(("127.0.0.1:2993",), "Mailboxes, TLS from the first octet.")
    pop3: tuple[str, ...] = setting(("127.0.0.1:2110",), "Fetching an INBOX, with STLS.")
    pop3s: tuple[str, ...] = setting(("127.0.0.1:2995",), "The same, TLS from the first octet.")
    managesieve: tuple[str, ...] = setting(("127.0.0.1:24190",), "Filter scripts. RFC 5804")
    http: tuple[str, ...] = setting(
        ("127.0.0.1:8025",), "Health and metrics, later webmail; plain, so on loopback only."
    )

    def wrong(self) -> Wrong:
        found = []
        for service in self.__slots__:
            for text in getattr(self, service):
                try:
                    parse_address(text)
                except ValueError as error:
                    found.append((service, str(error)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlace:
    """[store] - where mail is kept, and how much."""

    url: str = setting("sqlite:", 'The database; "sqlite:" stands in the data directory.')
    bodies: str = setting("auto", 'Large bodies; "auto": files in the data directory.')
    bus: str = setting("auto", 'How processes tell each other of changes; "auto": by the store.')

    def wrong(self) -> Wrong:
        found = [("url", '"sqlite:"')] if self.url != "sqlite:" else []
        found += [(k, '"auto"') for k in ("bodies", "bus") if getattr(self, k) != "auto"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """[tls] - the server's certificate."""

    certificate: str = setting(
        "auto", 'A file with the certificate and its chain; "auto": self-signed at first start.'
    )
    key: str = setting("", "The file with its key; empty: it is in the certificate's file.")
    allow_plaintext_auth: bool = setting(
        False, "Passwords without TLS; true only for tests and benchmarks on loopback."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """[log] - what is written to stderr or the journal."""

    level: str = setting(
        "info", "The least that is written.", choices=("debug", "info", "warning", "error")
    )


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file and the dataclasses whose keys it holds."""

    name: str
    kinds: tuple[type, ...]
    is_repeated: bool = False


NEED_RESTART: Final = ("data", "user")
"""Keys before the first section that a running server cannot change."""

SECTIONS: Final = (
    Section("", (Root,)),
    Section("listen", (Listen,)),
    Section("store", (StorePlace, StoreSettings)),
    Section("tls", (TlsSettings,)),
    Section("relay", (RelaySettings, RelayRuleSettings, ClientLimits)),
    Section("route", (Route,), is_repeated=True),
    Section("queue", (QueueSettings,)),
    Section("dns", (DnsSettings,)),
    Section("smtp", (SmtpLimits,)),
    Section("imap", (ImapLimits,)),
    Section("pop3", (Pop3Limits, Pop3Settings)),
    Section("accept", (AcceptSettings,)),
    Section("submission", (SubmissionSettings,)),
    Section("lmtp", (LmtpSettings,)),
    Section("auth", (AuthSettings,)),
    Section("net", (NetSettings,)),
    Section("log", (LogSettings,)),
)


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration; `config[SmtpLimits]` is the part that a room declared."""

    file: Path | None
    parts: Mapping[type, Any]
    """By kind; of a repeated section a tuple of them."""

    def __getitem__(self, kind: type[Part]) -> Part:
        return cast(Part, self.parts[kind])

    def many(self, kind: type[Part]) -> tuple[Part, ...]:
        """All of a repeated section, in the order of the file."""
        return cast(tuple[Part, ...], self.parts[kind])

    @property
    def hostname(self) -> str:
        return self[Root].hostname or machine_name()

    @property
    def data(self) -> Path:
        return Path(self[Root].data).absolute()

    @property
    def workers(self) -> int:
        return self[Root].workers or len(os.sched_getaffinity(0))


def with_old(config: Config, old: Config) -> tuple[Config, list[str]]:
    """A new configuration for a server that runs with an old one, and the keys that stay as they
    were until it is started again.
    """
    new, before = config[Root], old[Root]
    kept = [key for key in NEED_RESTART if getattr(new, key) != getattr(before, key)]
    if not kept:
        return config, kept
    root = replace(new, **{key: getattr(before, key) for key in kept})
    return replace(config, parts={**config.parts, Root: root}), kept


def default_config() -> Config:
    """Every key at its default."""
    return Config(
        None,
        {
            kind: () if section.is_repeated else kind()
            for section in SECTIONS
            for kind in section.kinds
        },
    )
