"""The private data directory, and root given up."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

import pytest

from app_house import Running
from posthouse.app.privileges import PrivilegeFailed, find_person, make_private


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


def test_root_is_given_up_for_the_whole_house() -> None:
    """Named a user, no process of the house is root, and the data are the user's."""
    if os.geteuid() != 0:
        return  # there is nothing to give up
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = 'user = "nobody"\nworkers = 1\n[listen]\nsmtp = ["127.0.0.1:0"]\nimap = []\n'
        with Running(folder, config + "imaps = []\nhttp = []\n") as house:
            house.ready()
            assert house.say(b"hi") == b"hi"
            status = house.status()
            nobody = pwd.getpwnam("nobody").pw_uid
            for pid in (status["supervisor"], status["scribe"], *status["workers"]):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                ids = next(line for line in lines if line.startswith("Uid:")).split()[1:]
                assert set(ids) == {str(nobody)}
            assert {path.stat().st_uid for path in house.data.iterdir()} == {nobody}
            assert house.data.stat().st_uid == nobody
