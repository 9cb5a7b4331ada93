"""The history of log-ins: a few rows an account, those that are alike counted in one."""

from typing import Final

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import Context
from posthouse.store.sqlite.database import Database
from posthouse.store.values import Done, RecordLogin, Why

_NEWEST: Final = (
    "SELECT number, door, peer, mechanism, tls, why FROM login"
    " WHERE account=? AND refused=? ORDER BY number DESC LIMIT 1"
)
_AGAIN: Final = (
    "UPDATE login SET last=max(last, ?), count=count+1 WHERE account=? AND refused=? AND number=?"
)


def record_login(db: Database, value: RecordLogin, context: Context) -> Done:
    """The newest row of its kind counts one more, or a row is added and the oldest one goes."""
    account, kind = value.account, int(bool(value.refused))
    fields = (value.door, value.peer, value.mechanism, value.tls, value.refused)
    newest = db.execute(_NEWEST, (account, kind)).get
    if newest is not None and newest[1:] == fields:
        db.execute(_AGAIN, (value.at, account, kind, newest[0]))
        return Done()
    exists = db.execute("SELECT 1 FROM account WHERE id=? AND address NOT NULL", (account,)).get
    if exists is None:
        raise StoreFailure(Why.GONE, f"no account {account}")
    number = newest[0] + 1 if newest is not None else 1
    db.execute(
        "INSERT INTO login VALUES (?,?,?,?,?,1,?,?,?,?,?)",
        (account, kind, number, value.at, value.at, *fields),
    )
    db.execute(
        "DELETE FROM login WHERE account=? AND refused=? AND number<=?",
        (account, kind, number - context.settings.logins_max),
    )
    return Done()
