"""Where a letter goes next: routes, smart host, MX. Pure, given the answers of DNS. RFC 5321 5.1

A destination is what rows of the queue travel by: the domain, an address literal, or `via:` and the
fixed host that a route names, with how it is talked to: letters of one destination share
connections, so routes that ask for different TLS or another log-in must not be one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.base.chance import Shuffle
from posthouse.mail.address import parse_address
from posthouse.net.listen import parse_address as parse_place
from posthouse.queue.settings import RelaySettings, Route
from posthouse.wire.smtp.remote_replies import RemoteReply

VIA: Final = "via:"
NULL_MX: Final = RemoteReply(556, "5.1.10", "the domain takes no mail (null MX)")
"""RFC 7505 4.2"""
NO_DOMAIN: Final = RemoteReply(550, "5.1.2", "there is no such domain")
NO_HOST: Final = RemoteReply(550, "5.4.4", "the domain has neither MX nor address records")
LOOP: Final = RemoteReply(554, "5.4.6", "the domain's mail leads back to this host")
BAD_ADDRESS: Final = RemoteReply(553, "5.1.3", "that is no address")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedHost:
    """A next host that the configuration names."""

    host: str
    port: int
    is_lmtp: bool = False
    tls: str = "may"
    user: str = ""
    password_file: str = ""

    @property
    def destination(self) -> str:
        how = f"/{self.tls}" if self.tls != "may" or self.user else ""
        who = f"/{self.user}" if self.user else ""
        return f"{VIA}{'lmtp:' if self.is_lmtp else ''}{self.host}:{self.port}{how}{who}"

    @property
    def password(self) -> str:
        """Read when it is needed, so that a new one is used at once. Raises OSError."""
        return Path(self.password_file).read_text("utf-8").split("\n", 1)[0].rstrip("\r")


class Routes:
    """What the configuration says about ways."""

    __slots__ = ("_below", "_by_destination", "_exact", "_smart")

    def __init__(self, relay: RelaySettings, routes: Iterable[Route]) -> None:
        self._exact: dict[str, FixedHost | None] = {}
        self._below: dict[str, FixedHost | None] = {}
        for route in routes:
            host = None
            if route.to:
                host = _fixed(
                    route.to, route.protocol == "lmtp", route.tls, route.user, route.password_file
                )
            domain = route.domain.lower()
            if domain.startswith("."):
                self._below[domain[1:]] = host
            else:
                self._exact[domain] = host
        self._smart = (
            _fixed(
                relay.smart_host,
                False,
                relay.smart_host_tls,
                relay.smart_host_user,
                relay.smart_host_password_file,
            )
            if relay.smart_host
            else None
        )
        fixed = [*self._exact.values(), *self._below.values(), self._smart]
        self._by_destination = {host.destination: host for host in fixed if host is not None}

    def destination(self, address: str) -> str:
        """By which destination mail for this address travels; "" when it is no address."""
        try:
            domain = parse_address(address).domain
        except ValueError:
            return ""
        host = self._host(domain)
        return domain if host is None else host.destination

    def fixed(self, destination: str) -> FixedHost | None:
        """The fixed host of a destination; None: by DNS, or a route that is no more."""
        return self._by_destination.get(destination)

    def _host(self, domain: str) -> FixedHost | None:
        if domain in self._exact:
            return self._exact[domain]
        above = domain
        while self._below and "." in above:
            above = above.partition(".")[2]
            if above in self._below:
                return self._below[above]
        return self._smart


def _fixed(place: str, is_lmtp: bool, tls: str, user: str, password_file: str) -> FixedHost:
    address = parse_place(place)
    return FixedHost(
        host=address.host,
        port=address.port,
        is_lmtp=is_lmtp,
        tls=tls,
        user=user,
        password_file=password_file,
    )


def hosts_of(
    domain: str,
    exchangers: Sequence[tuple[int, str]] | None,
    *,
    own_names: frozenset[str],
    shuffle: Shuffle,
) -> list[str] | RemoteReply:
    """The hosts to try, in their order, from the domain's MX records (None: no such domain).

    RFC 5321 5.1: without MX the domain itself; best preference first, equal ones in any order; with
    us among them only those better than us. RFC 7505: one record "." takes nothing.
    """
    if exchangers is None:
        return NO_DOMAIN
    if not exchangers:
        return LOOP if domain in own_names else [domain]
    hosts = [(preference, host.rstrip(".").lower()) for preference, host in exchangers]
    if all(not host for _, host in hosts):
        return NULL_MX
    ours = min((preference for preference, host in hosts if host in own_names), default=None)
    by_preference: dict[int, list[str]] = {}
    for preference, host in sorted(hosts):
        if host and (ours is None or preference < ours):
            by_preference.setdefault(preference, []).append(host)
    found: list[str] = []
    for same in by_preference.values():
        found += [host for host in shuffle(same) if host not in found]
    return found or LOOP


def literal_address(destination: str) -> str:
    """The IP address of an address literal, "" when it is none. RFC 5321 4.1.3"""
    if not destination.startswith("["):
        return ""
    inner = destination[1:-1]
    return inner[5:] if inner[:5].lower() == "ipv6:" else inner
