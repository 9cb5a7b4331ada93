"""APPEND by transcripts, and what becomes of files when a session ends at the wrong moment."""

from pathlib import Path

from imap_house import House
from imap_station_talk import Talk, check, played
from talk import Cutter


@played("append*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """Letters are all there or none is, and refusals come as early as they can."""
    check(talk, tmp_path, cut, slow=slow)


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """An error of the disk is a NO [UNAVAILABLE], and nothing is left."""
    house = House(tmp_path)
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    (tmp_path / "bodies").write_text("no folder")

    said = client.say(b"a APPEND INBOX {70000+}\r\n" + b"x" * 70_000)

    assert said.endswith(
        b"a NO [UNAVAILABLE] The server has no room just now, please try again later\r\n"
    )
    assert not [line for line in house.lines if b"traceback" in line]
    house.close()
