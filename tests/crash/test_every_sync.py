"""Durability proof 1 (docs/how-durability-works.md): the power is cut at every sync in turn.

A day of a store is recorded once. For every sync there was, the files are laid out as a disk would
have them if that sync never happened; the store is opened, verified, compared with the model, and
goes on. A second time, parts of what was not synced are there too, torn and out of order.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.crash.load import ACCOUNTS, Day, Unit, first_units, new_twin, now, tried, view
from tests.crash.synced_only_vfs import Disk, Event, Mark, Synced, lay_out, recording
from tests.letters import letter

from posthouse.base.clock import SetClock
from posthouse.base.log import Level, Log
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ledger import Failed, Kept, Ledger, Outcome
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader import Reader
from posthouse.store.sqlite.sweep import Sweep
from posthouse.store.sqlite.verify import verify
from posthouse.store.sqlite.writers import Writer, load
from posthouse.store.values import INBOX, Append, CreateMailbox, Why

SEED = 20261124
BATCHES = 220
WRITER = 4711
SETTINGS = StoreSettings(
    disk_reserve_octets=0, body_grace_seconds=0, wal_soft_octets=200_000, wal_octets_max=400_000
)


@dataclass
class Recorded:
    """A day: the journal, and what was true after each batch that was answered."""

    events: list[Event] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    modseqs: list[dict[int, int]] = field(default_factory=list)
    """Per account, after each batch."""
    units: int = 0
    refused: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    """Values of units that were kept, by their kind."""


class House:
    """A ledger with the scribe's record of one writer, as the scribe uses them."""

    def __init__(self, data: Path, clock: SetClock) -> None:
        self.log = Log(clock, lambda line: None, Level.ERROR)
        prepare(data, clock)
        self.ledger = Ledger(data, clock=clock, log=self.log, settings=SETTINGS)
        self.sweep = Sweep(self.ledger, clock=clock, log=self.log)
        self.writer: Writer = load(self.ledger.db, WRITER)
        self.clock = clock

    def commit(self, number: int, units: list[Unit]) -> list[Outcome]:
        """One transaction; the first unit has this number."""
        new: dict[int, Outcome] = {}

        def record(db: Database, outcomes: list[Outcome]) -> None:
            new.update(enumerate(outcomes, number))
            self.writer.record(db, new, int(self.clock.now()))

        self.writer.confirm(number - 1)
        outcomes = self.ledger.commit(units, record)
        if self.ledger.committed:
            self.writer.settle(new)
        return outcomes

    def modseqs(self) -> dict[int, int]:
        return dict(self.ledger.db.execute("SELECT id, modseq FROM account").fetchall())


def record_day(data: Path) -> Recorded:
    """Runs the load on the recorded disk and on the model."""
    clock = SetClock()
    files = BodyFiles(data)
    twin = new_twin(clock, files)
    day = Recorded()
    with recording(data) as journal:
        house = House(data, clock)

        def batches() -> Iterator[list[Unit]]:
            yield from ([unit] for unit in first_units())
            yield from Day(SEED, files, twin).batches(BATCHES)

        day.views.append(view(twin))
        day.modseqs.append(house.modseqs())
        number = 1
        for count, units in enumerate(batches(), 1):
            journal.mark(("begins", count, number + len(units) - 1))
            outcomes = house.commit(number, units)
            journal.mark(("answered", count))
            for unit, outcome in zip(units, outcomes, strict=True):
                why = Why(outcome.why).name if isinstance(outcome, Failed) else ""
                assert why == tried(twin, unit), (unit, outcome)
                if not why:
                    day.kept.update(type(value).__name__ for value in unit)
            number += len(units)
            day.units += len(units)
            day.refused += sum(isinstance(outcome, Failed) for outcome in outcomes)
            day.views.append(view(twin))
            day.modseqs.append(house.modseqs())
            clock.jump(random.Random(count).choice([0, 1, 60, -30]))
            house.ledger.checkpoint(idle=count % 9 == 0)
            if count % 13 == 0:
                clock.advance(3700)
                while house.sweep.has_work:
                    house.sweep.step()
        house.ledger.close()
    day.events = journal.events
    return day


@pytest.fixture(scope="module")
def day() -> Iterator[Recorded]:
    """Recorded once for all tests of this file."""
    with folder() as data:
        yield record_day(data)


class folder:  # noqa: N801 - reads as a word
    """A new data directory, in memory where the machine has a place for that."""

    def __enter__(self) -> Path:
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.path = Path(tempfile.mkdtemp(prefix="posthouse-crash-", dir=place))
        return self.path

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path)


def each_cut(
    day: Recorded, is_lost: Callable[[Synced], bool] = lambda event: False
) -> Iterator[tuple[int, Synced, Disk, int, tuple[int, int] | None]]:
    """For each sync, the moment before it: its number, itself, the disk, how many batches were
    answered, and the batch in flight with its last unit's number. Lost syncs never take effect."""
    disk = Disk()
    answered = cut = 0
    in_flight: tuple[int, int] | None = None
    for event in day.events:
        if isinstance(event, Mark):
            kind, *what = event.what
            if kind == "begins":
                in_flight = (what[0], what[1])
            else:
                answered, in_flight = what[0], None
        elif isinstance(event, Synced):
            cut += 1
            yield cut, event, disk, answered, in_flight
            if is_lost(event):
                continue
        disk.play(event)


def problems_after(
    files: dict[str, bytes],
    day: Recorded,
    answered: int,
    in_flight: tuple[int, int] | None,
    *,
    sweeps: bool = False,
) -> list[str]:
    """Opens what is left and says what is wrong with it, perhaps also after the first sweep."""
    with folder() as data:
        lay_out(files, data)
        house = House(data, SetClock())
        reader = Reader(data)
        try:
            found = list(verify(data, None, lambda text: None).problems)
            seen = view(reader)
            is_after = in_flight is not None and seen == day.views[in_flight[0]]
            if not is_after and seen != day.views[answered]:
                found.append(f"not what was answered: {difference(seen, day.views[answered])}")
                return found
            if in_flight is not None and is_after and seen != day.views[answered]:
                if house.writer.last != in_flight[1]:
                    found.append(f"record says {house.writer.last}, not {in_flight[1]}")
                if not house.writer.decided:
                    found.append("no outcome is recorded")
            if sweeps:
                for _ in house.sweep.round():
                    house.sweep.step()
                found += verify(data, None, lambda text: None).problems
                if view(reader) != seen:
                    found.append("the sweep took something")
            return found + going_on(house, reader, day, answered)
        finally:
            reader.close_reader()
            house.ledger.close()


def going_on(house: House, reader: Reader, day: Recorded, answered: int) -> list[str]:
    """The store goes on after the cut: nothing is given a second time."""
    found = []
    for account in ACCOUNTS[: 3 if answered >= 4 else 0]:
        box = now(reader.mailbox(account, INBOX))
        units: list[Unit] = [
            (Append(account, INBOX, (letter().appended(),)),),
            (CreateMailbox(account, f"after the cut {account}"),),
        ]
        last = max(box.uidvalidity for box in now(reader.mailboxes(account)))
        outcomes = house.commit(house.writer.last + 1, units)
        if account == 2 and isinstance(outcomes[0], Failed):
            outcomes[0] = outcomes[1]  # bob's quota
        else:
            assert isinstance(outcomes[0], Kept)
            appended: Any = outcomes[0].results[0]
            if appended.first_uid != box.uidnext:
                found.append(f"account {account}: UID {appended.first_uid}, not {box.uidnext}")
        assert isinstance(outcomes[1], Kept)
        created: Any = outcomes[1].results[0]
        if created.uidvalidity <= last:
            found.append(f"account {account}: UIDVALIDITY {created.uidvalidity} again")
        if created.modseq <= day.modseqs[answered].get(account, 0):
            found.append(f"account {account}: MODSEQ {created.modseq} again")
    return found


def difference(seen: dict[str, Any], expected: dict[str, Any]) -> str:
    """The first things that differ."""
    names = [name for name in expected.keys() | seen.keys() if seen.get(name) != expected.get(name)]
    return "; ".join(
        f"{name}: {str(seen.get(name))[:200]} instead of {str(expected.get(name))[:200]}"
        for name in sorted(names)[:3]
    )


def has_database(disk: Disk, event: Synced) -> bool:
    """Before the first name is durable there is nothing to open."""
    return "mail.db" in disk.certain(event.tree)


def test_the_day_is_full(day: Recorded) -> None:
    """The load has more than 200 units, refused ones among them, and more than 300 syncs."""
    syncs = [event for event in day.events if isinstance(event, Synced)]
    assert day.units > 200
    assert day.refused > 10
    assert len(syncs) > 300
    assert any(event.folder is not None and event.folder.startswith("bodies/") for event in syncs)
    assert min(day.kept[kind] for kind in ("Enqueue", "ClaimQueue", "Settle")) > 10
    assert sum(len(seen) > 20 and seen["queue counts"].taken > 0 for seen in day.views) > 100


def test_what_was_synced_is_enough(day: Recorded) -> None:
    """Cut before any sync: everything answered is there, nothing refused, numbers go on."""
    wrong = []
    for cut, event, disk, answered, in_flight in each_cut(day):
        files = disk.certain(event.tree)
        found = problems_after(files, day, answered, in_flight, sweeps=cut % 5 == 0)
        wrong += [f"cut {cut}, {answered} answered: {problem}" for problem in found]
        if len(wrong) > 3:
            break

    assert wrong == []


@pytest.mark.parametrize("seed", [1])
def test_parts_of_the_rest_do_no_harm(day: Recorded, seed: int) -> None:
    """Cut before any sync, with torn and reordered parts of what was not synced: the same."""
    wrong = []
    for cut, event, disk, answered, in_flight in each_cut(day):
        chance = random.Random(seed * 1_000_003 + cut)
        found = problems_after(disk.unlucky(event.tree, chance), day, answered, in_flight)
        wrong += [f"cut {cut}, {answered} answered: {problem}" for problem in found]
        if len(wrong) > 3:
            break

    assert wrong == []


def count_losses(day: Recorded, is_lost: Callable[[Synced], bool]) -> int:
    """Cuts, of a few, that lose something when such syncs are left out."""
    losses = 0
    for cut, event, disk, answered, in_flight in each_cut(day, is_lost):
        if cut % 25 == 0 and answered > 4:
            try:
                found = problems_after(disk.certain(event.tree), day, answered, in_flight)
            except Exception as error:  # noqa: BLE001 - a file that is no database is a loss too
                found = [str(error)]
            losses += bool(found)
    return losses


def test_the_proof_notices_a_missing_sync_of_the_log(day: Recorded) -> None:
    """A store that did not sync its log would be found out."""
    assert count_losses(day, lambda event: event.content is None and event.folder is None) > 3


def test_the_proof_notices_a_missing_sync_of_bodies(day: Recorded) -> None:
    """A store that did not sync its large bodies would be found out."""
    assert count_losses(day, lambda event: event.content is not None) > 3


def test_the_proof_notices_a_missing_sync_of_folders(day: Recorded) -> None:
    """A store that did not sync the folders of its large bodies would be found out."""
    assert count_losses(day, lambda event: (event.folder or "").startswith("bodies/")) > 3
