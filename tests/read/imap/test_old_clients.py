"""Programs of the nineties: every command of RFC 2060, and what some of them really say."""

from pathlib import Path

from imap_station_talk import Talk, all_talks, check, played
from talk import Cutter

COMMANDS_OF_RFC_2060 = {
    *("capability", "noop", "logout", "authenticate", "login", "select", "examine", "create"),
    *("delete", "rename", "subscribe", "unsubscribe", "list", "lsub", "status", "append"),
    *("check", "close", "expunge", "search", "fetch", "store", "copy", "uid", "experimental"),
}


@played("old*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


def test_no_command_is_left_out() -> None:
    """Each has a transcript of its own."""
    assert {talk.name.removeprefix("old_") for talk in all_talks("old_*")} >= COMMANDS_OF_RFC_2060
