"""The private data directory, and root given up."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

import pytest

from app_house import Running
from posthouse.app import privileges
from posthouse.app.privileges import (
    Person,
    PrivilegeFailed,
    acting_as,
    expect_reachable,
    find_person,
    give,
    make_private,
)

# At home only: CI runs as root, and a skip there is a failure (tests/conftest.py).
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="there is nothing to give up")


def test_the_directory_is_made_private(tmp_path: Path) -> None:
    """It is made, and closed to others when it was open."""
    data = tmp_path / "deep" / "data"
    make_private(data, None)
    data.chmod(0o755)
    make_private(data, None)

    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """With a sentence, not a traceback."""
    (tmp_path / "data").write_text("")
    with pytest.raises(PrivilegeFailed, match="the data directory"):
        make_private(tmp_path / "data", None)


def test_who_we_may_become() -> None:
    """Nobody when none is named; an unknown name is refused; ourselves is nothing to do."""
    assert find_person("") is None
    with pytest.raises(PrivilegeFailed, match="no user"):
        find_person("no-such-person-here")
    me = pwd.getpwuid(os.geteuid()).pw_name
    person = find_person(me)
    assert person is None or person.uid == os.geteuid() == 0


@pytest.fixture
def nobody() -> Person:
    entry = pwd.getpwnam("nobody")
    return Person(entry.pw_name, entry.pw_uid, entry.pw_gid)


@AS_ROOT
def test_files_are_made_as_the_user(nobody: Person) -> None:
    """Private ones of his; afterwards we are root again. Without a user nothing changes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        with acting_as(nobody):
            (folder / "his").touch()
            (folder / "deep").mkdir()
        with acting_as(None):
            (folder / "ours").touch()

        assert os.geteuid() == 0
        assert (folder / "his").stat().st_uid == nobody.uid
        assert stat.S_IMODE((folder / "his").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "deep").stat().st_mode) == 0o700
        assert (folder / "ours").stat().st_uid == 0


@AS_ROOT
def test_only_what_is_plainly_root_s_is_given(tmp_path: Path, nobody: Person) -> None:
    """Files and folders below; not what a link leads to, nor a file with another name elsewhere,
    nor what is somebody else's.
    """
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    for name in ("outside", "data/deep/file", "data/other"):
        (tmp_path / name).touch()
    os.chown(data / "other", 12345, 12345)
    (data / "link").symlink_to(tmp_path / "outside")
    os.link(tmp_path / "outside", data / "hard")
    give(data, nobody)

    given = {path for path in (data, *data.rglob("*")) if path.lstat().st_uid == nobody.uid}
    assert given == {data, data / "deep", data / "deep/file", data / "link"}
    assert (tmp_path / "outside").stat().st_uid == 0


@AS_ROOT
def test_files_of_another_are_named(
    tmp_path: Path, nobody: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that mends it; a configuration of root's is no trouble."""
    monkeypatch.setattr(privileges, "expect_readable_program", lambda _person: None)
    make_private(tmp_path, nobody)
    (tmp_path / "posthouse.toml").touch()
    expect_reachable(tmp_path, nobody)
    (tmp_path / "mail.db").touch()
    with pytest.raises(PrivilegeFailed, match=r"mail.db belongs to user 0") as found:
        expect_reachable(tmp_path, nobody)
    assert found.value.hint == f"chown -R nobody: {tmp_path}"
    expect_reachable(tmp_path, None)


@AS_ROOT
def test_a_directory_that_the_user_cannot_reach_is_said(tmp_path: Path) -> None:
    """The folders above it may be closed to him: a sentence and exit 77, no traceback.

    That all works where they are open is in tests/machine.
    """
    with tempfile.TemporaryDirectory() as name:  # closed to all but root
        with Running(Path(name), 'user = "nobody"\n[listen]\nsmtp = ["127.0.0.1:0"]\n') as house:
            assert house.stopped() == 77
        expected = f"posthouse: nobody cannot reach the data directory {name}/data\n"
        assert house.log[0] == expected
        assert house.log[1].startswith("hint: ")
    assert tmp_path.exists()
