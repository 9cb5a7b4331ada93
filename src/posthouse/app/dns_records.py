"""The DNS records of a mail domain: what to publish. RFC 5321 5.1, 7208 2.3, 6186 3, 8314 5.1

Pure. What is published already, and what is wrong with it, is `dns_look.py`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from posthouse.mail.address import domain_to_unicode
from posthouse.net.listen import parse_address

TTL_SECONDS: Final = 3600
PLACEHOLDER: Final = "192.0.2.1"
"""Stands for an address that is not known: one of those that nobody has. RFC 5737 3"""
SERVICES: Final = {
    "imaps": ("_imaps", 993),
    "imap": ("_imap", 143),
    "pop3s": ("_pop3s", 995),
    "pop3": ("_pop3", 110),
    "submissions": ("_submissions", 465),
    "submission": ("_submission", 587),
}
"""Keys of [listen] that clients look for, with the name in the DNS and the port of the world."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a zone file. `why` is for the person who publishes it."""

    name: str
    kind: str
    value: str
    why: str

    def line(self, width: int = 0) -> str:
        """As it stands in a zone file, the name in so many columns."""
        return f"{self.name + '.':<{width}} {TTL_SECONDS} IN {self.kind:<4} {self.value}"


def records(
    domain: str,
    hostname: str,
    addresses: tuple[str, ...] = (),
    listen: Mapping[str, Sequence[str]] | None = None,
) -> list[Record]:
    """What a domain needs so that others send mail to `hostname` and clients find it.

    Names are A-labels. Services that `listen` turns off are said to be off; without it all are on.
    Where the host's addresses are not known a placeholder stands for them.
    """
    where = "where this server is"
    if not addresses:
        where = "WRITE THE ADDRESS OF THIS SERVER HERE, it is not known yet"
    found = [
        Record(hostname, "AAAA" if ":" in address else "A", address, where)
        for address in addresses or (PLACEHOLDER,)
    ]
    if hostname != domain:  # RFC 7208 2.3: bounces have no sender but this name; 3.2: one record
        found.append(Record(hostname, "TXT", '"v=spf1 a -all"', "its name in HELO is its own"))
    found += [
        Record(domain, "MX", f"10 {hostname}.", "mail for the domain comes here"),
        Record(domain, "TXT", '"v=spf1 mx -all"', "only this server sends for it"),
    ]
    off = "there is no such service"
    for service, (label, usual) in SERVICES.items():
        port = usual if listen is None else port_of(listen.get(service, ()), usual)
        # RFC 2782: a target of the root means that there is no such service. RFC 6186 3
        value = f"0 1 {port} {hostname}." if port else "0 0 0 ."
        why = "mail programs find the server" if port else off
        found.append(Record(f"{label}._tcp.{domain}", "SRV", value, why))
    return sorted(found, key=lambda record: record.why == off)


def port_of(addresses: Sequence[str], usual: int) -> int:
    """At which port of the world; 0 where a service is off. Who tries it on the loopback publishes
    the usual one.
    """
    for text in addresses:
        address = parse_address(text)
        if not address.path:
            return usual if _is_loopback(address.host) else address.port
    return 0


def zone(domain: str, lines: list[Record]) -> str:
    """The records as a piece of a zone file: names are absolute, so it can stand, or be included,
    in any. What belongs to another zone stands there as a comment.
    """
    people = domain_to_unicode(domain)
    of = domain if people == domain else f"{people} ({domain})"
    parts = [f"; Mail of {of}: publish these records with your DNS provider.\n"]
    width = max((len(record.name) for record in lines), default=0) + 1
    why = ""
    for record in lines:
        inside = record.name == domain or record.name.endswith(f".{domain}")
        told = record.why if inside else f"{record.why}: goes to the zone of {record.name}"
        if told != why:
            parts.append(f"; {told}\n")
            why = told
        parts.append(f"{'' if inside else '; '}{record.line(width)}\n")
    for record in lines:
        if record.kind in ("A", "AAAA") and record.value != PLACEHOLDER:
            reverse = ipaddress.ip_address(record.value).reverse_pointer
            parts.append("; the way back, which the owner of the address publishes for you\n")
            parts.append(f"; {reverse}. IN PTR {record.name}.\n")
    return "".join(parts)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
