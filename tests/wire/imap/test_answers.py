"""Rendered answers."""

import pytest

from posthouse.wire.imap import answers
from posthouse.wire.imap.answers import Bad, No, Ok


@pytest.mark.parametrize(
    ("octets", "string", "astring"),
    [
        (b"", b'""', b'""'),
        (b"abc", b'"abc"', b"abc"),
        (b"a b", b'"a b"', b'"a b"'),
        (b'a"b\\', b'"a\\"b\\\\"', b'"a\\"b\\\\"'),
        (b"nil", b'"nil"', b'"nil"'),
        (b"a]b", b'"a]b"', b"a]b"),
        (b"a%", b'"a%"', b'"a%"'),
        (b"a\r\nb", b"{4}\r\na\r\nb", b"{4}\r\na\r\nb"),
        (b"\xff", b"{1}\r\n\xff", b"{1}\r\n\xff"),
        (b"\x00", b"{1}\r\n\x00", b"{1}\r\n\x00"),
        (b"x" * 1024, b'"' + b"x" * 1024 + b'"', b"x" * 1024),
        (b"x " * 600, b"{1200}\r\n" + b"x " * 600, b"{1200}\r\n" + b"x " * 600),
    ],
)
def test_strings(octets: bytes, string: bytes, astring: bytes) -> None:
    """The shortest form that can hold the octets is taken. RFC 3501 4.3, 9"""
    assert answers.string(octets) == answers.nstring(octets) == string
    assert answers.astring(octets) == astring
    assert answers.nstring(None) == b"NIL"


@pytest.mark.parametrize(
    ("name", "octets", "utf8"),
    [
        ("INBOX", b"INBOX", b"INBOX"),
        ("a b", b'"a b"', b'"a b"'),
        ("Entwürfe", b"Entw&APw-rfe", '"Entwürfe"'.encode()),
        ('ü"', b'"&APw-\\""', '"ü\\""'.encode()),
        ("a&b", b"a&-b", b"a&b"),
    ],
)
def test_mailboxes(name: str, octets: bytes, utf8: bytes) -> None:
    """Names go as modified UTF-7, or as UTF-8 where that was enabled. RFC 3501 5.1.3, 6855 3"""
    assert answers.mailbox(name) == octets
    assert answers.mailbox(name, utf8=True) == utf8


def test_flags() -> None:
    """System flags, \\Recent and keywords in one list."""
    assert answers.flag_list(0) == b"()"
    assert answers.flag_list(0, "a b") == b"(a b)"
    assert answers.flag_list(31) == b"(\\Seen \\Answered \\Flagged \\Deleted \\Draft)"
    assert answers.flag_list(1, "a", recent=True) == b"(\\Seen \\Recent a)"
    assert answers.flags_line("a") == (
        b"* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft a)\r\n"
    )


@pytest.mark.parametrize(
    ("code", "octets"),
    [
        (answers.code_appenduid(38505, [3955, 3956]), b"APPENDUID 38505 3955:3956"),
        (
            answers.code_copyuid(1, [304, 319, 320], [3956, 3957, 3958]),
            b"COPYUID 1 304,319:320 3956:3958",
        ),
        (answers.code_uidvalidity(5), b"UIDVALIDITY 5"),
        (answers.code_uidnext(5), b"UIDNEXT 5"),
        (answers.code_unseen(5), b"UNSEEN 5"),
        (answers.code_highestmodseq(5), b"HIGHESTMODSEQ 5"),
        (answers.code_modified([7, 9]), b"MODIFIED 7,9"),
        (answers.code_mailboxid("F1"), b"MAILBOXID (F1)"),
        (answers.code_permanentflags("", new_keywords=False, bits=0), b"PERMANENTFLAGS ()"),
        (answers.code_permanentflags("", new_keywords=True, bits=0), b"PERMANENTFLAGS (\\*)"),
        (
            answers.code_permanentflags("a", new_keywords=True, bits=9),
            b"PERMANENTFLAGS (\\Seen \\Deleted a \\*)",
        ),
    ],
)
def test_codes(code: bytes, octets: bytes) -> None:
    """Response codes stand without their brackets."""
    assert code == octets


@pytest.mark.parametrize(
    ("line", "octets"),
    [
        (answers.exists_line(23), b"* 23 EXISTS"),
        (answers.recent_line(2), b"* 2 RECENT"),
        (answers.expunge_line(7), b"* 7 EXPUNGE"),
        (answers.vanished_line([41, 43, 44], earlier=True), b"* VANISHED (EARLIER) 41,43:44"),
        (answers.vanished_line([41], earlier=False), b"* VANISHED 41"),
        (answers.fetch_line(1, [b"UID 5", b"ENVELOPE ()"]), b"* 1 FETCH (UID 5 ENVELOPE ())"),
        (answers.fetch_flags_line(1, None, b"()"), b"* 1 FETCH (FLAGS ())"),
        (answers.fetch_flags_line(1, 5, b"()"), b"* 1 FETCH (UID 5 FLAGS ())"),
        (answers.fetch_flags_line(1, None, b"()", 9), b"* 1 FETCH (FLAGS () MODSEQ (9))"),
        (answers.fetch_flags_line(1, 5, b"()", 9), b"* 1 FETCH (UID 5 FLAGS () MODSEQ (9))"),
        (answers.fetch_modseq_line(1, None, 9), b"* 1 FETCH (MODSEQ (9))"),
        (answers.fetch_modseq_line(1, 5, 9), b"* 1 FETCH (UID 5 MODSEQ (9))"),
        (answers.list_line(["\\HasNoChildren"], "a b"), b'* LIST (\\HasNoChildren) "/" "a b"'),
        (answers.list_line([], "ü", utf8=True), '* LIST () "/" "ü"'.encode()),
        (answers.list_line(["\\Noselect"], "a", kind=b"LSUB"), b'* LSUB (\\Noselect) "/" a'),
        (
            answers.list_line([], "a", child_info=["SUBSCRIBED"]),
            b'* LIST () "/" a ("CHILDINFO" ("SUBSCRIBED"))',
        ),
        (answers.delimiter_line(), b'* LIST (\\Noselect) "/" ""'),
        (
            answers.status_line("a", {"MESSAGES": 3, "MAILBOXID": "F1"}),
            b"* STATUS a (MESSAGES 3 MAILBOXID (F1))",
        ),
        (answers.namespace_line(), b'* NAMESPACE (("" "/")) NIL NIL'),
        (answers.search_line([]), b"* SEARCH"),
        (answers.search_line([2, 3, 6]), b"* SEARCH 2 3 6"),
        (answers.search_line([2], 917), b"* SEARCH 2 (MODSEQ 917)"),
        (answers.search_line([], 917), b"* SEARCH"),
        (answers.sort_line([5, 3]), b"* SORT 5 3"),
        (answers.untagged_ok("hello"), b"* OK hello"),
        (answers.untagged_ok("hello", answers.CLOSED), b"* OK [CLOSED] hello"),
        (answers.enabled_line(["CONDSTORE", "X"]), b"* ENABLED CONDSTORE X"),
        (answers.enabled_line([]), b"* ENABLED"),
        (answers.id_line({}), b"* ID NIL"),
        (answers.id_line({"name": 'P"'}), b'* ID ("name" "P\\"")'),
        (answers.result_line(b"a", Ok("done")), b"a OK done"),
        (answers.result_line(b"a", No("no", b"X")), b"a NO [X] no"),
        (answers.result_line(b"a", Bad("a\r\nb\x7fü")), b"a BAD a??b??"),
        (answers.result_line(b"a", Bad("")), b"a BAD ."),
    ],
)
def test_lines(line: bytes, octets: bytes) -> None:
    """Each answer is one whole line; text for people can never make another one."""
    assert line == octets + b"\r\n"


@pytest.mark.parametrize(
    ("returns", "found", "octets"),
    [
        ({"ALL"}, [2, 3, 5], b'* ESEARCH (TAG "t") UID ALL 2:3,5'),
        ({"MIN", "MAX", "COUNT"}, [2, 5], b'* ESEARCH (TAG "t") UID MIN 2 MAX 5 COUNT 2'),
        ({"MIN", "ALL", "COUNT"}, [], b'* ESEARCH (TAG "t") UID COUNT 0'),
        ({"SAVE"}, [2], b'* ESEARCH (TAG "t") UID'),
    ],
)
def test_esearch(returns: set[str], found: list[int], octets: bytes) -> None:
    """What was asked for is returned; MIN, MAX and ALL when something was found. RFC 4731 3.1"""
    line = answers.esearch_line(b"t", uid=True, found=found, returns=frozenset(returns))

    assert line == octets + b"\r\n"


def test_esearch_more() -> None:
    """MODSEQ, message numbers, and a set in the order of SORT. RFC 7162 3.1.10, 5267"""
    everything = frozenset({"ALL"})
    line = answers.esearch_line(b"t", uid=False, found=[1], returns=everything, modseq=7)
    assert line == b'* ESEARCH (TAG "t") ALL 1 MODSEQ 7\r\n'
    line = answers.esearch_line(b"t", uid=False, found=[1, 2], returns=everything, all_set=b"2,1")
    assert line == b'* ESEARCH (TAG "t") ALL 2,1\r\n'


@pytest.mark.parametrize(
    ("seconds", "zone", "octets"),
    [
        (0, 0, b'" 1-Jan-1970 00:00:00 +0000"'),
        (1_795_000_000, 60, b'"18-Nov-2026 12:06:40 +0100"'),
        (0, -90, b'"31-Dec-1969 22:30:00 -0130"'),
    ],
)
def test_internal_dates(seconds: int, zone: int, octets: bytes) -> None:
    """INTERNALDATE is written in the zone it came in. RFC 3501 9 date-time"""
    assert answers.internaldate(seconds, zone) == octets
