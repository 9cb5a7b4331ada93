"""What the scribe remembers of those who write."""

from pathlib import Path

from tests.store.sqlite.made import ledger_in

from posthouse.store.sqlite.ledger import Failed, Kept
from posthouse.store.sqlite.writers import Writer, load
from posthouse.store.values import Claimed, Done, Why

KEPT = Kept((Done(4), Claimed(1, 2)))
FAILED = Failed(Why.GONE, "no account")


def test_an_unknown_writer_has_decided_nothing(tmp_path: Path) -> None:
    """Its first number is 1."""
    ledger = ledger_in(tmp_path)
    writer = load(ledger.db, 7)
    ledger.close()

    assert (writer.id, writer.last, writer.decided) == (7, 0, {})


def test_the_record_holds_all_that_was_not_confirmed(tmp_path: Path) -> None:
    """Also of earlier batches; what is confirmed is forgotten."""
    ledger = ledger_in(tmp_path)
    writer = Writer(7, 0, {})
    for new in ({1: KEPT, 2: FAILED}, {3: KEPT}):
        ledger.transact(lambda db, new=new: writer.record(db, new, 5))  # type: ignore[misc]
        writer.settle(new)  # type: ignore[arg-type]

    again = load(ledger.db, 7)
    assert again.last == 3
    assert again.decided == {1: KEPT, 2: FAILED, 3: KEPT}

    again.confirm(2)
    ledger.transact(lambda db: again.record(db, {4: KEPT}, 6))
    again.settle({4: KEPT})
    assert load(ledger.db, 7).decided == {3: KEPT, 4: KEPT} == again.decided
    ledger.close()


def test_a_record_rolled_back_was_never_made(tmp_path: Path) -> None:
    """It is exactly as true as the units themselves."""
    ledger = ledger_in(tmp_path)
    writer = Writer(7, 0, {})
    ledger.db.execute("BEGIN")
    writer.record(ledger.db, {1: KEPT}, 5)
    ledger.db.execute("ROLLBACK")

    assert load(ledger.db, 7).last == 0
    ledger.close()
