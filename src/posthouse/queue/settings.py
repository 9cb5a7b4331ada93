"""[queue], [relay] and [[route]]: mail that leaves this house."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.base.settings import setting
from posthouse.mail.address import normal_domain
from posthouse.net.listen import parse_address

Wrong = list[tuple[str, str]]
TLS_WISHES: Final = ("may", "must", "verify", "implicit", "never")
_TLS: Final = (
    "TLS there: may (when offered), must, verify (the certificate too), implicit (verified, from"
    " the first octet), never."
)
_PASSWORD: Final = "A file with the password, on its first line."  # noqa: S105 - words for people


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """[queue] - mail that waits for another server."""

    retry_seconds_first: float = setting(
        300.0, "Pause before a letter's second attempt; each later pause is longer by half.",
        least=0.1, most=86_400,
    )  # fmt: skip
    retry_seconds_max: float = setting(
        14_400.0, "Longest pause between two attempts. RFC 5321 4.5.4.1", least=0.1, most=86_400
    )
    pause_seconds_first: float = setting(
        60.0, "Pause of a destination that cannot be reached; doubled each time.", least=0.1,
        most=86_400,
    )  # fmt: skip
    pause_seconds_max: float = setting(
        3_600.0, "Longest pause of a destination.", least=0.1, most=86_400
    )
    warning_seconds: float = setting(
        14_400.0, "After how long the sender is told of a delay.", least=1, most=864_000
    )
    lifetime_seconds: float = setting(
        432_000.0, "How long a letter is tried. RFC 5321 4.5.4.1", least=1, most=2_592_000
    )
    bounce_lifetime_seconds: float = setting(
        86_400.0, "How long a letter without a sender is tried.", least=1, most=2_592_000
    )
    sessions_max: int = setting(
        400, "Connections to other servers that one worker has at a time.", least=4, most=10_000
    )
    destination_sessions_max: int = setting(
        20, "Connections of one worker to one destination at a time.", least=1, most=500
    )
    claim_rows_max: int = setting(
        100, "Recipients of one destination taken at a time.", least=1, most=10_000
    )
    lease_seconds: float = setting(
        300.0, "How long a worker that does not answer keeps what it took.", least=2, most=86_400
    )
    idle_seconds_max: float = setting(
        2.0, "How long a connection waits for another letter.", least=0, most=300
    )
    letters_per_connection_max: int = setting(
        1_000, "Letters sent over one connection.", least=1, most=100_000
    )
    memory_octets_max: int = setting(
        32 * 1024 * 1024,
        "Octets of letters one worker keeps at hand from acceptance to delivery; more are read"
        " again.",
        least=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """[relay] - how mail for other domains leaves."""

    smart_host: str = setting("", "host:port that takes all of it; empty: by the MX records.")
    smart_host_tls: str = setting("may", _TLS, choices=TLS_WISHES)
    smart_host_user: str = setting("", "Who we are there; empty: no AUTH. RFC 4954")
    smart_host_password_file: str = setting("", _PASSWORD)
    port: int = setting(25, "The port of hosts found by MX.", least=1, most=65_535)
    tls: bool = setting(True, "Use TLS where a host found by MX offers it. RFC 3207, 7435")
    addresses_max: int = setting(
        6, "Addresses tried of one destination before it counts as out of reach.", least=1, most=50
    )

    def wrong(self) -> Wrong:
        found = wrong_address("smart_host", self.smart_host) if self.smart_host else []
        return found + _wrong_login(
            "smart_host_", self.smart_host_user, self.smart_host_password_file
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """[[route]] - one domain whose mail goes to a fixed server."""

    domain: str = setting("", "The domain of the recipients; .example.net: all below it.")
    to: str = setting("", "The server, as host:port; empty: by MX, whatever the smart host is.")
    protocol: str = setting("smtp", "What it speaks.", choices=("smtp", "lmtp"))
    tls: str = setting("may", _TLS, choices=TLS_WISHES)
    user: str = setting("", "Who we are there; empty: no AUTH.")
    password_file: str = setting("", _PASSWORD)

    def wrong(self) -> Wrong:
        found: Wrong = []
        try:
            normal_domain(self.domain.removeprefix("."))
        except ValueError as error:
            found.append(("domain", f"a domain, as example.net: {error}"))
        if self.to:
            found += wrong_address("to", self.to)
        return found + _wrong_login("", self.user, self.password_file)


def wrong_address(key: str, text: str) -> Wrong:
    """What is no host:port."""
    try:
        address = parse_address(text)
    except ValueError as error:
        return [(key, str(error))]
    return [(key, "host:port")] if address.path or not address.port else []


def _wrong_login(prefix: str, user: str, password_file: str) -> Wrong:
    if bool(user) != bool(password_file):
        return [(f"{prefix}user", "a user and a password file, or neither")]
    if password_file and not Path(password_file).is_file():
        return [(f"{prefix}password_file", "a file that is there")]
    return []
