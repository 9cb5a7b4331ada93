"""Which residents an address means: accounts, aliases, subaddresses, catch-all, postmaster.

Answers are cached as long as the directory's epoch stands; the epoch is read at each question (a
point read), so that a
removed account is true at once. Never raises for an address, however wrong: None means nobody.
"""

from collections import OrderedDict
from typing import Final

from posthouse.directory.residents import Resident
from posthouse.mail.address import fold_local, parse_address, split_subaddress
from posthouse.store.contract import Account, Store

CACHE_ENTRIES_MAX: Final = 20_000
ALIAS_DEPTH_MAX: Final = 10
"""Aliases that may lead to aliases; deeper ones end nowhere."""
ALIAS_ACCOUNTS_MAX: Final = 1_000
"""Accounts and addresses elsewhere that one alias can reach."""
POSTMASTER: Final = "postmaster"


class Directory:
    """Looks addresses up for one process."""

    __slots__ = ("_cache", "_epoch", "_separator", "_store")

    def __init__(self, store: Store, separator: str = "+") -> None:
        self._store = store
        self._separator = separator
        self._epoch = -1
        self._cache: OrderedDict[str, Resident | None] = OrderedDict()

    async def find(self, address: str) -> Resident | None:
        """The resident an envelope address means, or None when it is nobody here."""
        await self._refresh()
        cached = self._cache.get(address, self)
        if cached is not self:
            assert cached is None or isinstance(cached, Resident)
            return cached
        resident = await self._look_up(address)
        self._cache[address] = resident
        if len(self._cache) > CACHE_ENTRIES_MAX:
            self._cache.popitem(last=False)
        return resident

    async def is_local(self, address: str) -> bool:
        """Whether mail for this address's domain is ours, be there such a resident or not."""
        try:
            domain = parse_address(address).domain
        except ValueError:
            return False
        return await self._store.has_domain(domain)

    async def has_room(self, resident: Resident, octets: int) -> bool:
        """Whether anybody behind the resident may keep so many octets more, one at least: who of
        them has no room waits in the queue.
        """
        if not resident.has_quota or resident.outside:
            return True
        for number in resident.accounts:
            account = await self._store.account(number)
            if account is not None and account.has_room(max(octets, 1)):
                return True
        return False

    async def _refresh(self) -> None:
        epoch = await self._store.epoch()
        if epoch != self._epoch:
            self._cache.clear()
            self._epoch = epoch

    async def _look_up(self, text: str) -> Resident | None:
        if text.casefold() == POSTMASTER:  # RFC 5321 4.1.1.3: without a domain
            return await self._postmaster("")
        try:
            address = parse_address(text)
        except ValueError:
            return None
        if not await self._store.has_domain(address.domain):
            return None
        local, domain = fold_local(address.local), address.domain
        base, detail = split_subaddress(local, self._separator)
        found = await self._exact(f"{local}@{domain}", "")
        if found is None and detail is not None:
            written = split_subaddress(address.local, self._separator)[1] or ""
            found = await self._exact(f"{base}@{domain}", written)
        if found is None and POSTMASTER in (local, base):
            found = await self._postmaster(domain)  # RFC 5321 4.5.1: always accepted
        return found or await self._exact(f"@{domain}", "")

    async def _exact(self, key: str, detail: str) -> Resident | None:
        account = await self._store.account_by_address(key)
        if account is not None:
            has_quota = is_limited(account)
            return Resident(key, (account.id,), detail, account.enabled, has_quota)
        alias = await self._store.alias(key)
        if alias is None:
            return None
        accounts: dict[int, Account] = {}
        outside: dict[str, None] = {}
        await self._expand(alias.targets, accounts, outside, ALIAS_DEPTH_MAX, {key})
        if not accounts and not outside:
            return None
        enabled = tuple(account for account in accounts.values() if account.enabled)
        meant = enabled if outside else enabled or tuple(accounts.values())
        return Resident(
            key,
            tuple(account.id for account in meant),
            detail,
            enabled=bool(enabled or outside),
            has_quota=any(is_limited(account) for account in meant),
            outside=tuple(outside),
        )

    async def _expand(
        self,
        targets: tuple[str, ...],
        accounts: dict[int, Account],
        outside: dict[str, None],
        depth: int,
        seen: set[str],
    ) -> None:
        for target in targets:
            if target in seen or len(accounts) + len(outside) >= ALIAS_ACCOUNTS_MAX:
                continue
            seen.add(target)
            account = await self._account_of(target)
            if account is not None:
                accounts.setdefault(account.id, account)
                continue
            alias = await self._store.alias(target)
            if alias is not None:
                if depth > 0:
                    await self._expand(alias.targets, accounts, outside, depth - 1, seen)
            elif not await self._store.has_domain(target.rpartition("@")[2]):
                outside[target] = None

    async def _account_of(self, target: str) -> Account | None:
        account = await self._store.account_by_address(target)
        if account is None:
            local, _, domain = target.rpartition("@")
            base, detail = split_subaddress(local, self._separator)
            if detail is not None:
                account = await self._store.account_by_address(f"{base}@{domain}")
        return account

    async def _postmaster(self, domain: str) -> Resident | None:
        """Nobody named one: the domain's own postmaster@, else its oldest account, else the
        site's."""
        wanted = [domain] if domain else [d.name for d in await self._store.domains()]
        for name in wanted:
            found = await self._exact(f"{POSTMASTER}@{name}", "")
            if found is not None:
                return found
        for name in [*wanted, ""]:
            accounts = await self._store.accounts(name)
            if accounts:
                oldest = min(accounts, key=lambda account: account.id)
                return Resident(f"{POSTMASTER}@{domain}", (oldest.id,))
        return None


def is_limited(account: Account) -> bool:
    """Whether it may be full one day."""
    return account.quota_octets > 0 or account.quota_letters > 0
