"""Many units, one transaction, an outcome for each."""

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in, refused
from tests.store.sqlite.running import SETTINGS

from posthouse.base.clock import SetClock
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite import ledger as module
from posthouse.store.sqlite.ledger import Failed, Kept, Ledger
from posthouse.store.sqlite.verify import verify
from posthouse.store.values import (
    INBOX,
    AnyValue,
    CreateMailbox,
    DropLease,
    Expunge,
    Note,
    Place,
    SetAccount,
    TakeLease,
    Why,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = ledger_in(tmp_path)
    yield ledger
    ledger.close()


def mail(account: int = 1, size: int = 500) -> AnyValue:
    return letter(size=size).deliver(Place(account, INBOX))


def messages(ledger: Ledger) -> int:
    found: int = ledger.db.execute("SELECT messages FROM mailbox WHERE account=1 AND id=1").get
    return found


def test_a_unit_that_fails_fails_alone(ledger: Ledger) -> None:
    """Whether it fails before or after it has written, its neighbours are kept."""
    halfway = [CreateMailbox(1, "a"), CreateMailbox(1, "INBOX")]
    outcomes = ledger.commit([[mail()], halfway, [mail(7)], [mail()], [mail(), mail(7)]])

    assert [type(outcome) for outcome in outcomes] == [Kept, Failed, Failed, Kept, Failed]
    assert [o.why for o in outcomes if isinstance(o, Failed)] == [Why.EXISTS, Why.GONE, Why.GONE]
    assert messages(ledger) == 2
    assert ledger.db.execute("SELECT count(*) FROM mailbox").get == 1
    assert ledger.touched.keys() == {1}


def test_a_fault_of_ours_in_one_unit_is_not_the_others_loss(ledger: Ledger) -> None:
    """Even when SQLite cannot hold a value."""
    outcomes = ledger.commit([[mail()], [mail(2**70)], [mail()]])

    assert [type(outcome) for outcome in outcomes] == [Kept, Failed, Kept]
    assert outcomes[1].why == Why.OURS  # type: ignore[union-attr]
    assert messages(ledger) == 2


def test_nothing_written_needs_no_sync(ledger: Ledger) -> None:
    """A batch of refusals does not grow the log."""
    before = ledger.log_octets()
    records: list[object] = []
    outcomes = ledger.commit(
        [[mail(9)], [DropLease("x", "y")]], lambda db, outcomes: records.append(outcomes)
    )

    assert [type(outcome) for outcome in outcomes] == [Failed, Kept]
    assert ledger.log_octets() == before
    assert not records
    assert not ledger.committed


def test_the_record_is_in_the_same_transaction(ledger: Ledger) -> None:
    """When it cannot be written nothing is kept."""

    def record(db: module.Database, outcomes: list[module.Outcome]) -> None:
        db.execute("INSERT INTO unit VALUES (1, 2, 'not a blob', 4)")

    outcomes = ledger.commit([[mail()]], record)

    assert isinstance(outcomes[0], Failed)
    assert messages(ledger) == 0
    assert not ledger.committed
    assert isinstance(ledger.commit([[mail()]])[0], Kept)


def test_below_the_reserve_letters_wait_and_deletions_go_on(tmp_path: Path) -> None:
    """452 before ENOSPC; it ends by itself when there is room again."""
    clock = SetClock()
    ledger = ledger_in(tmp_path, clock)
    kept(ledger, mail())
    ledger.settings = StoreSettings(disk_reserve_octets=2**62)
    clock.advance(1)

    assert refused(ledger, mail()) is Why.FULL
    assert refused(ledger, letter().append(1, INBOX)) is Why.FULL
    assert kept(ledger, Expunge(1, INBOX, any_flag=True)).uids == ((1, 1),)
    kept(ledger, TakeLease("a", "b", 9))

    ledger.settings = SETTINGS
    clock.advance(1)
    kept(ledger, mail())
    ledger.close()


def fill(ledger: Ledger) -> tuple[int, Failed]:
    """Delivers until it fails: how many were kept, and the failure."""
    for number in range(10_000):
        outcome = ledger.commit([[mail(size=60_000)]])[0]
        if isinstance(outcome, Failed):
            return number, outcome
    raise AssertionError("the disk never filled")


def test_a_full_disk_fails_the_batch_and_harms_nothing(tmp_path: Path) -> None:
    """On a real file system without room; when room comes, the next letter is kept."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "posthouse-test", str(disk)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs root to mount a small disk")
    try:
        ledger = ledger_in(disk)
        count, failure = fill(ledger)

        assert failure.why == Why.FULL
        assert count > 10
        assert messages(ledger) == count
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        kept(ledger, mail())
        assert messages(ledger) == count + 1
        ledger.close()
        assert verify(disk, None, print).is_sound
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_file_that_may_not_grow_fails_the_batch(tmp_path: Path) -> None:
    """The same by the process's own limit on file sizes, in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            ledger = ledger_in(tmp_path)
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, -1))
            count, failure = fill(ledger)
            resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
            good = failure.why in (Why.FULL, Why.AWAY) and messages(ledger) == count
            good = good and isinstance(ledger.commit([[mail()]])[0], Kept)
            code = 0 if good else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert verify(tmp_path, None, print).is_sound


def test_checkpoints_bound_the_log(tmp_path: Path) -> None:
    """Copied back past the soft limit, so that the log begins again at its front."""
    settings = StoreSettings(disk_reserve_octets=0, wal_soft_octets=1024 * 1024)
    ledger = ledger_in(tmp_path, settings=settings)
    for _ in range(200):
        kept(ledger, mail(size=30_000))
        assert ledger.checkpoint(idle=False)

    assert ledger.log_octets() < 2 * 1024 * 1024
    ledger.close()


def test_an_old_reader_keeps_the_log_and_the_scribe_goes_on(tmp_path: Path) -> None:
    """The checkpoint says that it could not; when the reader ends, it can."""
    settings = StoreSettings(disk_reserve_octets=0, wal_soft_octets=1024 * 1024)
    ledger = ledger_in(tmp_path, settings=settings)
    reader = apsw.Connection(str(tmp_path / "mail.db"))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM email").fetchall()
    for _ in range(50):
        kept(ledger, mail(size=30_000))

    assert not ledger.checkpoint(idle=False)
    reader.execute("COMMIT")
    assert ledger.checkpoint(idle=False)
    reader.close()
    ledger.close()


def test_a_day_of_the_trace_made_in_vain_is_made_again(ledger: Ledger) -> None:
    """A unit that was taken back took the day's table with it."""
    note = Note(b"x" * 16, 1_795_000_000, "m@x", b"s")

    assert refused(ledger, note, mail(9)) is Why.GONE
    kept(ledger, note)
    assert ledger.db.execute("SELECT count(*) FROM trace_20775").get == 1


def test_a_disabled_account_is_still_known(ledger: Ledger) -> None:
    """`transact` is for the store's own work and keeps all or nothing."""

    def work(db: module.Database) -> None:
        db.execute("UPDATE account SET shown='x'")
        db.execute("INSERT INTO account (id) VALUES ('no number')")

    assert not ledger.transact(work)
    kept(ledger, SetAccount(1, enabled=False))
    assert ledger.db.execute("SELECT shown, enabled FROM account").get == ("ann@example.org", 0)
