"""Letters out of files that SQLite would not open."""

import random
from pathlib import Path

from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.base.ids import id_text
from posthouse.store.sqlite.database import DATABASE_NAME
from posthouse.store.sqlite.salvage import Salvage
from posthouse.store.values import INBOX, Place


def test_letters_that_stand_in_the_log_alone_are_found(tmp_path: Path) -> None:
    """After a crash nothing was copied back yet."""
    ledger = ledger_in(tmp_path)
    sizes = (200, 5_000, 8_140, 8_192, 40_000, 65_000)
    letters = [letter(size=size) for size in sizes]
    kept(ledger, *[made.deliver(Place(1, INBOX)) for made in letters])

    count = Salvage(tmp_path, tmp_path / "saved", print).run()

    ledger.close()
    assert count == len(sizes)
    for made in letters:
        name = f"{id_text(made.body.id)}.eml"
        assert (tmp_path / "saved" / name).read_bytes() == made.octets


def test_noise_gives_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    """Whatever stands on the pages."""
    chance = random.Random(7)
    pages = b"".join(
        bytes([13]) + bytes([0, 0, 1, 0, 0, 0, 0]) + chance.randbytes(8184) for _ in range(50)
    )
    (tmp_path / DATABASE_NAME).write_bytes(pages + b"short")
    (tmp_path / f"{DATABASE_NAME}-wal").write_bytes(chance.randbytes(50_000))

    assert Salvage(tmp_path, tmp_path / "saved", print).run() == 0
