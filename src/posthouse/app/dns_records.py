"""The DNS records of a mail domain: what to publish, and what is published. RFC 5321 5.1, 7208,
6186, 8314

`records` is pure. `look` asks the machine's resolver, waits a few seconds at most, and never
raises.
"""

from dataclasses import dataclass
from typing import Final

LOOK_SECONDS: Final = 3.0
"""How long one question to the resolver may take."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a zone file. `why` is for the person who publishes it."""

    name: str
    kind: str
    value: str
    why: str

    @property
    def line(self) -> str:
        return f"{self.name + '.':<36} IN {self.kind:<5} {self.value}"


def records(domain: str, hostname: str, addresses: tuple[str, ...] = ()) -> list[Record]:
    """What a domain needs so that others send mail to `hostname` and clients find it.

    Where the host's addresses are not known a placeholder of RFC 5737 stands for them.
    """
    found = [
        Record(
            hostname,
            "AAAA" if ":" in address else "A",
            address,
            "where this server is",
        )
        for address in addresses or ("192.0.2.1",)
    ]
    found.append(Record(domain, "MX", f"10 {hostname}.", "mail for the domain comes here"))
    found.append(Record(domain, "TXT", '"v=spf1 mx -all"', "only this server sends for it"))
    services = (("_imaps._tcp", 993), ("_imap._tcp", 143))
    found += [
        Record(f"{service}.{domain}", "SRV", f"0 1 {port} {hostname}.", "clients find the server")
        for service, port in services
    ]
    return found


def zone(domain: str, lines: list[Record]) -> str:
    """The records as a piece of a zone file."""
    head = f"; mail of {domain}: publish these records with your DNS provider\n"
    return head + "".join(f"{record.line}\n" for record in lines)


def look(domain: str, hostname: str) -> list[str]:
    """Sentences on what is missing or wrong in the published DNS; empty when all is well."""
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver()
        resolver.lifetime = LOOK_SECONDS
        answer = resolver.resolve(domain, "MX")
        exchanges = {str(rr.exchange).rstrip(".").lower() for rr in answer}
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        exchanges = set()
    except (dns.exception.DNSException, OSError) as error:
        return [f"DNS could not be asked ({error.__class__.__name__}); look again later"]
    if hostname.lower() in exchanges:
        return []
    if exchanges:
        return [f"the MX of {domain} is {', '.join(sorted(exchanges))}, not {hostname}"]
    return [f"{domain} has no MX record yet"]


def addresses_of(hostname: str) -> tuple[str, ...]:
    """The published addresses of a host, without those of this machine's loopback."""
    import socket

    try:
        found = socket.getaddrinfo(hostname, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    texts = dict.fromkeys(str(entry[4][0]) for entry in found)
    return tuple(text for text in texts if not text.startswith("127.") and text != "::1")
