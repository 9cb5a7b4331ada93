"""FETCH by transcripts, and how it goes about many letters and slow clients."""

from pathlib import Path

from imap_house import House
from imap_station_talk import Talk, check, plain_letter, played
from posthouse.store.values import INBOX, Expunge
from talk import Cutter
from turn import run_now


@played("fetch*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """FETCH answers what the transcript says."""
    check(talk, tmp_path, cut, slow=slow)


def test_many_letters_with_gaps(tmp_path: Path) -> None:
    """Each answer has the number of its message, also where UIDs are missing."""
    house = House(tmp_path)
    for number in range(700):
        house.letter(plain_letter(f"Letter {number}"))
    run_now(house.memory.commit(Expunge(1, INBOX, ((3, 3), (300, 310), (690, 700)), True)))
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    uids = [u for u in range(1, 701) if u != 3 and not 300 <= u <= 310 and u < 690]

    said = client.say("a UID FETCH 1:* UID")
    large = client.say("a FETCH 1:* (UID BODY.PEEK[])")

    expected = [b"* %d FETCH (UID %d)" % (n, uid) for n, uid in enumerate(uids, 1)]
    assert said.split(b"\r\n")[:-2] == expected
    for n, uid in enumerate(uids, 1):
        assert b"* %d FETCH (UID %d BODY[] {" % (n, uid) in large
    assert client.count > 4, "it went out in slices"
    house.close()


def test_a_client_that_does_not_read_is_waited_for(tmp_path: Path) -> None:
    """No more is read from the store than the client takes."""
    house = House(tmp_path)
    for number in range(200):
        house.letter(plain_letter(f"Letter {number}") + b"x" * 20_000)
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    client.take()

    client.connection.pause_writing()
    client.send(b"a FETCH 1:* BODY.PEEK[]\r\n")
    house.turns(50)
    held = len(client.take())
    client.connection.resume_writing()
    house.settle()
    rest = client.take()

    assert held < 20_000 * 60
    assert rest.endswith(b"a OK Fetched\r\n")
    house.close()


def test_many_sections_of_many_letters(tmp_path: Path) -> None:
    """A client that asks for hundreds of sections gets them, a few letters at a time."""
    house = House(tmp_path)
    for number in range(20):
        house.letter(plain_letter(f"Letter {number}") + b"x" * 2000)
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    before = client.count
    items = " ".join(f"BODY.PEEK[]<{start}.2000>" for start in range(300))

    said = client.say(f"a FETCH 1:* ({items})")

    assert said.count(b"BODY[]<") == 20 * 300
    assert said.endswith(b"a OK Fetched\r\n")
    assert client.count - before >= 19, "each letter went out before the next was put together"
    house.close()
