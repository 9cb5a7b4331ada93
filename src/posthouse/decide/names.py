"""Do the domains that a letter names exist? Full qualification always, the DNS where configured.

RFC 5321 2.3.5: names are fully qualified, but for those that the directory knows as our own.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from posthouse.base.errors import Blame, Refusal
from posthouse.decide.inspector import Named
from posthouse.directory.resolve import Directory
from posthouse.mail.address import Address, parse_address

SENDER_FIELDS: Final = frozenset(
    {"MAIL FROM", "From", "Sender", "Reply-To", "Resent-From", "Resent-Sender"}
)
DOMAINS_ASKED_MAX: Final = 100
"""Domains of one letter looked up in the DNS; the rest is taken as it is."""


class Lookup(Protocol):
    """What the DNS says."""

    async def takes_mail(self, domain: str) -> bool | None:
        """Whether mail can go to the domain; None when nobody can say now. RFC 5321 5.1, 7505"""


async def decide_names(
    names: Iterable[Named],
    *,
    directory: Directory,
    lookup: Lookup | None,
    resolvable: str = "no",
) -> None:
    """Every domain once. Raises Refusal; `resolvable` as in [submission]."""
    known: set[str] = set()
    asked = 0
    for named in names:
        address = named.address
        domain = address.domain
        if domain in known or address.is_literal:
            continue
        known.add(domain)
        if "." not in domain:
            if not await directory.is_local(address.text):
                raise _unqualified(named)
            continue
        wanted = resolvable == "all" or (resolvable == "senders" and named.field in SENDER_FIELDS)
        if lookup is None or not wanted or asked >= DOMAINS_ASKED_MAX:
            continue
        if await directory.is_local(address.text):
            continue
        asked += 1
        _decide_answer(named, await lookup.takes_mail(domain))


async def decide_name(
    field: str,
    text: str,
    *,
    directory: Directory,
    lookup: Lookup | None,
    resolvable: str = "no",
) -> Address | None:
    """One address of the envelope. None for what has no domain (the null sender, postmaster)."""
    if "@" not in text:
        return None
    try:
        address = parse_address(text)
    except ValueError as error:
        raise Refusal(553, _status(field, "3"), f"{field}: {error}", str(error)) from error
    await decide_names(
        [Named(field, address)], directory=directory, lookup=lookup, resolvable=resolvable
    )
    return address


def _unqualified(named: Named) -> Refusal:
    say = (
        f"{named.field}: a fully qualified domain, as host.example.org, found {named.address.text}"
    )
    return Refusal(550, _status(named.field, "3"), say, f"{named.field} not qualified")


def _decide_answer(named: Named, takes_mail: bool | None) -> None:
    domain = named.address.domain
    if takes_mail is None:
        say = f"{named.field}: the DNS does not answer for {domain} now, try again later"
        raise Refusal(450, "4.4.3", say, domain, Blame.WORLD)
    if not takes_mail:
        say = f"{named.field}: a domain that takes mail, found {domain}, for which the DNS has none"
        raise Refusal(550, _status(named.field, "2"), say, f"{domain} takes no mail")


def _status(field: str, recipient_detail: str) -> str:
    """RFC 3463 3.2: 7 and 8 blame the sender's address, 2 and 3 the recipient's."""
    if field in SENDER_FIELDS:
        return "5.1.8" if recipient_detail == "2" else "5.1.7"
    return f"5.1.{recipient_detail}"
