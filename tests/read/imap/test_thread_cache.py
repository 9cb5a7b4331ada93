"""Threads are told from memory as long as no letter came or went, and within a bound."""

from pathlib import Path

from imap_house import Client, House
from imap_station_talk import plain_letter
from posthouse.read.imap import sort
from posthouse.read.imap.thread_cache import ThreadCache, ThreadKey

ONE, TWO, THREE = (ThreadKey(1, mailbox, "REFERENCES", uid=False) for mailbox in (1, 2, 3))


def test_one_state_is_known() -> None:
    """Another state of the mailbox is not; it takes the place of the one before."""
    cache = ThreadCache()
    cache.keep(ONE, (1, 5, 4), "(1)(2)")

    assert cache.get(ONE, (1, 5, 4)) == "(1)(2)"
    assert cache.get(ONE, (1, 5, 3)) is None
    assert cache.get(TWO, (1, 5, 4)) is None
    cache.keep(ONE, (1, 6, 5), "(1)(2)(3)")
    assert cache.get(ONE, (1, 5, 4)) is None
    assert cache.get(ONE, (1, 6, 5)) == "(1)(2)(3)"


def test_so_many_characters_are_kept() -> None:
    """What was asked for longest ago goes first; an answer beyond the bound is not kept at all."""
    cache = ThreadCache(characters_max=10)
    cache.keep(ONE, (1, 1, 1), "1234")
    cache.keep(TWO, (1, 1, 1), "1234")
    assert cache.get(ONE, (1, 1, 1))
    cache.keep(THREE, (1, 1, 1), "1234")

    assert cache.get(TWO, (1, 1, 1)) is None
    assert cache.get(ONE, (1, 1, 1)) == cache.get(THREE, (1, 1, 1)) == "1234"
    cache.keep(ONE, (1, 2, 2), "12345678901")
    assert cache.get(ONE, (1, 2, 2)) is None
    assert cache.get(THREE, (1, 1, 1)) == "1234"


def threads(client: Client, line: str = "THREAD REFERENCES UTF-8 ALL") -> bytes:
    return client.say(f"a {line}").partition(b"\r\n")[0]


def test_threads_follow_the_mailbox(tmp_path: Path) -> None:
    """Asked again they are the same; a letter that comes or goes, for whichever session, is seen
    in them, and numbers and UIDs are told apart."""
    house = House(tmp_path)
    for subject in ("One", "Two", "Re: One"):
        house.letter(plain_letter(subject))
    client, other = house.client(), house.client()
    for session in (client, other):
        session.say("a LOGIN ann@example.org secret")
        session.say("a SELECT INBOX")
    walked: list[int] = []
    kept = sort.References

    class Counted(kept):
        def __init__(self) -> None:
            walked.append(1)
            super().__init__()

    sort.References = Counted  # type: ignore[misc]
    try:
        assert threads(client) == threads(other) == b"* THREAD (1 3)(2)"
        assert threads(client) == b"* THREAD (1 3)(2)"
        assert len(walked) == 1
        other.say("a STORE 2 +FLAGS (\\Deleted)")
        other.say("a EXPUNGE")
        assert threads(other) == b"* THREAD (1 2)"
        assert threads(client) == b"* THREAD (1 3)"  # it has not heard of the EXPUNGE yet
        client.say("a NOOP")
        assert threads(client) == b"* THREAD (1 2)"
        assert threads(client, "UID THREAD REFERENCES UTF-8 ALL") == b"* THREAD (1 3)"
        house.letter(plain_letter("Re: Two"))
        client.say("a NOOP")
        assert threads(client) == b"* THREAD (1 2)(3)"
    finally:
        sort.References = kept  # type: ignore[misc]
        house.close()
