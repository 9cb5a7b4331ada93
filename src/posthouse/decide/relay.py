"""Who may send through here to somebody elsewhere without a log-in. Pure. RFC 5321 3.6.2, 7.8

Nobody, until the configuration says so: an open relay is everybody's spam cannon.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from posthouse.base.settings import setting
from posthouse.mail.address import normal_domain, parse_address

PEERS_REMEMBERED_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRuleSettings:
    """[relay] - for whom letters to elsewhere are taken at the SMTP door."""

    networks: tuple[str, ...] = setting(
        (), "Networks whose hosts may send to anybody through here, as 192.0.2.0/24."
    )
    domains: tuple[str, ...] = setting(
        (), "Domains of others whose mail is taken from anybody and passed on: as their backup MX."
    )

    def wrong(self) -> list[tuple[str, str]]:
        found = []
        try:
            list(map(ip_network, self.networks))
        except ValueError:
            found.append(("networks", "networks, as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1"))
        try:
            list(map(normal_domain, self.domains))
        except ValueError:
            found.append(("domains", "domains, as example.net"))
        return found


class RelayRule:
    """Asked for each recipient that does not live here."""

    __slots__ = ("_domains", "_networks", "is_trusted")

    def __init__(self, settings: RelayRuleSettings) -> None:
        self._networks: list[IPv4Network | IPv6Network] = list(map(ip_network, settings.networks))
        self._domains = frozenset(map(normal_domain, settings.domains))
        self.is_trusted = lru_cache(PEERS_REMEMBERED_MAX)(self._is_trusted)
        """Whether the host at this address may send to anybody."""

    def allows(self, peer: str, address: str) -> bool:
        """Whether a letter of this peer may go to this address elsewhere."""
        if self._networks and self.is_trusted(peer):
            return True
        return bool(self._domains) and _domain(address) in self._domains

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False  # a unix socket has no address
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


NO_RELAY: Final = RelayRule(RelayRuleSettings())


def _domain(address: str) -> str:
    try:
        return parse_address(address).domain
    except ValueError:
        return ""
