"""Changes of the directory, checked and said in words: what the command line, the admin page and
an API all use.

Every change is one unit of work and true at once in every process. What cannot be done raises
`NotDone` with a sentence and a
hint on the next step; nothing was changed then.
"""

from typing import Final

from posthouse.directory.credentials import credentials_for
from posthouse.mail.address import Address, normal_domain, parse_address
from posthouse.store.contract import Account, Alias, Domain, Store, StoreFailure
from posthouse.store.values import (
    AccountAdded,
    AddAccount,
    AddDomain,
    AnyResult,
    AnyValue,
    PutAlias,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    RenameAccount,
    RenameDomain,
    SetAccount,
    Why,
)

SPECIAL_MAILBOXES: Final = (
    ("Drafts", "\\Drafts"),
    ("Sent", "\\Sent"),
    ("Junk", "\\Junk"),
    ("Trash", "\\Trash"),
    ("Archive", "\\Archive"),
)
"""What a new account finds beside INBOX. RFC 6154"""


CHOOSE_ANOTHER: Final = "choose another password"
AGAIN: Final = "nothing was changed; try again in a moment"
UNCHANGED: Final = "nothing was changed"
HINTS: Final = {
    Why.EXISTS: "posthouse account list and posthouse alias list show who has it",
    Why.NO_DOMAIN: "posthouse domain list shows those that are ours",
    Why.GONE: "posthouse domain list, account list and alias list show what there is",
}


class NotDone(Exception):
    """Why a change was not made, and what to do next."""

    def __init__(self, sentence: str, hint: str, *, temporary: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.temporary = temporary


def domain_of(text: str) -> str:
    """The key form of a domain name as a person writes it."""
    try:
        return normal_domain(text.strip().removeprefix("@"))
    except ValueError as error:
        sentence = f"{text!r} is not a domain name: {error}"
        raise NotDone(sentence, "for example example.org") from error


def address_of(text: str) -> Address:
    """An address as a person writes it."""
    try:
        return parse_address(text.strip())
    except ValueError as error:
        sentence = f"{text!r} is not an address: {error}"
        raise NotDone(sentence, "for example ann@example.org") from error


class Manage:
    """All changes of the directory, over one store."""

    __slots__ = ("_scram", "_store")

    def __init__(self, store: Store, *, scram: bool = True) -> None:
        self._store = store
        self._scram = scram

    # ---- domains

    async def add_domain(self, name: str) -> str:
        key = domain_of(name)
        await self._do(AddDomain(key), {Why.EXISTS: f"domain {key} is there already"})
        return key

    async def rename_domain(self, name: str, new_name: str) -> tuple[str, str]:
        key, new = domain_of(name), domain_of(new_name)
        await self._do(
            RenameDomain(key, new),
            {Why.GONE: f"there is no domain {key}", Why.EXISTS: f"domain {new} is there already"},
        )
        return key, new

    async def remove_domain(self, name: str) -> str:
        key = domain_of(name)
        await self._do(
            RemoveDomain(key),
            {
                Why.GONE: f"there is no domain {key}",
                Why.IN_USE: f"domain {key} still has accounts or aliases",
            },
            {Why.IN_USE: f"posthouse account list --domain {key}, and the same for alias"},
        )
        return key

    async def domain(self, name: str) -> Domain:
        key = domain_of(name)
        for domain in await self._store.domains():
            if domain.name == key:
                return domain
        raise NotDone(f"there is no domain {key}", "posthouse domain list")

    # ---- accounts

    async def add_account(
        self, text: str, password: str, quota_octets: int = 0, quota_letters: int = 0
    ) -> Account:
        address = address_of(text)
        try:
            credentials = credentials_for(password, scram=self._scram)
        except ValueError as error:
            raise NotDone(str(error), CHOOSE_ANOTHER) from error
        results = await self._do(
            AddAccount(
                address=address.key,
                shown=address.unicode,
                quota_octets=quota_octets,
                credentials=credentials,
                mailboxes=SPECIAL_MAILBOXES,
                quota_letters=quota_letters,
            ),
            {
                Why.EXISTS: f"{address} is an account or alias already",
                Why.NO_DOMAIN: f"domain {address.domain} is not ours",
            },
            {Why.NO_DOMAIN: f"posthouse domain add {address.domain}"},
        )
        assert isinstance(results[0], AccountAdded)
        account = await self._store.account(results[0].account)
        assert account is not None, "an account just added is there"
        return account

    async def account(self, text: str) -> Account:
        address = address_of(text)
        account = await self._store.account_by_address(address.key)
        if account is None:
            raise NotDone(f"there is no account {address}", "posthouse account list")
        return account

    async def rename_account(self, text: str, new_text: str) -> tuple[Account, Address]:
        account, new = await self.account(text), address_of(new_text)
        await self._do(
            RenameAccount(account.id, new.key, new.unicode),
            {
                Why.EXISTS: f"{new} is an account or alias already",
                Why.NO_DOMAIN: f"domain {new.domain} is not ours",
            },
            {Why.NO_DOMAIN: f"posthouse domain add {new.domain}"},
        )
        return account, new

    async def set_account(
        self,
        text: str,
        *,
        password: str | None = None,
        quota_octets: int | None = None,
        quota_letters: int | None = None,
        enabled: bool | None = None,
    ) -> Account:
        account = await self.account(text)
        credentials = None
        if password is not None:
            try:
                credentials = credentials_for(password, scram=self._scram)
            except ValueError as error:
                raise NotDone(str(error), CHOOSE_ANOTHER) from error
        change = SetAccount(account.id, quota_octets, enabled, credentials, quota_letters)
        await self._do(change, {})
        changed = await self._store.account(account.id)
        assert changed is not None, "an account just changed is there"
        return changed

    async def remove_account(self, text: str) -> Account:
        account = await self.account(text)
        await self._do(RemoveAccount(account.id), {Why.GONE: f"there is no account {text}"})
        return account

    # ---- aliases

    async def put_alias(self, text: str, targets: tuple[str, ...], *, new: bool) -> Alias:
        """With `new` an alias that is there already is an error, else it is replaced."""
        key = alias_key(text)
        known = await self._store.alias(key)
        if new and known is not None:
            raise NotDone(f"{key} is an alias already", f"posthouse alias set {key} TARGET ...")
        if not new and known is None:
            raise NotDone(f"there is no alias {key}", f"posthouse alias add {key} TARGET ...")
        keys = await self._targets(targets)
        await self._do(
            PutAlias(key, keys),
            {
                Why.EXISTS: f"{key} is an account already",
                Why.NO_DOMAIN: f"domain {key.rpartition('@')[2]} is not ours",
            },
            {Why.NO_DOMAIN: f"posthouse domain add {key.rpartition('@')[2]}"},
        )
        return Alias(key, keys)

    async def alias(self, text: str) -> Alias:
        key = alias_key(text)
        alias = await self._store.alias(key)
        if alias is None:
            raise NotDone(f"there is no alias {key}", "posthouse alias list")
        return alias

    async def rename_alias(self, text: str, new_text: str) -> tuple[str, str]:
        alias, new = await self.alias(text), alias_key(new_text)
        if await self._store.alias(new) is not None:
            raise NotDone(f"{new} is an alias already", f"posthouse alias show {new}")
        await self._do_all(
            (RemoveAlias(alias.address), PutAlias(new, alias.targets)),
            {
                Why.EXISTS: f"{new} is an account already",
                Why.NO_DOMAIN: f"domain {new.rpartition('@')[2]} is not ours",
            },
            {},
        )
        return alias.address, new

    async def remove_alias(self, text: str) -> str:
        key = alias_key(text)
        await self._do(RemoveAlias(key), {Why.GONE: f"there is no alias {key}"})
        return key

    async def _targets(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        keys: dict[str, None] = {}
        for target in targets:
            address = address_of(target)
            is_ours = await self._store.has_domain(address.domain)
            # Whether case matters elsewhere is not ours to say. RFC 5321 2.4
            keys[address.key if is_ours else address.text] = None
        if not keys:
            raise NotDone("an alias needs at least one target", "name an address for its mail")
        return tuple(keys)

    async def _do(
        self, value: AnyValue, sentences: dict[Why, str], hints: dict[Why, str] | None = None
    ) -> tuple[AnyResult, ...]:
        return await self._do_all((value,), sentences, hints or {})

    async def _do_all(
        self, values: tuple[AnyValue, ...], sentences: dict[Why, str], hints: dict[Why, str]
    ) -> tuple[AnyResult, ...]:
        try:
            return await self._store.commit(*values)
        except StoreFailure as failure:
            temporary = failure.why in (Why.FULL, Why.AWAY)
            sentence = sentences.get(failure.why, f"the store says: {failure.text}")
            hint = hints.get(failure.why, AGAIN if temporary else HINTS.get(failure.why, UNCHANGED))
            raise NotDone(sentence, hint, temporary=temporary) from failure


def alias_key(text: str) -> str:
    """Key form of an alias address; `@example.org` is the domain's catch-all."""
    text = text.strip()
    if text.startswith("@"):
        return "@" + domain_of(text)
    return address_of(text).key
