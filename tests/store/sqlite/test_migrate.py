"""From every schema to the newest, or not at all."""

import shutil
from pathlib import Path

import apsw
import pytest

from posthouse.base.clock import SetClock
from posthouse.store.sqlite.database import DATABASE_NAME
from posthouse.store.sqlite.migrate import (
    SCHEMA_FOLDER,
    SchemaTooNew,
    migrations,
    prepare,
)

CLOCK = SetClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The schema with a second step."""
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA_FOLDER, folder)
    (folder / f"{len(migrations()) + 1:04d}_more.sql").write_text(
        "CREATE TABLE more (a INTEGER) STRICT; INSERT INTO more SELECT value FROM site;"
    )
    return folder


def tables(data: Path, name: str = DATABASE_NAME) -> set[str]:
    db = apsw.Connection(str(data / name))
    return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}


def test_an_empty_directory_gets_the_newest_schema(tmp_path: Path) -> None:
    """Private, with the site's first numbers; a second time changes nothing."""
    newest = len(migrations())

    assert prepare(tmp_path, CLOCK) == newest
    assert prepare(tmp_path, CLOCK) == newest
    assert (tmp_path / DATABASE_NAME).stat().st_mode & 0o777 == 0o600
    db = apsw.Connection(str(tmp_path / DATABASE_NAME))
    site = dict(db.execute("SELECT key, value FROM site").fetchall())
    assert site.keys() == {"epoch", "uidvalidity", "account", "created", "instance"}
    assert not list(tmp_path.glob("mail.before-*"))


def test_a_migration_keeps_the_data_and_a_copy(tmp_path: Path, folder: Path) -> None:
    """The copy is the database as it was before."""
    prepare(tmp_path, CLOCK)
    before = tables(tmp_path)
    newest = prepare(tmp_path, CLOCK, folder)

    assert newest == len(migrations()) + 1
    assert tables(tmp_path) == before | {"more"}
    copies = list(tmp_path.glob("mail.before-*.db"))
    assert len(copies) == 1
    assert tables(tmp_path, copies[0].name) == before
    db = apsw.Connection(str(tmp_path / DATABASE_NAME))
    assert db.execute("SELECT count(*) FROM more").get == 5


def test_a_newer_schema_is_refused(tmp_path: Path, folder: Path) -> None:
    """With what to do about it."""
    prepare(tmp_path, CLOCK, folder)

    with pytest.raises(SchemaTooNew, match="use the newer Posthouse again"):
        prepare(tmp_path, CLOCK)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, folder: Path) -> None:
    """All steps or none."""
    prepare(tmp_path, CLOCK)
    broken = folder / f"{len(migrations()) + 2:04d}_broken.sql"
    broken.write_text("CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);")
    before = tables(tmp_path)

    with pytest.raises(apsw.SQLError):
        prepare(tmp_path, CLOCK, folder)

    assert tables(tmp_path) == before
    assert prepare(tmp_path, CLOCK) == len(migrations())
