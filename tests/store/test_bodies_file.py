"""Body files: whole and synced before they have a name."""

import hashlib
import os
from pathlib import Path

import pytest

from posthouse.base.ids import id_text
from posthouse.store.bodies_file import BodyFiles

ID = bytes(range(16))


def test_a_finished_body_reads_back(tmp_path: Path) -> None:
    """What was written in pieces is read whole or in part."""
    files = BodyFiles(tmp_path)
    writer = files.start(ID)
    writer.write(b"abc")
    writer.write(memoryview(b"defgh"))
    writer.finish()

    assert files.read(ID) == b"abcdefgh"
    assert files.read(ID, 2, 3) == b"cde"
    assert writer.size == 8
    assert writer.digest == hashlib.sha256(b"abcdefgh").digest()
    assert files.path(ID) == tmp_path / "bodies" / id_text(ID)[-2:] / id_text(ID)


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    """0600 and 0700, whatever the umask is."""
    before = os.umask(0)
    try:
        writer = BodyFiles(tmp_path).start(ID)
        writer.finish()
    finally:
        os.umask(before)
    path = BodyFiles(tmp_path).path(ID)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_dropped_body_leaves_nothing(tmp_path: Path) -> None:
    """Neither a name nor a part of a file."""
    files = BodyFiles(tmp_path)
    writer = files.start(ID)
    writer.write(b"abc")
    writer.drop()
    writer.drop()

    assert list(files.all()) == []
    with pytest.raises(KeyError):
        files.read(ID)


def test_the_name_comes_after_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, then name, then folder: a crash in between leaves no name without its octets."""
    steps: list[str] = []
    files = BodyFiles(tmp_path)
    writer = files.start(ID)
    path = files.path(ID)
    datasync, sync = os.fdatasync, os.fsync

    def note_file(handle: int) -> None:
        steps.append(f"file {path.exists()}")
        datasync(handle)

    def note_folder(handle: int) -> None:
        steps.append(f"folder {path.exists()}")
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", note_file)
    monkeypatch.setattr(os, "fsync", note_folder)
    writer.write(b"abc")
    writer.finish()

    assert steps == ["file False", "folder True"]


def test_what_is_not_a_body_is_listed_without_an_id(tmp_path: Path) -> None:
    """So that the sweep can take away what a crash left."""
    files = BodyFiles(tmp_path)
    files.start(ID).finish()
    half = files.start(bytes(16))
    strange = tmp_path / "bodies" / "readme"
    strange.write_text("not a folder")

    found = dict(files.all())
    half.drop()

    assert found.pop(files.path(ID)) == ID
    assert set(found.values()) == {None}
    assert len(found) == 2


def test_removing_twice_is_no_matter(tmp_path: Path) -> None:
    """A file that is gone is gone."""
    files = BodyFiles(tmp_path)
    files.start(ID).finish()
    files.remove(ID)
    files.remove(ID)

    with pytest.raises(KeyError):
        files.open(ID)


def test_an_id_is_written_once(tmp_path: Path) -> None:
    """Two writers of one body are a fault of ours and found at once."""
    files = BodyFiles(tmp_path)
    first = files.start(ID)

    with pytest.raises(FileExistsError):
        files.start(ID)
    first.drop()
