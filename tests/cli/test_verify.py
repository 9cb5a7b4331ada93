"""`posthouse verify`."""

from pathlib import Path

from cli.conftest import Command


def test_a_sound_house(populated: Command) -> None:
    """All is counted and sound; for programs too."""
    ended = populated.run("verify")
    assert "0 letters of 2 accounts" in ended.out
    assert "everything is sound" in ended.out
    told = populated.run("verify", "--json").json
    assert told["accounts"] == 2
    assert told["problems"] == []


def test_a_damaged_house(populated: Command) -> None:
    """Problems are named, the exit code is 65, and the next step is said."""
    for name in ("mail.db-wal", "mail.db-shm"):
        (populated.data / name).unlink(missing_ok=True)
    (populated.data / "mail.db").write_bytes(b"this is no database\n" * 1000)
    ended = populated.run("verify", code=65)
    assert "problem:" in ended.err
    assert "--salvage" in ended.err
    assert populated.run("verify", "--json", code=65).json["problems"]


def test_salvage(populated: Command, tmp_path: Path) -> None:
    """What can be read is written as files; how many is said."""
    ended = populated.run("verify", "--salvage", str(tmp_path / "out"))
    assert f"0 letters written to {tmp_path / 'out'}" in ended.out


def test_without_a_house(posthouse: Command) -> None:
    """69 where there is no data directory."""
    posthouse.data.rmdir()
    posthouse.run("verify", code=69)
