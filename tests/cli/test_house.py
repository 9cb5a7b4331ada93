"""How a command reaches the house."""

import stat

import pytest

from cli.conftest import Command
from posthouse.store.sqlite.lock import DataLock


def test_without_a_data_directory(posthouse: Command) -> None:
    """69, and which command makes one."""
    posthouse.data.rmdir()
    for words in (("domain", "list"), ("account", "list"), ("alias", "list"), ("verify",)):
        ended = posthouse.run(*words, code=69)
        assert f"there is no data directory {posthouse.data}" in ended.err


def test_the_lock_is_given_back(posthouse: Command) -> None:
    """Commands one after the other work alone on the directory, and leave it free."""
    posthouse.run("domain", "add", "example.org")
    posthouse.run("domain", "list")
    with DataLock(posthouse.data):
        pass


def test_somebody_else_holds_the_directory(posthouse: Command) -> None:
    """Where another process writes and no scribe answers, the command says so with 75."""
    posthouse.run("domain", "add", "example.org")
    posthouse.configure("[store]\naway_seconds_max = 1.0\n")
    with DataLock(posthouse.data):
        ended = posthouse.run("domain", "list", code=75)
    assert "try again" in ended.err or "holds" in ended.err


def test_a_database_that_is_none(posthouse: Command) -> None:
    """A damaged store: 65 and a sentence that leads to `verify`, no traceback."""
    posthouse.run("domain", "add", "example.org")
    for name in ("mail.db-wal", "mail.db-shm"):
        (posthouse.data / name).unlink(missing_ok=True)
    (posthouse.data / "mail.db").write_bytes(b"this is no database\n" * 1000)

    ended = posthouse.run("domain", "list", code=65)
    assert "posthouse verify" in ended.err


def test_not_allowed(posthouse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of somebody else: 77."""

    def refuses(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("posthouse.cli.house.open_direct", refuses)
    assert "not allowed" in posthouse.run("domain", "list", code=77).err


def test_files_are_private(populated: Command) -> None:
    """What a command makes is its owner's only."""
    for path in populated.data.iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
