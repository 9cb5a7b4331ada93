"""What sessions hear of each other: by transcripts, and by clients that believe every word."""

import re
from pathlib import Path
from random import Random

import pytest

from imap_house import Client, House
from imap_station_talk import Fickle, Talk, check, plain_letter, played
from posthouse.store.values import INBOX, Expunge, FlagChange, SetFlags
from posthouse.wire.imap.answers import flag_list
from talk import Cutter
from turn import run_now

BITS = {"\\Seen": 1, "\\Answered": 2, "\\Flagged": 4, "\\Deleted": 8, "\\Draft": 16}
FETCH = re.compile(rb"\* ([0-9]+) FETCH \((.*)\)\Z")
COUNT = re.compile(rb"\* ([0-9]+) (EXISTS|EXPUNGE)\Z")


@played("news*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """News come at the right moments, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


class Believer:
    """A client that builds its picture of the mailbox from what it is told, and from its own
    silent changes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.uids: list[int | None] = []
        self.flags: list[frozenset[str] | None] = []
        self.idles = False

    def say(self, line: str) -> bytes:
        said = self.client.say(line)
        self.hear(said)
        return said

    def hear(self, said: bytes) -> None:
        while literal := re.search(rb"\{([0-9]+)\}\r\n", said):
            said = said[: literal.start()] + said[literal.end() + int(literal[1]) :]
        for line in said.split(b"\r\n"):
            if match := COUNT.match(line):
                self._count(int(match[1]), match[2])
            elif match := FETCH.match(line):
                self._fetch(int(match[1]), match[2])

    def silently(self, first: int, last: int, sign: str, flag: str) -> None:
        """What a client does to its picture when it sends STORE with .SILENT."""
        for at in range(first - 1, last):
            known = self.flags[at]
            if known is not None:
                self.flags[at] = known | {flag} if sign == "+" else known - {flag}

    def _count(self, number: int, what: bytes) -> None:
        if what == b"EXPUNGE":
            assert 1 <= number <= len(self.uids), "a number that the client has"
            del self.uids[number - 1]
            del self.flags[number - 1]
            return
        assert number >= len(self.uids), "EXISTS does not shrink by itself"
        more = number - len(self.uids)
        self.uids += [None] * more
        self.flags += [None] * more

    def _fetch(self, number: int, data: bytes) -> None:
        assert 1 <= number <= len(self.uids), "a number that the client has"
        if uid := re.search(rb"UID ([0-9]+)", data):
            assert self.uids[number - 1] in (None, int(uid[1])), "a message keeps its UID"
            self.uids[number - 1] = int(uid[1])
        if flags := re.search(rb"FLAGS \(([^)]*)\)", data):
            names = frozenset(flags[1].decode().split()) - {"\\Recent"}
            self.flags[number - 1] = names


def truth(house: House) -> list[tuple[int, frozenset[str]]]:
    async def read() -> list[tuple[int, frozenset[str]]]:
        found = []
        everything = ((1, 2**32 - 1),)
        async for rows in house.memory.letters(1, INBOX, everything, ("uid", "flags", "keywords")):
            for uid, bits, words in rows:
                names = flag_list(bits, words)[1:-1].decode().split()
                found.append((uid, frozenset(names)))
        return found

    return run_now(read())


def step(house: House, chance: Random, believer: Believer) -> None:
    """One thing that a client does."""
    count = len(believer.uids)
    kind = chance.choice(["store", "silent", "fetch", "seen", "uid", "expunge", "move", "noop",
                          "idle", "append", "search", "examine"])  # fmt: skip
    if not count and kind not in ("noop", "idle", "append"):
        kind = "noop"
    first = chance.randint(1, max(1, count))
    last = chance.randint(first, max(first, min(count, first + 3)))
    flag = chance.choice(list(BITS))
    sign = chance.choice("+-")
    match kind:
        case "store":
            believer.say(f"a STORE {first}:{last} {sign}FLAGS ({flag})")
        case "silent":
            believer.silently(first, last, sign, flag)
            believer.say(f"a STORE {first}:{last} {sign}FLAGS.SILENT ({flag})")
        case "fetch":
            believer.say(f"a FETCH {first}:{last} (UID FLAGS)")
        case "seen":
            believer.say(f"a FETCH {first}:{last} (BODY[HEADER.FIELDS (SUBJECT)])")
        case "uid":
            believer.say(f"a UID FETCH {first}:* (FLAGS)")
        case "expunge":
            believer.say("a EXPUNGE")
        case "move":
            believer.say(f"a MOVE {first} Sent")
        case "append":
            believer.say("a APPEND INBOX {16+}\r\nSubject: y\r\n\r\nhi")
        case "search":
            believer.say("a SEARCH UNSEEN")
        case "idle":
            believer.say("a IDLE")
            believer.idles = True
        case _:
            believer.say("a NOOP")


def meanwhile(house: House, chance: Random) -> None:
    """One thing that happens from elsewhere, without a session."""
    uid = chance.randint(1, 40)
    match chance.choice(["deliver", "flags", "expunge", "nothing", "nothing"]):
        case "deliver":
            house.letter(plain_letter("More"))
        case "flags":
            change = chance.choice([FlagChange.ADD, FlagChange.REMOVE, FlagChange.REPLACE])
            run_now(house.memory.commit(SetFlags(1, INBOX, ((uid, uid + 2),), change, 4, "")))
        case "expunge":
            run_now(house.memory.commit(Expunge(1, INBOX, ((uid, uid),), any_flag=True)))


@pytest.mark.parametrize("slow", [False, True], ids=["prompt", "slow"])
@pytest.mark.parametrize("seed", range(12))
def test_who_believes_every_word_knows_the_truth(seed: int, slow: bool, tmp_path: Path) -> None:
    """Whatever several clients do at once, each one's picture is right in the end."""
    chance = Random(seed)
    house = House(tmp_path, wrap=lambda inner: Fickle(inner, slow=slow))
    for number in range(chance.choice([0, 6, 30])):
        house.letter(plain_letter(f"Letter {number}"))
    believers = []
    for _ in range(3):
        believer = Believer(house.client())
        believer.say("z LOGIN ann@example.org secret")
        believer.say("z SELECT INBOX")
        believers.append(believer)
    for _ in range(120):
        believer = chance.choice(believers)
        if believer.idles:
            believer.say("DONE")
            believer.idles = False
        else:
            step(house, chance, believer)
        meanwhile(house, chance)
        house.settle()
        for other in believers:
            other.hear(other.client.take())
    for believer in believers:
        if believer.idles:
            believer.say("DONE")
        believer.say("a NOOP")
        expected = truth(house)
        for (uid, flags), told_uid, told_flags in zip(
            expected, believer.uids, believer.flags, strict=True
        ):
            assert told_uid in (None, uid)
            assert told_flags in (None, flags)
        believer.say("a FETCH 1:* (UID FLAGS)")
        assert expected == list(zip(believer.uids, believer.flags, strict=True))
    assert not [line for line in house.lines if b"traceback" in line]
    house.close()
