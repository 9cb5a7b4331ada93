"""What goes, and what stays."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in
from tests.store.sqlite.running import quiet

from posthouse.base.clock import SetClock
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.sweep import Sweep
from posthouse.store.sqlite.verify import verify
from posthouse.store.values import (
    INBOX,
    Append,
    AppendLetter,
    Expunge,
    FlagChange,
    NewBody,
    Note,
    Place,
    RecordLogin,
    RemoveAccount,
    SetFlags,
    TakeLease,
)

DAY = 86_400


class House:
    """A ledger, its sweep, its clock."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.clock = SetClock()
        settings = StoreSettings(disk_reserve_octets=0, body_grace_seconds=100, sweep_rows_max=3)
        self.ledger: Ledger = ledger_in(data, self.clock, settings)
        self.sweep = Sweep(self.ledger, clock=self.clock, log=quiet(self.clock))

    def rest(self, seconds: float = 0) -> None:
        """Time goes by, then all there is to sweep is swept."""
        self.clock.advance(seconds)
        for _ in range(10_000):
            if not self.sweep.has_work:
                return
            self.sweep.step()
        raise AssertionError("the sweep never ends")

    def count(self, table: str) -> int:
        found: int = self.ledger.db.execute(f"SELECT count(*) FROM {table}").get
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.ledger.close()
    assert verify(tmp_path, None, print).is_sound


def in_file(house: House) -> AppendLetter:
    """A letter whose octets are a file."""
    made = letter()
    writer = BodyFiles(house.data).start(made.body.id)
    writer.write(made.octets)
    writer.finish()
    body = NewBody(made.body.id, made.body.digest, made.body.size, None)
    return AppendLetter(body, made.rendered, 0, 0, "")


def test_a_body_goes_after_its_grace(house: House) -> None:
    """A session that reads it may end; another account that names it keeps it."""
    letters = [letter() for _ in range(5)]
    for made in letters:
        kept(house.ledger, made.deliver(Place(1, INBOX)))
    file = in_file(house)
    kept(house.ledger, Append(1, INBOX, (file,)))
    kept(house.ledger, Expunge(1, INBOX, ((2, 9),), any_flag=True))

    house.rest()
    house.rest(99)
    assert house.count("body") == 6
    house.rest(2)

    assert house.count("body") == 1
    assert not BodyFiles(house.data).path(file.body.id).exists()


def test_a_body_named_again_within_its_grace_stays(house: House) -> None:
    """The sweep looks when it takes, not when it was told."""
    made = letter()
    kept(house.ledger, made.deliver(Place(1, INBOX)))
    kept(house.ledger, Expunge(1, INBOX, any_flag=True))
    kept(house.ledger, made.deliver(Place(1, INBOX)))

    house.rest(200)

    assert house.count("body") == 1


def test_what_a_dead_scribe_did_not_sweep_is_found(house: House) -> None:
    """The round looks at every body; the grace begins anew."""
    kept(house.ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(10)])
    kept(house.ledger, Expunge(1, INBOX, any_flag=True))
    house.ledger.unnamed.clear()

    house.rest(61)
    assert house.count("body") == 10
    house.rest(101)

    assert house.count("body") == 0


def test_a_removed_account_leaves_nothing(house: House) -> None:
    """In slices, its own row last."""
    for number in range(8):
        kept(house.ledger, letter().append(1, INBOX, keywords=f"k{number}"))
    kept(house.ledger, Expunge(1, INBOX, ((1, 2),), any_flag=True))
    kept(house.ledger, SetFlags(1, INBOX, ((1, 9),), FlagChange.ADD, 1, ""))
    kept(house.ledger, RemoveAccount(1))

    house.rest(61)
    house.rest(101)

    for table in ("account", "mailbox", "placement", "email", "tombstone", "change", "body"):
        assert house.count(table) == 0, table
    assert house.count("thread_key") == 0


def test_expired_tombstones_and_changes_raise_the_floor(house: House) -> None:
    """From then on we say that we do not know, instead of something wrong."""
    kept(house.ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(8)])
    gone = kept(house.ledger, Expunge(1, INBOX, ((1, 5),), any_flag=True)).modseq
    house.clock.advance(20 * DAY)
    young = kept(house.ledger, Expunge(1, INBOX, ((6, 6),), any_flag=True)).modseq

    house.rest(11 * DAY)

    assert house.ledger.db.execute("SELECT log_floor FROM account").get == gone
    assert house.count("tombstone") == 1
    assert house.ledger.db.execute("SELECT min(modseq) FROM change").get == young


def test_old_days_of_the_trace_go_whole(house: House) -> None:
    """The days that are kept stay."""
    now = int(house.clock.now())
    for days in (0, 1, 2):
        kept(house.ledger, Note(b"i" * 16, now + days * DAY, "", b""))

    house.rest(16 * DAY)

    assert house.count("trace_day") == 1
    kept(house.ledger, Note(b"i" * 16, now, "", b""))
    assert house.count("trace_day") == 2


def test_files_without_a_row_go_when_they_are_old(house: House) -> None:
    """What a crash left, parts of files too; a young one may be on its way."""
    known = in_file(house)
    kept(house.ledger, Append(1, INBOX, (known,)))
    old, young = in_file(house).body.id, in_file(house).body.id
    files = BodyFiles(house.data)
    part = files.path(old).with_name("half.part")
    part.write_bytes(b"x")
    past = house.clock.now() - 2 * DAY
    for path in (part, files.path(old), files.path(known.body.id)):
        os.utime(path, (past, past))
    os.utime(files.path(young), (past + 2 * DAY, past + 2 * DAY))

    house.rest(61)

    assert sorted(body for _, body in files.all() if body) == sorted([known.body.id, young])
    assert not part.exists()


def test_leases_long_over_and_writers_long_gone_go(house: House) -> None:
    """A lease that has just ended stays: it costs nothing."""
    now = int(house.clock.now())
    kept(house.ledger, TakeLease("old", "a", now), TakeLease("new", "a", now + 2 * DAY))
    insert: Any = house.ledger.db.execute
    insert("INSERT INTO unit VALUES (1, 1, x'90', ?)", (now,))

    house.rest(DAY + 61)

    assert house.ledger.db.execute("SELECT name FROM lease").fetchall() == [("new",)]
    assert house.count("unit") == 0


def test_the_clock_going_back_sweeps_nothing_early(house: House) -> None:
    """Grace is counted on the clock that only grows."""
    kept(house.ledger, letter().deliver(Place(1, INBOX)))
    kept(house.ledger, Expunge(1, INBOX, any_flag=True))
    house.rest()
    house.clock.jump(-1000 * DAY)
    house.rest(50)
    assert house.count("body") == 1
    house.clock.jump(3000 * DAY)
    house.rest(40)

    assert house.count("body") == 1


def test_old_log_ins_go(tmp_path: Path) -> None:
    """When the last of a row is so long ago; what is younger stays."""
    house = House(tmp_path)
    now = int(house.clock.now())
    for n in range(8):
        kept(house.ledger, RecordLogin(1, now + n * DAY, "imap", f"192.0.2.{n}", "PLAIN", ""))
    days = StoreSettings().login_days
    house.rest(days * DAY + 3.5 * DAY)

    assert house.count("login") == 4
    house.ledger.close()
