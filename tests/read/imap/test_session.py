"""The whole session: walks, failures, the end; and that a fault of ours is no end of the world."""

import zlib
from pathlib import Path
from typing import Any

import pytest

from imap_house import House
from imap_station_talk import Fickle, Talk, all_talks, check, expected, plain_letter, play, played
from talk import Cutter, whole


@played("session*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


@pytest.mark.parametrize("talk", all_talks(), ids=str)
def test_talk_on_the_embedded_engine(talk: Talk, tmp_path: Path) -> None:
    """All transcripts of the station hold on SQLite as they do on its twin."""
    assert expected(talk) == play(talk, tmp_path, whole, slow=False, on_sqlite=True)


class Broken:
    """A store of which one question is a fault of ours."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.broken = ""

    def __getattr__(self, name: str) -> Any:
        if name == self.broken:
            raise ZeroDivisionError(name)
        return getattr(self.inner, name)


def selected(house: House) -> Any:
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    assert b"a OK" in client.say("a SELECT INBOX")
    return client


def test_a_fault_is_answered_and_logged(tmp_path: Path) -> None:
    """The client hears NO [SERVERBUG], the log has the traceback, the session goes on."""
    house = House(tmp_path, wrap=Broken)
    house.letter(plain_letter("One"))
    client = selected(house)

    house.store.broken = "letters"

    assert client.say("d FETCH 1 FLAGS") == (
        b"d NO [SERVERBUG] The server failed, please try again later\r\n"
    )
    assert any(b"ZeroDivisionError" in line for line in house.lines)
    house.store.broken = ""
    assert b"d OK" in client.say("d FETCH 1 FLAGS")
    house.close()


def test_a_fault_while_idle_ends_the_connection(tmp_path: Path) -> None:
    """Nobody asked, so nobody can be answered."""
    house = House(tmp_path, wrap=Broken)
    client = selected(house)
    client.say("a IDLE")
    house.store.broken = "mailbox"

    house.letter(plain_letter("One"))
    house.settle()

    assert client.is_closed
    assert any(b"ZeroDivisionError" in line for line in house.lines)
    house.close()


def test_a_client_that_leaves_amid_a_command(tmp_path: Path) -> None:
    """Watches and uploads go with the connection, whatever it was doing."""
    house = House(tmp_path, wrap=lambda inner: Fickle(inner, slow=True))
    for number in range(300):
        house.letter(plain_letter(f"Letter {number}"))
    client = selected(house)
    other = selected(house)
    idle = selected(house)
    idle.say("a IDLE")

    client.send(b"a FETCH 1:* BODY.PEEK[]\r\n")
    client.hang_up()
    other.send(b"a APPEND INBOX {70000}\r\n" + b"x" * 66_000)
    house.letter(plain_letter("News"))
    other.hang_up()
    idle.hang_up()
    house.settle()

    assert house.memory._watches == []
    assert list(house.files.all()) == []
    assert house.row.values[5] == 0, "no session is counted any more"
    assert not [line for line in house.lines if b"traceback" in line]
    house.close()


def test_a_compressed_session(tmp_path: Path) -> None:
    """After COMPRESS everything goes both ways as before, pushed news too. RFC 4978"""
    house = House(tmp_path)
    client = selected(house)
    assert client.say("b COMPRESS DEFLATE") == b"b OK DEFLATE from here on\r\n"
    out, into = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    def say(line: bytes) -> bytes:
        client.send(out.compress(line + b"\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
        house.settle()
        return into.decompress(client.take())

    assert say(b"c NOOP") == b"c OK Nothing to do, done\r\n"
    assert say(b"c COMPRESS DEFLATE").startswith(b"c NO [COMPRESSIONACTIVE] ")
    assert say(b"d IDLE") == b"+ idling\r\n"
    house.letter(plain_letter("One"))
    house.settle()
    assert into.decompress(client.take()) == b"* 1 EXISTS\r\n"
    assert b"BODY[]" in say(b"DONE\r\ne FETCH 1 BODY[]")
    house.close()
