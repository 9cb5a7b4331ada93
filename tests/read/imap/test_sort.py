"""SORT and THREAD at the station."""

from pathlib import Path
from typing import Any

import pytest

from imap_house import House
from imap_station_talk import Talk, check, plain_letter, played
from posthouse.read.imap.sort import _distinct
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from posthouse.wire.imap.commands import SortKey
from talk import Cutter


@played("sort*")
def test_sort_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


@played("thread*")
def test_thread_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


def test_others_have_their_turn(tmp_path: Path) -> None:
    """While one client sorts and threads a large mailbox, another one is answered."""
    house = House(tmp_path)
    letter = plain_letter("One")
    for _ in range(1500):
        house.letter(letter)
    busy, other = house.client(), house.client()
    for client in (busy, other):
        client.say("a LOGIN ann@example.org secret")
        assert b"a OK" in client.say("a SELECT INBOX")
    for command in (b"SORT (SUBJECT DATE)", b"THREAD REFERENCES", b"THREAD ORDEREDSUBJECT"):
        busy.send(b"b " + command + b" UTF-8 ALL\r\n")
        other.send(b"c NOOP\r\n")

        assert b"c OK" in other.take()
        assert b"b OK" not in busy.take()
        house.settle()
        assert b"b OK" in busy.take()
    house.close()


class Away:
    """A store of which letters cannot be read just now."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        if self.is_away and name in ("letters", "find"):
            raise StoreFailure(Why.AWAY, "away")
        return getattr(self.inner, name)


@pytest.mark.parametrize("command", ["SORT RETURN (SAVE) (DATE) UTF-8", "SEARCH RETURN (SAVE)"])
def test_what_fails_saves_nothing(command: str, tmp_path: Path) -> None:
    """What was saved before is forgotten too; without SAVE it stays. RFC 5182 2.1"""
    house = House(tmp_path, wrap=Away)
    house.letter(plain_letter("One"))
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    assert client.say("a SEARCH RETURN (SAVE) ALL").startswith(b"a OK")

    house.store.is_away = True
    assert b"a NO [UNAVAILABLE]" in client.say("a " + command.replace("SAVE", "ALL") + " FLAGGED")
    house.store.is_away = False
    assert b"* 1 FETCH" in client.say("a FETCH $ UID")
    house.store.is_away = True
    assert b"a NO [UNAVAILABLE]" in client.say(f"a {command} FLAGGED")
    house.store.is_away = False
    assert b"* 1 FETCH" not in client.say("a FETCH $ UID")
    house.close()


def test_a_key_twice() -> None:
    """Only the first of a name counts."""
    keys = tuple(
        SortKey(name, reverse) for name, reverse in (("A", True), ("B", False), ("A", False))
    )

    assert _distinct(keys) == [keys[0], keys[1], None]
