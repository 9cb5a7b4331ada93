"""Where connections come in."""

from pathlib import Path

from imap_house import House
from posthouse.read.imap.door import ImapDoor


def test_each_connection_has_a_session_of_its_own(tmp_path: Path) -> None:
    """Greeted, not logged in, counted while it lasts."""
    house = House(tmp_path)
    one, two = house.client(), house.client()

    assert one.take().startswith(b"* OK [CAPABILITY IMAP4rev1 ")
    one.say("a LOGIN ann@example.org secret")
    assert two.say('b LIST "" *').endswith(b"b BAD Log in first\r\n")
    assert house.row.values[5] == 2
    one.hang_up()
    house.settle()
    assert house.row.values[5] == 1
    assert ImapDoor(house.imap, "imaps").name == "imaps"
