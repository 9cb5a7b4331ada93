"""What a write knows besides its value and the database: the time, the limits, and whom to tell
afterwards.

Also the numbers that the store gives: MODSEQ, UIDVALIDITY, the directory's epoch. All of them only
grow, whatever the clock does, because the last one given stands in the database and is raised in
the same transaction.
"""

from typing import Final

from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.database import Database
from posthouse.store.values import Why

UINT32_MAX: Final = 2**32 - 1
DAY_SECONDS: Final = 86_400


class Context:
    """One transaction's surroundings. `touched` and `unnamed` are told after the commit only."""

    __slots__ = ("now", "settings", "touched", "trace_days", "unnamed")

    def __init__(self, now: int, settings: StoreSettings, trace_days: set[int]) -> None:
        self.now = now
        self.settings = settings
        self.trace_days = trace_days
        """Days whose trace table is known to exist."""
        self.touched: dict[int, int] = {}
        """Accounts and their MODSEQ now."""
        self.unnamed: list[bytes] = []
        """Bodies whose letter went; perhaps another letter still names them."""


def next_modseq(db: Database, account: int, context: Context) -> int:
    """The next MODSEQ of an account. Fails with GONE."""
    modseq: int | None = db.execute(
        "UPDATE account SET modseq=modseq+1 WHERE id=? AND address NOT NULL RETURNING modseq",
        (account,),
    ).get
    if modseq is None:
        raise StoreFailure(Why.GONE, f"no account {account}")
    context.touched[account] = modseq
    return modseq


def next_uidvalidity(db: Database, context: Context) -> int:
    """Never given before on this site, and near to the time so that a restored old copy gives a new
    one too.
    """
    value: int = db.execute(
        "UPDATE site SET value=max(value+1, ?) WHERE key='uidvalidity' RETURNING value",
        (min(context.now, UINT32_MAX - DAY_SECONDS),),
    ).get
    if value > UINT32_MAX:
        raise StoreFailure(Why.LIMIT, "no UIDVALIDITY is left")
    return value


def raise_epoch(db: Database) -> int:
    """The directory changed: every cache of it is old."""
    epoch: int = db.execute("UPDATE site SET value=value+1 WHERE key='epoch' RETURNING value").get
    return epoch
