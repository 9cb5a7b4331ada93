"""Damage is found and named; what can be read is saved."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.base.ids import id_text
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.sqlite.database import DATABASE_NAME, PAGE_OCTETS
from posthouse.store.sqlite.verify import Findings, verify
from posthouse.store.values import INBOX, CreateMailbox, Deliver, Expunge, NewBody, Place


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten letters, one of them in a file, some expunged; all copied out of the log."""
    data = tmp_path / "data"
    data.mkdir()
    ledger = ledger_in(data)
    kept(ledger, CreateMailbox(1, "a"))
    for size in (300, 300, 300, 3000, 20_000, 60_000, 300, 300, 300):
        kept(ledger, letter(size=size).deliver(Place(1, INBOX), Place(1, 2)))
    made = letter(size=100_000)
    writer = BodyFiles(data).start(made.body.id)
    writer.write(made.octets)
    writer.finish()
    body = NewBody(made.body.id, made.body.digest, made.body.size, None)
    kept(ledger, Deliver(body, made.rendered, 5, (Place(1, INBOX),)))
    kept(ledger, Expunge(1, INBOX, ((2, 3),), any_flag=True))
    ledger.checkpoint(idle=True)
    ledger.close()
    return data


def look(data: Path, salvage: Path | None = None) -> Findings:
    said: list[str] = []
    found = verify(data, salvage, said.append)
    assert said == found.problems
    return found


def change(data: Path, *statements: str) -> None:
    db = apsw.Connection(str(data / DATABASE_NAME))
    for statement in statements:
        db.execute(statement)
    db.close()


def test_a_sound_store_is_sound(data: Path) -> None:
    """With figures of what was looked at."""
    found = look(data)

    assert found.is_sound
    assert (found.bodies, found.accounts, found.mailboxes, found.letters) == (10, 1, 2, 17)
    assert found.octets > 180_000
    assert found.orphan_files == found.unnamed_bodies == 0


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE mailbox SET messages=messages+1 WHERE id=2", "messages"),
        ("UPDATE mailbox SET unseen=0 WHERE id=2", "unseen"),
        ("UPDATE mailbox SET deleted=1 WHERE id=2", "deleted"),
        ("UPDATE mailbox SET octets=octets-1 WHERE id=2", "octets"),
        ("UPDATE mailbox SET uidnext=5 WHERE id=2", "UIDNEXT"),
        ("UPDATE mailbox SET highest_modseq=1 WHERE id=2", "HIGHESTMODSEQ"),
        ("UPDATE account SET letters=0", "letters"),
        ("UPDATE account SET octets=0", "octets"),
        ("UPDATE account SET modseq=1", "MODSEQ"),
        ("UPDATE account SET email=1", "last letter"),
        ("UPDATE account SET mailbox=1", "last mailbox"),
        ("UPDATE site SET value=0 WHERE key='account'", "last account given"),
        ("UPDATE site SET value=0 WHERE key='uidvalidity'", "last uidvalidity given"),
        ("DELETE FROM mailbox WHERE id=1", "no INBOX"),
        ("DELETE FROM email WHERE key % 10 = 5", "lost their email row"),
        ("DELETE FROM body WHERE row=5", "have no body"),
        ("DELETE FROM placement WHERE email=5", "in no mailbox"),
        ("UPDATE body SET octets=x'00' WHERE row=5", "1 octets instead of"),
        ("UPDATE body SET digest=zeroblob(32) WHERE row=5", "not what was stored"),
        ("PRAGMA user_version=99", "number 99"),
    ],
)
def test_each_kind_of_damage_is_named(data: Path, statement: str, says: str) -> None:
    """Counters, numbers, names, octets."""
    change(data, statement)

    assert any(says in problem for problem in look(data).problems)


def test_a_file_that_is_gone_or_changed_is_named(data: Path) -> None:
    """With the letter's id; files that nobody names are only counted."""
    files = BodyFiles(data)
    path, body = next(iter(files.all()))
    assert body is not None
    files.start(b"\0" * 16).finish()
    path.write_bytes(b"x" * path.stat().st_size)
    changed = look(data)
    path.unlink()
    gone = look(data)

    assert changed.problems == [f"body {id_text(body)} is not what was stored"]
    assert gone.problems == [f"body {id_text(body)} has no file"]
    assert changed.orphan_files == gone.orphan_files == 1


def header(octets: bytearray) -> None:
    octets[:100] = bytes(100)


def schema(octets: bytearray) -> None:
    octets[: 4 * PAGE_OCTETS] = b"\xff" * (4 * PAGE_OCTETS)


def every_tenth_page(octets: bytearray) -> None:
    for start in range(0, len(octets), 10 * PAGE_OCTETS):
        octets[start : start + PAGE_OCTETS] = b"\x55" * PAGE_OCTETS


def cut(octets: bytearray) -> None:
    del octets[-PAGE_OCTETS // 2 :]


@pytest.mark.parametrize("harm", [header, schema, every_tenth_page, cut])
def test_what_can_be_read_is_saved(
    data: Path, tmp_path: Path, harm: Callable[[bytearray], None]
) -> None:
    """Whatever part of the file is broken, letters on other pages come out, octet for octet."""
    whole = tmp_path / "whole"
    assert look(data, whole).salvaged == 10
    path = data / DATABASE_NAME
    octets = bytearray(path.read_bytes())
    harm(octets)
    path.write_bytes(octets)

    found = look(data, tmp_path / "saved")

    assert not found.is_sound
    assert found.salvaged >= 5
    for file in (tmp_path / "saved").iterdir():
        assert file.read_bytes() == (whole / file.name).read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600


def test_no_database_is_a_finding(tmp_path: Path) -> None:
    """Not an exception."""
    found = look(tmp_path, tmp_path / "saved")

    assert len(found.problems) == 2
    assert found.salvaged == 0


def test_it_looks_beside_a_running_writer(data: Path) -> None:
    """One state of each account, however it changes meanwhile."""
    ledger = ledger_beside(data)

    async def both() -> list[Findings]:
        found = []
        for _ in range(20):
            kept(ledger, letter().deliver(Place(1, INBOX)))
            found.append(look(data))
        return found

    assert all(found.is_sound for found in asyncio.run(both()))
    ledger.close()


def ledger_beside(data: Path):  # type: ignore[no-untyped-def]
    from tests.store.sqlite.running import SETTINGS, quiet

    from posthouse.base.clock import SetClock
    from posthouse.store.sqlite.ledger import Ledger

    clock = SetClock()
    return Ledger(data, clock=clock, log=quiet(clock), settings=SETTINGS)
