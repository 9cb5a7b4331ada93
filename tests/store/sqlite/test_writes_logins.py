"""The log-in history below the contract."""

from pathlib import Path

from tests.store.sqlite.made import kept, ledger_in

from posthouse.base.clock import SetClock
from posthouse.store.settings import StoreSettings
from posthouse.store.values import RecordLogin


def test_as_many_rows_as_configured(tmp_path: Path) -> None:
    """The oldest go; numbers are not given again."""
    ledger = ledger_in(tmp_path, SetClock(), StoreSettings(disk_reserve_octets=0, logins_max=2))
    for at in range(5):
        kept(ledger, RecordLogin(1, at, "imap", f"192.0.2.{at}", "PLAIN", ""))
    kept(ledger, RecordLogin(1, 9, "imap", "192.0.2.9", "PLAIN", "", "wrong password"))

    rows = ledger.db.execute("SELECT refused, number, peer FROM login").fetchall()
    assert rows == [(0, 4, "192.0.2.3"), (0, 5, "192.0.2.4"), (1, 1, "192.0.2.9")]
    ledger.close()
