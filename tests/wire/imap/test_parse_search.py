"""SEARCH, SORT, THREAD."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imap_parsing import EVERYTHING, parse
from posthouse.wire.imap.commands import Search, Sort, SortKey, Thread
from posthouse.wire.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from posthouse.wire.imap.grammar import BadCommand, Declined
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.search_keys import (
    AllMessages,
    And,
    Compare,
    Day,
    HasFlag,
    HasKeyword,
    HasObjectId,
    InBody,
    InHeader,
    InSet,
    InText,
    IsLarger,
    IsRecent,
    IsSmaller,
    ModSeqAtLeast,
    Not,
    OnDay,
    Or,
    SaveDateSupported,
    SearchKey,
    WithinSeconds,
)

FIRST = date(1994, 2, 1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ALL", AllMessages()),
        ("answered", HasFlag(ANSWERED, True)),
        ("DELETED", HasFlag(DELETED, True)),
        ("DRAFT", HasFlag(DRAFT, True)),
        ("FLAGGED", HasFlag(FLAGGED, True)),
        ("SEEN", HasFlag(SEEN, True)),
        ("UNANSWERED", HasFlag(ANSWERED, False)),
        ("UNDELETED", HasFlag(DELETED, False)),
        ("UNDRAFT", HasFlag(DRAFT, False)),
        ("UNFLAGGED", HasFlag(FLAGGED, False)),
        ("UNSEEN", HasFlag(SEEN, False)),
        ("RECENT", IsRecent(True)),
        ("OLD", IsRecent(False)),
        ("NEW", And((IsRecent(True), HasFlag(SEEN, False)))),
        ("1:3,*", InSet(((1, 3), (0, 0)), False)),
        ("*", InSet(((0, 0),), False)),
        ("$", InSet((), False)),
        ("UID 5:*", InSet(((5, 0),), True)),
        ("UID $", InSet((), True)),
        ("KEYWORD $Junk", HasKeyword("$Junk", True)),
        ("UNKEYWORD work", HasKeyword("work", False)),
        ("FROM Smith", InHeader("FROM", "Smith")),
        ('TO "a \\"b\\""', InHeader("TO", 'a "b"')),
        ("CC {3}\r\na)b", InHeader("CC", "a)b")),
        ('BCC ""', InHeader("BCC", "")),
        ("SUBJECT {4}\r\n\xc3\xbc\xc3\xa4", InHeader("SUBJECT", "üä")),
        ("HEADER x-Spam yes", InHeader("X-SPAM", "yes")),
        ('HEADER Message-ID ""', InHeader("MESSAGE-ID", "")),
        ("BODY hello", InBody("hello")),
        ("TEXT hello", InText("hello")),
        ("LARGER 5000000000", IsLarger(5000000000)),
        ("SMALLER 0", IsSmaller(0)),
        ("BEFORE 1-Feb-1994", OnDay(Day.RECEIVED, Compare.BEFORE, FIRST)),
        ('ON "01-feb-1994"', OnDay(Day.RECEIVED, Compare.ON, FIRST)),
        ("SINCE 1-FEB-1994", OnDay(Day.RECEIVED, Compare.SINCE, FIRST)),
        ("SENTBEFORE 1-Feb-1994", OnDay(Day.SENT, Compare.BEFORE, FIRST)),
        ("SENTON 1-Feb-1994", OnDay(Day.SENT, Compare.ON, FIRST)),
        ("SENTSINCE 1-Feb-1994", OnDay(Day.SENT, Compare.SINCE, FIRST)),
        ("SAVEDBEFORE 1-Feb-1994", OnDay(Day.SAVED, Compare.BEFORE, FIRST)),
        ("SAVEDON 1-Feb-1994", OnDay(Day.SAVED, Compare.ON, FIRST)),
        ("SAVEDSINCE 1-Feb-1994", OnDay(Day.SAVED, Compare.SINCE, FIRST)),
        ("SAVEDATESUPPORTED", SaveDateSupported()),
        ("YOUNGER 3600", WithinSeconds(3600, True)),
        ("OLDER 1", WithinSeconds(1, False)),
        ("MODSEQ 620162338", ModSeqAtLeast(620162338)),
        ('MODSEQ "/flags/\\\\draft" all 620162338', ModSeqAtLeast(620162338)),
        ("EMAILID M6d99", HasObjectId(False, "M6d99")),
        ("THREADID T64b", HasObjectId(True, "T64b")),
        ("NOT SEEN", Not(HasFlag(SEEN, True))),
        ("NOT (SEEN DRAFT)", Not(And((HasFlag(SEEN, True), HasFlag(DRAFT, True))))),
        ("OR SEEN NOT ALL", Or(HasFlag(SEEN, True), Not(AllMessages()))),
        ("(SEEN)", HasFlag(SEEN, True)),
        ("((SEEN) DRAFT)", And((HasFlag(SEEN, True), HasFlag(DRAFT, True)))),
        (
            'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith" ',
            And(
                (
                    HasFlag(FLAGGED, True),
                    OnDay(Day.RECEIVED, Compare.SINCE, FIRST),
                    Not(InHeader("FROM", "Smith")),
                )
            ),
        ),
    ],
)
def test_keys(text: str, key: SearchKey) -> None:
    """Every search key of RFC 3501 6.4.4 and of the extensions is read."""
    assert parse(f"SEARCH {text}") == Search(False, key, None, "")
    assert parse(f"UID SEARCH {text}") == Search(True, key, None, "")


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        ("()", {"ALL"}),
        ("(MIN max)", {"MIN", "MAX"}),
        ("(COUNT ALL SAVE)", {"COUNT", "ALL", "SAVE"}),
    ],
)
def test_returns(text: str, returns: set[str]) -> None:
    """RETURN chooses the answer; () means (ALL). RFC 4731 3.1, 5182 2.1"""
    assert parse(f"SEARCH return {text} CHARSET utf-8 ALL") == Search(
        False, AllMessages(), frozenset(returns), "UTF-8"
    )


def test_charset() -> None:
    """Texts are decoded by the charset; an unknown one is NO with those we know. RFC 3501 6.4.4"""
    assert parse(b"SEARCH CHARSET KOI8-R SUBJECT {3}\r\n\xcd\xc9\xd2").key == InHeader(
        "SUBJECT", "мир"
    )
    assert parse(b'SEARCH CHARSET "iso-2022-jp" TEXT {8}\r\n\x1b$BF|\x1b(B').key == InText("日")
    with pytest.raises(Declined, match="not known") as caught:
        parse("SEARCH CHARSET X-UNKNOWN ALL")
    assert caught.value.code == b"BADCHARSET (US-ASCII UTF-8)"
    with pytest.raises(BadCommand, match="not in its charset"):
        parse(b"SEARCH CHARSET UTF-8 SUBJECT {1}\r\n\xff")
    with pytest.raises(BadCommand, match="not in its charset"):
        parse(b"SEARCH CHARSET US-ASCII SUBJECT {2}\r\n\xc3\xbc")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FOO",
        "ALL  SEEN",
        "(ALL",
        "ALL)",
        "()",
        "(ALL )",
        "NOT",
        "OR ALL",
        "OR ALL ALLSEEN",
        "FROM",
        "FROM (a)",
        "KEYWORD \\Seen",
        "LARGER",
        "LARGER -1",
        "LARGER x",
        "LARGER 9223372036854775808",
        "LARGER 999999999999999999999999",
        "BEFORE yesterday",
        "BEFORE 30-Feb-2026",
        "BEFORE 0-Jan-2026",
        "BEFORE 1-Jan-0000",
        'BEFORE "1-Jan-2026',
        "BEFORE 1-Jan-26",
        "1:",
        "0",
        "UID",
        "UID x",
        "YOUNGER 0",
        "OLDER 2147483649",
        "MODSEQ x",
        'MODSEQ "/flags/a" some 1',
        "RETURN (MIN)",
        "RETURN (FOO) ALL",
        "RETURN (MIN MAX",
        "CHARSET UTF-8",
        "CHARSET",
        "EMAILID",
        "FROM {9}\r\na",
        "FROM {1\r\na",
    ],
)
def test_refused(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(f"SEARCH {text}")


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("RETURN (MIN) ALL", "ESEARCH"),
        ("RETURN (SAVE) ALL", "SEARCHRES"),
        ("YOUNGER 1", "WITHIN"),
        ("MODSEQ 1", "CONDSTORE"),
        ("EMAILID x", "OBJECTID"),
        ("SAVEDON 1-Jan-2026", "SAVEDATE"),
    ],
)
def test_needs_its_extension(text: str, extension: str) -> None:
    """What an extension brings is understood where it is offered only."""
    parse(f"SEARCH {text}")
    with pytest.raises(BadCommand, match=f"needs {extension}"):
        parse(f"SEARCH {text}", EVERYTHING - {extension})
    with pytest.raises(BadCommand, match="set of numbers"):
        parse("SEARCH $", EVERYTHING - {"SEARCHRES"})
    with pytest.raises(BadCommand, match="no search key"):
        parse("SEARCH SAVEDATESUPPORTED", EVERYTHING - {"SAVEDATE"})


@pytest.mark.parametrize(("start", "end"), [("(", ")"), ("NOT ", ""), ("OR ", " ALL")])
def test_depth(start: str, end: str) -> None:
    """A search as deep as allowed is read, one level more is not, and a thousand are no danger."""
    limits = ImapLimits(search_depth_max=10)
    parse(f"SEARCH {start * 10}ALL{end * 10}", limits=limits)
    for depth in (11, 1000):
        with pytest.raises(BadCommand, match="at most 10 levels"):
            parse(f"SEARCH {start * depth}ALL{end * depth}", limits=limits)


def test_keys_at_most() -> None:
    """As many keys as allowed, and not one more."""
    limits = ImapLimits(search_keys_max=10)
    assert len(parse("SEARCH " + "ALL " * 10, limits=limits).key.keys) == 10
    with pytest.raises(BadCommand, match="at most 10 keys"):
        parse("SEARCH " + "ALL " * 11, limits=limits)


def test_set_ranges_at_most() -> None:
    """As many ranges in a set as allowed, and not one more."""
    limits = ImapLimits(set_ranges_max=100)
    parse("SEARCH " + ",".join(["1"] * 100), limits=limits)
    with pytest.raises(BadCommand, match="at most 100 ranges"):
        parse("SEARCH " + ",".join(["1"] * 101), limits=limits)


def test_sort() -> None:
    """SORT has criteria, a charset and keys. RFC 5256"""
    keys = (SortKey("SUBJECT", False), SortKey("DATE", True))
    assert parse("SORT (subject REVERSE date) UTF-8 ALL") == Sort(
        False, keys, AllMessages(), None, "UTF-8"
    )
    assert parse("UID SORT RETURN (COUNT) (SUBJECT REVERSE DATE) us-ascii SEEN") == Sort(
        True, keys, HasFlag(SEEN, True), frozenset({"COUNT"}), "US-ASCII"
    )


def test_thread() -> None:
    """THREAD has an algorithm that is offered, a charset and keys. RFC 5256"""
    assert parse("THREAD references UTF-8 ALL") == Thread(
        False, "REFERENCES", AllMessages(), "UTF-8"
    )
    with pytest.raises(BadCommand, match="needs THREAD=ORDEREDSUBJECT"):
        parse("UID THREAD ORDEREDSUBJECT UTF-8 ALL")


@pytest.mark.parametrize(
    "text",
    [
        "SORT () UTF-8 ALL",
        "SORT (SIZ) UTF-8 ALL",
        "SORT (REVERSE) UTF-8 ALL",
        "SORT (DATE)",
        "SORT (DATE) UTF-8",
        "SORT DATE UTF-8 ALL",
        f"SORT ({'DATE ' * 20}DATE) UTF-8 ALL",
        "THREAD REFERENCES",
        "THREAD REFERENCES UTF-8",
    ],
)
def test_sort_refused(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(text)


def test_esort_must_be_offered() -> None:
    """SORT RETURN is ESORT's. RFC 5267"""
    with pytest.raises(BadCommand, match="needs ESORT"):
        parse("SORT RETURN (MIN) (DATE) UTF-8 ALL", EVERYTHING - {"ESORT"})


WORDS = st.sampled_from(
    ["ALL", "SEEN", "NOT", "OR", "(", ")", "1:*", "FROM", '"x"', "UID", "RETURN (", "{1}\r\na", "$"]
)


@given(st.lists(WORDS, max_size=12))
def test_any_words(words: list[str]) -> None:
    """Whatever order words come in, there is a search or a BadCommand."""
    with suppress(BadCommand):
        parse("SEARCH " + " ".join(words))
