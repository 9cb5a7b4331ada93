"""What the DNS says of a mail domain now, beside what it should: a sentence for each difference.

Asks the machine's resolver, or the servers of [dns]; waits a few seconds at most; never raises.
RFC 5321 5.1, RFC 7208 3.2, RFC 7505 3, RFC 6186 3
"""

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import dns.exception
import dns.flags
import dns.nameserver
import dns.rdatatype
import dns.resolver

from posthouse.app.dns_records import Record
from posthouse.net.resolve import server_of

LOOK_SECONDS: Final = 3.0
"""How long one question may take."""


class Unanswered(Exception):
    """Nobody could say; the text says why."""


class Names:
    """A resolver for a handful of questions."""

    __slots__ = ("_resolver",)

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._resolver: dns.resolver.Resolver | None = None
        try:
            resolver = dns.resolver.Resolver(configure=not servers)
        except (dns.exception.DNSException, OSError):
            return  # said when something is asked
        if servers:
            pairs = map(server_of, servers)
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*pair) for pair in pairs]
        resolver.lifetime = LOOK_SECONDS
        resolver.use_search_by_default = False
        self._resolver = resolver

    def ask(self, name: str, kind: str) -> list[Any]:
        """The records, none where there are none. Raises Unanswered."""
        if self._resolver is None:
            raise Unanswered("this machine names no DNS server in /etc/resolv.conf")
        try:
            return list(self._resolver.resolve(f"{name}.", kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            reason = "no answer in time" if isinstance(error, dns.exception.Timeout) else error
            raise Unanswered(f"{name} {kind}: {reason}") from error

    def is_alias(self, name: str) -> bool:
        """A CNAME stands there."""
        return bool(self.ask(name, "CNAME"))

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 first."""
        return tuple(str(rr.address) for kind in ("A", "AAAA") for rr in self.ask(name, kind))


def addresses_of(hostname: str, names: Names) -> tuple[str, ...]:
    """The published addresses of a host; else those of this machine that the world can reach."""
    try:
        published = names.addresses(hostname)
    except Unanswered:
        published = ()
    return published or tuple(a for a in local_addresses() if ipaddress.ip_address(a).is_global)


def look(
    domain: str, hostname: str, wanted: Iterable[Record], names: Names, local: Sequence[str] = ()
) -> list[str]:
    """Sentences on what is missing or wrong; empty when all is well. `local`: addresses of this
    machine.
    """
    found: list[str] = []
    try:
        found += _exchange(domain, hostname, names)
        found += _host(hostname, names, local)
        found += _senders(domain, names)
        found += _services(domain, wanted, names)
    except Unanswered as why:
        found.append(f"the DNS could not be asked ({why}): run this again later")
    return found


def local_addresses() -> tuple[str, ...]:
    """From which this machine reaches the world; none where it does not. Nothing is sent."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return tuple(found)


def _exchange(domain: str, hostname: str, names: Names) -> Iterator[str]:
    exchanges = {str(rr.exchange).rstrip(".").lower() for rr in names.ask(domain, "MX")}
    if not exchanges:
        yield f"{domain} has no MX record yet: nobody can send mail to it"
    elif exchanges == {""}:
        yield f"{domain} says that it takes no mail (a null MX): replace it"
    elif hostname.lower() not in exchanges:
        yield f"the MX of {domain} is {', '.join(sorted(exchanges))}, not {hostname}"


def _host(hostname: str, names: Names, local: Sequence[str]) -> Iterator[str]:
    if names.is_alias(hostname):
        yield f"{hostname} is an alias (CNAME): the name of a mail server must not be one"
        return
    published = names.addresses(hostname)
    if not published:
        yield f"{hostname} has no address record yet: nobody can find this server"
        return
    if local and not set(local) & set(published):
        yield (
            f"{hostname} is {', '.join(published)}, and this machine has {', '.join(local)}:"
            " right only where a router forwards the ports"
        )
    for address in published:
        # Many hosts take nothing from an address without a name.
        pointers = names.ask(ipaddress.ip_address(address).reverse_pointer, "PTR")
        back = {str(rr.target).rstrip(".").lower() for rr in pointers}
        if hostname.lower() not in back:
            has = f"is {', '.join(sorted(back))}" if back else "is missing"
            yield (
                f"the reverse name of {address} {has}, it should be {hostname}:"
                " the owner of the address can set it"
            )


def _senders(domain: str, names: Names) -> Iterator[str]:
    texts = [b"".join(rr.strings).decode("ascii", "replace") for rr in names.ask(domain, "TXT")]
    policies = [t for t in texts if t.lower() == "v=spf1" or t.lower().startswith("v=spf1 ")]
    if not policies:
        yield f"{domain} has no SPF record: others may take its mail for forged"
    elif len(policies) > 1:
        yield f"{domain} has {len(policies)} SPF records, and only one may be: join them"


def _services(domain: str, wanted: Iterable[Record], names: Names) -> Iterator[str]:
    missing = []
    for record in wanted:
        if record.kind == "SRV":
            published = {(rr.port, str(rr.target).lower()) for rr in names.ask(record.name, "SRV")}
            _, _, port, target = record.value.split()
            if (int(port), target.lower()) not in published and target != ".":
                missing.append(record.name.removesuffix(f".{domain}"))
    if missing:
        yield (
            f"{domain} lacks SRV records, or they lead elsewhere: {', '.join(missing)};"
            " mail programs will ask their users instead"
        )
