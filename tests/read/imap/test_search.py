"""SEARCH by transcripts, by a table against a reading of each letter, and its sets of UIDs."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imap_house import RECEIVED, Client, House
from imap_station_talk import Talk, check, played
from posthouse.read.imap.search import common, told, without
from posthouse.store.values import ANSWERED, DELETED, FLAGGED, SEEN
from talk import Cutter

DAY = 86_400
ANN, BOB = "Ann Lee <ann@example.org>", "=?utf-8?B?5byg5LiJ?= <bob@example.net>"


@played("search*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """SEARCH answers what the transcript says."""
    check(talk, tmp_path, cut, slow=slow)


class Sample:
    """A letter of the table, with what a person would say of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sender = [ANN, BOB][number % 2]
        self.subject = ["Straße", "Report", "邮件", "Re: report"][number % 4]
        self.body = ["Good morning", "你好世界", "ÀÉ naïve", "plain needle words"][number % 4]
        self.charset = ["us-ascii", "gb18030", "iso-8859-1", "us-ascii"][number % 4]
        self.flags = [0, SEEN, SEEN | FLAGGED, ANSWERED][number % 4]
        self.keywords = "work" if number % 3 == 0 else ""
        self.received = RECEIVED - number * DAY
        self.cc = "carol@example.org" if number % 5 == 0 else ""
        self.octets = self._octets()

    def _octets(self) -> bytes:
        subject = base64.b64encode(self.subject.encode()).decode()
        day = 28 - self.number
        header = (
            f"From: {self.sender}\r\nTo: dave@example.org\r\nSubject: =?utf-8?B?{subject}?=\r\n"
            f"Date: {day} Oct 2026 23:30:00 -0500\r\n"
            f"Content-Type: text/plain; charset={self.charset}\r\n"
        )
        if self.cc:
            header += f"Cc: {self.cc}\r\n"
        if self.number % 2:
            header += "X-Odd: yes indeed\r\n"
        text = self.body.encode(self.charset)
        if self.number % 4 == 1:
            header += "Content-Transfer-Encoding: base64\r\n"
            text = base64.encodebytes(text).replace(b"\n", b"\r\n")
        return header.encode() + b"\r\n" + text + b"\r\n" + b"." * self.number * 10

    @property
    def sent_day(self) -> int:
        """Of October, as written."""
        return 28 - self.number


SAMPLES = [Sample(number) for number in range(12)]
Is = Callable[[Sample], bool]

TABLE: list[tuple[str, Is]] = [
    ("ALL", lambda s: True),
    ("SEEN", lambda s: bool(s.flags & SEEN)),
    ("UNSEEN UNFLAGGED", lambda s: not s.flags & (SEEN | FLAGGED)),
    ("NOT SEEN", lambda s: not s.flags & SEEN),
    ("OR SEEN ANSWERED", lambda s: bool(s.flags & (SEEN | ANSWERED))),
    ("NOT OR SEEN ANSWERED", lambda s: not s.flags & (SEEN | ANSWERED)),
    ("NOT (SEEN FLAGGED)", lambda s: not (s.flags & SEEN and s.flags & FLAGGED)),
    ("OR (SEEN FLAGGED) (KEYWORD WORK UNSEEN)",
     lambda s: s.flags == SEEN | FLAGGED or (s.keywords == "work" and not s.flags & SEEN)),
    ("KEYWORD Work", lambda s: s.keywords == "work"),
    ("UNKEYWORD work", lambda s: s.keywords != "work"),
    ("NOT UNKEYWORD work", lambda s: s.keywords == "work"),
    ("FROM ann", lambda s: "ann" in s.sender),
    ("FROM LEE", lambda s: "Lee" in s.sender),
    ("NOT FROM ann", lambda s: "ann" not in s.sender),
    ('FROM "张三"', lambda s: s.sender is BOB),
    ('FROM ""', lambda s: True),
    ("TO dave@EXAMPLE", lambda s: True),
    ("CC carol", lambda s: bool(s.cc)),
    ('CC ""', lambda s: bool(s.cc)),
    ('HEADER Cc ""', lambda s: bool(s.cc)),
    ("BCC x", lambda s: False),
    ("SUBJECT report", lambda s: "eport" in s.subject),
    ('SUBJECT "STRASSE"', lambda s: s.subject == "Straße"),
    ('SUBJECT "件"', lambda s: s.subject == "邮件"),
    ("HEADER X-Odd yes", lambda s: bool(s.number % 2)),
    ('HEADER X-Odd ""', lambda s: bool(s.number % 2)),
    ("NOT HEADER X-Odd INDEED", lambda s: not s.number % 2),
    ('HEADER Subject "report"', lambda s: "eport" in s.subject),
    ("BODY morning", lambda s: s.body == "Good morning"),
    ('BODY "世"', lambda s: s.body == "你好世界"),
    ('BODY "àé NAÏVE"', lambda s: s.body == "ÀÉ naïve"),
    ("BODY eedl", lambda s: "needle" in s.body),
    ("BODY carol", lambda s: False),
    ("TEXT carol", lambda s: bool(s.cc)),
    ('TEXT "邮"', lambda s: s.subject == "邮件"),
    ("TEXT gOOD", lambda s: s.body == "Good morning"),
    ("OR BODY needle SUBJECT report", lambda s: "needle" in s.body or "eport" in s.subject),
    ("NOT BODY needle SEEN", lambda s: "needle" not in s.body and bool(s.flags & SEEN)),
    ("SINCE 13-Nov-2026", lambda s: s.number <= 5),
    ("BEFORE 13-Nov-2026", lambda s: s.number > 5),
    ("ON 13-Nov-2026", lambda s: s.number == 5),
    ("NOT ON 13-Nov-2026", lambda s: s.number != 5),
    ("SENTSINCE 20-Oct-2026", lambda s: s.sent_day >= 20),
    ("SENTBEFORE 20-Oct-2026", lambda s: s.sent_day < 20),
    ("SENTON 20-Oct-2026", lambda s: s.sent_day == 20),
    ("YOUNGER 172800", lambda s: s.number <= 2),
    ("OLDER 172800", lambda s: s.number >= 2),
    ("SAVEDON 18-Nov-2026", lambda s: True),
    ("LARGER 260", lambda s: len(s.octets) > 260),
    ("SMALLER 260", lambda s: len(s.octets) < 260),
    ("NOT LARGER 260", lambda s: len(s.octets) <= 260),
    ("3:5,9", lambda s: s.number + 1 in (3, 4, 5, 9)),
    ("NOT 3:5", lambda s: s.number + 1 not in (3, 4, 5)),
    ("UID 4:* SEEN", lambda s: s.number + 1 >= 4 and bool(s.flags & SEEN)),
    ("OR 1 (UID 12 FROM bob)", lambda s: s.number in (0, 11)),
    ("NOT NOT 2:*", lambda s: s.number > 0),
    ("OR NOT 2:* OR SEEN BODY needle",
     lambda s: s.number == 0 or bool(s.flags & SEEN) or "needle" in s.body),
    ("1:6 BODY o NOT (FROM ann SUBJECT stra)",
     lambda s: s.number < 6 and "o" in s.body
     and not ("ann" in s.sender and s.subject == "Straße")),
    ("RECENT", lambda s: True),
    ("OR OLD NEW", lambda s: not s.flags & SEEN),
    ("MODSEQ 1", lambda s: True),
]  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: Any) -> Any:
    house = House(tmp_path_factory.mktemp("house"))
    for sample in SAMPLES:
        house.letter(
            sample.octets, flags=sample.flags, keywords=sample.keywords, received=sample.received
        )
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    yield client
    assert not [line for line in house.lines if b"traceback" in line]
    house.close()


def on_the_wire(keys: str) -> bytes:
    """Strings beyond ASCII go as literals."""

    def literal(match: re.Match[str]) -> str:
        text = match[1]
        if text.isascii():
            return match[0]
        return f"{{{len(text.encode())}+}}\r\n{text}"

    sent = re.sub(r'"([^"]*)"', literal, keys).encode()
    return sent if sent.isascii() else b"CHARSET UTF-8 " + sent


@pytest.mark.parametrize(("keys", "holds"), TABLE, ids=[keys for keys, _ in TABLE])
def test_search_finds_what_a_reader_finds(keys: str, holds: Is, session: Any) -> None:
    """The store's columns and the scan of octets agree with a reading of each letter."""
    expected = [s.number + 1 for s in SAMPLES if holds(s)]

    said = session.say(b"a SEARCH " + on_the_wire(keys)).decode()

    first, last = said.rstrip("\r\n").split("\r\n")
    assert last.startswith("a OK"), said
    found = first.removeprefix("* SEARCH").partition("(")[0]
    assert expected == [int(number) for number in found.split()]


@pytest.mark.parametrize("flag", [0, SEEN, DELETED, FLAGGED])
def test_all_and_none_are_known_by_the_counters(flag: int, tmp_path: Path) -> None:
    """Whether no letter, one, or every letter has a flag, and while a letter has gone that the
    client still counts: SEARCH finds those that are there."""
    house = House(tmp_path)
    for number in range(3):
        house.letter(SAMPLES[number].octets, flags=flag)
    client, other = house.client(), house.client()
    for session in (client, other):
        session.say("a LOGIN ann@example.org secret")
        session.say("a SELECT INBOX")
    keys = {
        "ALL": True, "NOT ALL": False,
        "SEEN": flag == SEEN, "UNSEEN": flag != SEEN,
        "DELETED": flag == DELETED, "UNDELETED": flag != DELETED,
        "FLAGGED": flag == FLAGGED, "UNFLAGGED": flag != FLAGGED,
    }  # fmt: skip

    def check(numbers: list[int], sessions: list[Client]) -> None:
        for session in sessions:
            for key, is_met in keys.items():
                said = session.say(f"a SEARCH {key}").split(b"\r\n")[0]
                assert said.split()[2:] == [b"%d" % number for number in numbers if is_met], key

    check([1, 2, 3], [client, other])
    other.say("a UID STORE 2 +FLAGS (\\Deleted)")
    other.say("a UID EXPUNGE 2")
    check([1, 2], [other])
    check([1, 3], [client])
    house.letter(SAMPLES[0].octets, flags=SEEN)
    assert client.say("a SEARCH ALL").startswith(b"* SEARCH 1 3\r\n")
    assert client.say("a SEARCH ALL").startswith(b"* SEARCH 1 3 4\r\n")
    house.close()


def test_the_only_letter_is_the_first_and_the_last(tmp_path: Path) -> None:
    """MIN and MAX of one letter save it once. RFC 4731 3.1"""
    house = House(tmp_path)
    house.letter(SAMPLES[0].octets)
    client = house.client()
    client.say("a LOGIN ann@example.org secret")
    client.say("a SELECT INBOX")
    client.say("a SEARCH RETURN (MIN MAX SAVE) 1")

    assert told([7], frozenset({"MIN", "MAX"})) == [7]
    assert client.say("a FETCH $ UID").count(b"FETCH (") == 1
    house.close()


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "Big5", "UTF-8"])
def test_a_search_text_may_come_in_the_clients_charset(charset: str, session: Any) -> None:
    """Texts are compared as characters, whatever octets the client sent. RFC 3501 6.4.4"""
    octets = "你好".encode(charset)
    line = b"a SEARCH CHARSET %b BODY {%d+}\r\n%b" % (charset.encode(), len(octets), octets)

    assert session.say(line).startswith(b"* SEARCH 2 6 10\r\n")


SETS = st.sets(st.integers(1, 40))


def ranges(numbers: set[int]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def numbers(found: Any) -> list[int]:
    return [n for first, last in found for n in range(first, last + 1)]


@given(SETS, SETS)
def test_sets_of_uids(some: set[int], others: set[int]) -> None:
    """What is common and what is left are those of the numbers themselves."""
    assert sorted(some & others) == numbers(common(ranges(some), ranges(others)))
    assert sorted(some - others) == numbers(without(ranges(some), ranges(others)))
