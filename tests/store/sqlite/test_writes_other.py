"""Leases and the trace below the contract."""

from pathlib import Path

from tests.store.sqlite.made import kept, ledger_in, refused

from posthouse.base.clock import SetClock
from posthouse.store.values import DropLease, Note, TakeLease, Why


def test_a_lease_is_one_holder_s_until_its_time(tmp_path: Path) -> None:
    """Prolonged by the holder, taken by another when it is over or given back."""
    clock = SetClock()
    ledger = ledger_in(tmp_path, clock)
    now = int(clock.now())
    kept(ledger, TakeLease("drop/1", "a", now + 10))
    kept(ledger, TakeLease("drop/1", "a", now + 20))

    assert refused(ledger, TakeLease("drop/1", "b", now + 30)) is Why.IN_USE
    kept(ledger, DropLease("drop/1", "b"))
    assert refused(ledger, TakeLease("drop/1", "b", now + 30)) is Why.IN_USE
    clock.advance(20)
    kept(ledger, TakeLease("drop/1", "b", now + 30))
    kept(ledger, DropLease("drop/1", "b"))
    kept(ledger, TakeLease("drop/1", "c", now + 30))
    ledger.close()


def test_each_day_has_its_table(tmp_path: Path) -> None:
    """Made once, also over a restart; a time before 1970 is the first day."""
    for _ in range(2):
        ledger = ledger_in(tmp_path) if not (tmp_path / "mail.db").exists() else again(tmp_path)
        kept(ledger, Note(b"x" * 16, 86_399, "", b""), Note(b"x" * 16, 86_400, "", b""))
        kept(ledger, Note(b"x" * 16, -5, "", b""))
        ledger.close()
    ledger = again(tmp_path)

    assert ledger.db.execute("SELECT day FROM trace_day").fetchall() == [(0,), (1,)]
    assert ledger.db.execute("SELECT count(*) FROM trace_0").get == 4
    ledger.close()


def again(data: Path):  # type: ignore[no-untyped-def]
    from tests.store.sqlite.running import SETTINGS, quiet

    from posthouse.store.sqlite.ledger import Ledger

    clock = SetClock()
    return Ledger(data, clock=clock, log=quiet(clock), settings=SETTINGS)
