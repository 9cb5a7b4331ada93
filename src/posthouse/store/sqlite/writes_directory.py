"""Domains, accounts and aliases. Each of these raises the directory's epoch in the same
transaction.

An account that is removed loses its name, credentials and mailboxes at once; its letters are swept
later in slices.
"""

import json
from typing import Final

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import Context, next_modseq, raise_epoch
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.writes_mailboxes import make_mailbox, make_superiors
from posthouse.store.values import (
    AccountAdded,
    AddAccount,
    AddDomain,
    Credential,
    Done,
    PutAlias,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    RenameAccount,
    RenameDomain,
    SetAccount,
    Why,
)

IN_DOMAIN: Final = "substr(address, -length(?1)-1)='@'||?1"
"""Addresses of one domain; the condition's binding is the domain's name."""


def add_domain(db: Database, value: AddDomain, context: Context) -> Done:
    del context
    _refuse_domain(db, value.name)
    db.execute("INSERT INTO domain VALUES (?)", (value.name,))
    raise_epoch(db)
    return Done()


def rename_domain(db: Database, value: RenameDomain, context: Context) -> Done:
    """Accounts, aliases and the targets of aliases that lie in the domain follow it."""
    _require_domain(db, value.name, Why.GONE)
    _refuse_domain(db, value.new_name)
    epoch = raise_epoch(db)
    old, new = "@" + value.name, "@" + value.new_name
    db.execute("UPDATE domain SET name=? WHERE name=?", (value.new_name, value.name))
    accounts = db.execute(
        f"SELECT id, address, shown FROM account WHERE {IN_DOMAIN}",
        (value.name,),
    ).fetchall()
    for account, address, shown in accounts:
        db.execute(
            "UPDATE account SET address=?, shown=?, epoch=? WHERE id=?",
            (address.removesuffix(old) + new, shown.rpartition("@")[0] + new, epoch, account),
        )
        context.touched.setdefault(account, 0)
    for address, packed in db.execute("SELECT address, targets FROM alias").fetchall():
        targets = [
            target.removesuffix(old) + new if target.endswith(old) else target
            for target in json.loads(packed)
        ]
        renamed = address.removesuffix(old) + new if address.endswith(old) else address
        db.execute(
            "UPDATE alias SET address=?, targets=? WHERE address=?",
            (renamed, _pack_targets(targets), address),
        )
    return Done()


def remove_domain(db: Database, value: RemoveDomain, context: Context) -> Done:
    del context
    _require_domain(db, value.name, Why.GONE)
    for table in ("account", "alias"):
        used = db.execute(
            f"SELECT 1 FROM {table} WHERE {IN_DOMAIN} LIMIT 1",
            (value.name,),
        ).get
        if used is not None:
            raise StoreFailure(Why.IN_USE, f"{value.name} has accounts or aliases")
    db.execute("DELETE FROM domain WHERE name=?", (value.name,))
    raise_epoch(db)
    return Done()


def add_account(db: Database, value: AddAccount, context: Context) -> AccountAdded:
    _require_domain(db, _domain_of(value.address), Why.NO_DOMAIN)
    _refuse_account(db, value.address)
    _refuse_alias(db, value.address)
    epoch = raise_epoch(db)
    account: int = db.execute(
        "UPDATE site SET value=value+1 WHERE key='account' RETURNING value"
    ).get
    db.execute(
        "INSERT INTO account (id, address, shown, quota_octets, quota_letters, epoch, created)"
        " VALUES (?,?,?,?,?,?,?)",
        (
            account,
            value.address,
            value.shown,
            value.quota_octets,
            value.quota_letters,
            epoch,
            context.now,
        ),
    )
    _put_credentials(db, account, value.credentials)
    modseq = next_modseq(db, account, context)
    make_mailbox(db, account, "INBOX", "", modseq, context)
    for name, special_use in value.mailboxes:
        exists = db.execute("SELECT 1 FROM mailbox WHERE account=? AND name=?", (account, name)).get
        if exists is None:
            make_superiors(db, account, name, modseq, context)
            make_mailbox(db, account, name, special_use, modseq, context)
        else:  # a superior made on the way
            db.execute(
                "UPDATE mailbox SET special_use=? WHERE account=? AND name=?",
                (special_use, account, name),
            )
    return AccountAdded(account)


def set_account(db: Database, value: SetAccount, context: Context) -> Done:
    account = value.account
    _require_account(db, account)
    epoch = raise_epoch(db)
    db.execute(
        "UPDATE account SET quota_octets=coalesce(?,quota_octets),"
        " quota_letters=coalesce(?,quota_letters), enabled=coalesce(?,enabled), epoch=? WHERE id=?",
        (value.quota_octets, value.quota_letters, value.enabled, epoch, account),
    )
    if value.credentials is not None:
        db.execute("DELETE FROM credential WHERE account=?", (account,))
        _put_credentials(db, account, value.credentials)
    context.touched.setdefault(account, 0)
    return Done()


def rename_account(db: Database, value: RenameAccount, context: Context) -> Done:
    _require_account(db, value.account)
    _require_domain(db, _domain_of(value.address), Why.NO_DOMAIN)
    _refuse_account(db, value.address, but=value.account)
    _refuse_alias(db, value.address)
    db.execute(
        "UPDATE account SET address=?, shown=?, epoch=? WHERE id=?",
        (value.address, value.shown, raise_epoch(db), value.account),
    )
    context.touched.setdefault(value.account, 0)
    return Done()


def remove_account(db: Database, value: RemoveAccount, context: Context) -> Done:
    """Its number is never given again, so what the sweep has not reached yet can meet nobody."""
    account = value.account
    _require_account(db, account)
    raise_epoch(db)
    modseq = next_modseq(db, account, context)
    db.execute("UPDATE account SET address=NULL, enabled=0 WHERE id=?", (account,))
    for table in ("credential", "mailbox", "subscription", "login"):
        db.execute(f"DELETE FROM {table} WHERE account=?", (account,))
    return Done(modseq)


def put_alias(db: Database, value: PutAlias, context: Context) -> Done:
    del context
    _require_domain(db, _domain_of(value.address), Why.NO_DOMAIN)
    _refuse_account(db, value.address)
    db.execute(
        "INSERT INTO alias VALUES (?,?) ON CONFLICT DO UPDATE SET targets=excluded.targets",
        (value.address, _pack_targets(value.targets)),
    )
    raise_epoch(db)
    return Done()


def remove_alias(db: Database, value: RemoveAlias, context: Context) -> Done:
    del context
    gone = db.execute("DELETE FROM alias WHERE address=? RETURNING address", (value.address,)).get
    if gone is None:
        raise StoreFailure(Why.GONE, f"no alias {value.address}")
    raise_epoch(db)
    return Done()


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def _pack_targets(targets: tuple[str, ...] | list[str]) -> str:
    return json.dumps(targets, ensure_ascii=False)


def _put_credentials(db: Database, account: int, credentials: tuple[Credential, ...]) -> None:
    for credential in credentials:
        db.execute(
            "INSERT OR REPLACE INTO credential VALUES (?,?,?)",
            (account, credential.method, credential.data),
        )


def _require_account(db: Database, account: int) -> None:
    if db.execute("SELECT 1 FROM account WHERE id=? AND address NOT NULL", (account,)).get is None:
        raise StoreFailure(Why.GONE, f"no account {account}")


def _require_domain(db: Database, name: str, why: Why) -> None:
    if db.execute("SELECT 1 FROM domain WHERE name=?", (name,)).get is None:
        raise StoreFailure(why, f"no domain {name}")


def _refuse_domain(db: Database, name: str) -> None:
    if db.execute("SELECT 1 FROM domain WHERE name=?", (name,)).get is not None:
        raise StoreFailure(Why.EXISTS, f"domain {name} exists")


def _refuse_account(db: Database, address: str, but: int = 0) -> None:
    found = db.execute("SELECT id FROM account WHERE address=?", (address,)).get
    if found is not None and found != but:
        raise StoreFailure(Why.EXISTS, f"account {address} exists")


def _refuse_alias(db: Database, address: str) -> None:
    if db.execute("SELECT 1 FROM alias WHERE address=?", (address,)).get is not None:
        raise StoreFailure(Why.EXISTS, f"alias {address} exists")
