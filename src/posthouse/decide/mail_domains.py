"""Whether mail can go to a domain, as the DNS has it. RFC 5321 5.1, 7505 3"""

from typing import Final, Protocol

NULL_EXCHANGERS: Final = frozenset({"", "."})
"""RFC 7505 3: the only exchanger of a domain that takes no mail."""


class Records(Protocol):
    """What is asked of a resolver."""

    async def exchangers(self, domain: str) -> list[tuple[int, str]] | None:
        """MX records as (preference, host), [] when it has none; None: no such domain."""

    async def addresses(self, host: str) -> list[str]:
        """IPv6 and IPv4 addresses."""


class MailDomains:
    """The `Lookup` of `decide.names`. `silence` is what the resolver raises when nobody answers."""

    __slots__ = ("_records", "_silence")

    def __init__(self, records: Records, silence: type[Exception]) -> None:
        self._records = records
        self._silence = silence

    async def takes_mail(self, domain: str) -> bool | None:
        """None when nobody can say now."""
        try:
            exchangers = await self._records.exchangers(domain)
            if exchangers is None:
                return False
            if exchangers:
                return any(host not in NULL_EXCHANGERS for _, host in exchangers)
            # RFC 5321 5.1: without an exchanger the domain itself is one
            return bool(await self._records.addresses(domain))
        except self._silence:
            return None
