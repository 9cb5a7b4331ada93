"""What the station needs, and what it says it can."""

from pathlib import Path

from imap_house import House
from posthouse.read.imap.ports import AFTER_LOGIN


def test_what_is_offered_is_told_after_log_in(tmp_path: Path) -> None:
    """Every capability of the station is in the answer to LOGIN."""
    client = House(tmp_path).client()

    said = client.say("a LOGIN ann@example.org secret").decode()

    told = said.partition("a OK [CAPABILITY ")[2].partition("]")[0].split()
    assert set(AFTER_LOGIN) <= set(told)
