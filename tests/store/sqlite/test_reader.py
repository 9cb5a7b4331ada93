"""Reading beside a writer: short steps, nothing left open."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.store.bodies_file import BodyFiles
from posthouse.store.contract import Condition, StoreFailure
from posthouse.store.sqlite import reader as module
from posthouse.store.sqlite.direct import all_now, run_now
from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.reader import Reader
from posthouse.store.values import INBOX, Deliver, Expunge, NewBody, Note, Place, Why

ALL = ((1, 2**32 - 1),)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Ledger, Reader]]:
    ledger, reader = ledger_in(tmp_path), Reader(tmp_path)
    yield ledger, reader
    reader.close_reader()
    ledger.close()


def fill(ledger: Ledger, count: int) -> None:
    kept(ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(count)])


def test_an_open_slice_pins_nothing(both: tuple[Ledger, Reader]) -> None:
    """Between two steps of a sliced read the log can be copied back and letters may go."""
    ledger, reader = both
    fill(ledger, 600)

    async def read() -> list[int]:
        found = []
        async for rows in reader.letters(1, INBOX, ALL, ("uid", "octets")):
            found += [row[0] for row in rows]
            kept(ledger, Expunge(1, INBOX, ((found[-1] + 2, found[-1] + 2),), any_flag=True))
            assert ledger.checkpoint(idle=True)
        return found

    found = run_now(read())

    assert found == sorted(set(found))
    assert 500 < len(found) < 600


def test_slices_are_small(both: tuple[Ledger, Reader]) -> None:
    """256 rows, 32 with octets; many ranges without letters give the loop a turn too."""
    ledger, reader = both
    fill(ledger, 600)
    sizes = [len(rows) for rows in all_now(reader.letters(1, INBOX, ALL, ("uid",)))]
    heavy = [len(rows) for rows in all_now(reader.letters(1, INBOX, ALL, ("octets",)))]
    nowhere = tuple((uid, uid) for uid in range(10_000, 12_000, 2))
    steps = all_now(reader.letters(1, INBOX, nowhere, ("uid",)))

    assert sizes == [256, 256, 88]
    assert max(heavy) == module.OCTETS_SLICE
    assert len(steps) >= 3
    assert all(not rows for rows in steps)


def test_find_looks_at_so_many_rows_a_step(
    both: tuple[Ledger, Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing is found; borders of steps lose no letter."""
    ledger, reader = both
    fill(ledger, 95)
    kept(ledger, Expunge(1, INBOX, ((10, 30), (40, 41)), any_flag=True))
    monkeypatch.setattr(module, "FIND_ROWS", 10)
    unseen = Condition("flags", "bits_off", 1)
    steps = all_now(reader.find(1, INBOX, ALL, (unseen,)))
    none = all_now(reader.find(1, INBOX, ALL, (Condition("from_text", "contains", "zz"),)))
    parts = all_now(reader.find(1, INBOX, ((1, 12), (35, 80), (94, 99)), (unseen,)))

    assert [uid for part in steps for uid in part] == [
        uid for uid in range(1, 96) if not (10 <= uid <= 30 or 40 <= uid <= 41)
    ]
    assert len(none) > 5
    assert [uid for part in parts for uid in part] == [
        *range(1, 10), *range(35, 40), *range(42, 81), 94, 95,
    ]  # fmt: skip


def test_large_bodies_come_from_their_files(both: tuple[Ledger, Reader]) -> None:
    """In pieces; their `octets` column is None."""
    ledger, reader = both
    made = letter(size=100_000)
    writer = BodyFiles(ledger.data).start(made.body.id)
    writer.write(made.octets)
    writer.finish()
    body = NewBody(made.body.id, made.body.digest, made.body.size, None)
    kept(ledger, Deliver(body, made.rendered, 5, (Place(1, INBOX),)))

    assert all_now(reader.letters(1, INBOX, ALL, ("octets",))) == [[(None,)]]
    assert run_now(reader.octets(made.body.id)) == made.octets
    assert run_now(reader.octets(made.body.id, 50_000, 7)) == made.octets[50_000:50_007]


def test_no_database_is_a_store_that_is_away(tmp_path: Path) -> None:
    """As while the very first scribe starts; later the same reader reads."""
    reader = Reader(tmp_path)
    with pytest.raises(StoreFailure) as failure:
        run_now(reader.epoch())
    ledger = ledger_in(tmp_path)

    assert failure.value.why is Why.AWAY
    assert run_now(reader.epoch()) == ledger.epoch()
    reader.close_reader()
    ledger.close()


def test_the_trace_goes_over_all_days(both: tuple[Ledger, Reader]) -> None:
    """By letter oldest first, by message id newest first up to a limit."""
    ledger, reader = both
    day = 86_400
    for number in range(3):
        kept(ledger, Note(b"l" * 16, number * day + 5, "m@x", bytes([number])))

    rows = run_now(reader.trace(b"l" * 16))
    newest = run_now(reader.trace_by_message_id("m@x", 2))

    assert [row.stations for row in rows] == [b"\0", b"\1", b"\2"]
    assert [row.stations for row in newest] == [b"\2", b"\1"]


def test_figures_for_status(both: tuple[Ledger, Reader]) -> None:
    """Counted from the accounts, without a scan of the letters."""
    ledger, reader = both
    fill(ledger, 3)
    sizes: Any = run_now(reader.sizes())

    assert (sizes.accounts, sizes.letters) == (1, 3)
    assert sizes.body_octets > 100
    assert sizes.log_octets > 0
    assert asyncio.iscoroutinefunction(reader.sizes)
