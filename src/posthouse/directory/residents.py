"""Who an address means. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """A local address that somebody gets mail at."""

    address: str
    """Key form of the address that was found: the account's or the alias', without the
    subaddress."""
    accounts: tuple[int, ...]
    """Every account that gets a copy, no duplicates."""
    detail: str = ""
    """The subaddress, the part behind "+". RFC 5233"""
    enabled: bool = True
    """False when no account behind it may receive."""
    has_quota: bool = False
    """One of the accounts may be full; then it is looked at for each letter."""
    outside: tuple[str, ...] = ()
    """Addresses elsewhere that get a copy: an alias may lead there."""
