"""SEARCH, SORT and THREAD. RFC 3501 6.4.4, 4731, 5032, 5182, 5256, 5957, 7162 3.1.5, 8474, 8514."""

from collections.abc import Callable
from typing import Final

from posthouse.wire.imap.answers import BADCHARSET
from posthouse.wire.imap.commands import Search, SearchDeclined, Sort, SortKey, Thread
from posthouse.wire.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from posthouse.wire.imap.grammar import MODSEQ_MAX, BadCommand, Cursor, Declined
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

# fmt: off
_CHARSETS: Final = frozenset({
    "US-ASCII", "ASCII", "UTF-8", "UTF8", "ISO-8859-1",
    "ISO-8859-2", "ISO-8859-5", "ISO-8859-7", "ISO-8859-9", "ISO-8859-15",
    "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254",
    "KOI8-R", "KOI8-U", "ISO-2022-JP", "SHIFT_JIS", "EUC-JP",
    "GB2312", "GBK", "GB18030", "BIG5", "EUC-KR",
    "ISO-2022-KR",
})
# fmt: on
"""Names that Python's codecs know and clients use."""

_RETURNS: Final = frozenset({b"MIN", b"MAX", b"ALL", b"COUNT", b"SAVE"})
_SORT_KEYS: Final = frozenset({b"ARRIVAL", b"CC", b"DATE", b"FROM", b"SIZE", b"SUBJECT", b"TO"})
_DISPLAY_KEYS: Final = frozenset({b"DISPLAYFROM", b"DISPLAYTO"})
"""RFC 5957 3"""
_SORT_KEYS_MAX: Final = 20
_SECONDS_MAX: Final = 2**31


def parse_search(cursor: Cursor) -> Search | SearchDeclined:
    """SEARCH [RETURN (options)] [CHARSET name] keys."""
    cursor.space()
    returns = _returns(cursor)
    try:
        return _search(cursor, returns)
    except Declined as declined:
        return _declined(declined, returns)


def _search(cursor: Cursor, returns: frozenset[str] | None) -> Search:
    charset = ""
    if cursor.take(b"CHARSET "):
        if cursor.bans_charset:
            raise BadCommand("After ENABLE UTF8=ACCEPT a SEARCH names no charset")  # RFC 6855 3
        charset = _charset(cursor)
        cursor.space()
    return Search(cursor.is_uid, _program(cursor, charset), returns, charset)


def _declined(declined: Declined, returns: frozenset[str] | None) -> SearchDeclined:
    """The station hears of it only where it has something to forget."""
    if returns is None or "SAVE" not in returns:
        raise declined
    return SearchDeclined(declined.text, declined.code)


def parse_sort(cursor: Cursor) -> Sort | SearchDeclined:
    """SORT [RETURN (options)] (criteria) charset keys."""
    cursor.space()
    returns = _returns(cursor)
    if returns is not None:
        cursor.needs("ESORT", "SORT RETURN")
    try:
        return _sort(cursor, returns)
    except Declined as declined:
        return _declined(declined, returns)


def _sort(cursor: Cursor, returns: frozenset[str] | None) -> Sort:
    sort_keys = _sort_keys(cursor)
    cursor.space()
    charset = _charset(cursor)
    cursor.space()
    return Sort(cursor.is_uid, sort_keys, _program(cursor, charset), returns, charset)


def parse_thread(cursor: Cursor) -> Thread:
    """THREAD algorithm charset keys."""
    cursor.space()
    algorithm = cursor.atom("a threading algorithm").upper().decode("ascii")
    cursor.needs(f"THREAD={algorithm}", f"THREAD {algorithm}")
    cursor.space()
    charset = _charset(cursor)
    cursor.space()
    return Thread(cursor.is_uid, algorithm, _program(cursor, charset), charset)


def _returns(cursor: Cursor) -> frozenset[str] | None:
    if not cursor.take(b"RETURN ("):
        return None
    cursor.needs("ESEARCH", "SEARCH RETURN")
    names: set[str] = set()
    while not cursor.take(b")"):
        if names:
            cursor.space()
        name = cursor.word("MIN, MAX, ALL, COUNT or SAVE")
        if name not in _RETURNS:
            raise BadCommand(f"SEARCH cannot return {name.decode('ascii')}")
        if name == b"SAVE":
            cursor.needs("SEARCHRES", "RETURN (SAVE)")
        names.add(name.decode("ascii"))
    cursor.space()
    return frozenset(names or ("ALL",))  # RFC 4731 3.1: () means (ALL)


def _sort_keys(cursor: Cursor) -> tuple[SortKey, ...]:
    cursor.expect(b"(")
    keys: list[SortKey] = []
    while True:
        reverse = cursor.take(b"REVERSE ")
        name = cursor.word("a sort criterion")
        if name in _DISPLAY_KEYS:
            cursor.needs("SORT=DISPLAY", name.decode("ascii"))
        elif name not in _SORT_KEYS:
            raise BadCommand(f"SORT does not know {name.decode('ascii')}")
        keys.append(SortKey(name.decode("ascii"), reverse))
        if len(keys) > _SORT_KEYS_MAX:
            raise BadCommand(f"SORT takes at most {_SORT_KEYS_MAX} criteria")
        if cursor.take(b")"):
            return tuple(keys)
        cursor.space()


def _charset(cursor: Cursor) -> str:
    name = cursor.astring("a charset").decode("ascii", "replace").upper()
    if name not in _CHARSETS:
        raise Declined("That charset is not known here", BADCHARSET)  # RFC 3501 6.4.4
    return name


def _program(cursor: Cursor, charset: str) -> SearchKey:
    key = _Keys(cursor, charset).all_of(b"")
    cursor.end()
    return key


class _Keys:
    """Reads keys; knows the charset and counts what it has read."""

    __slots__ = ("charset", "cursor", "depth", "left")

    def __init__(self, cursor: Cursor, charset: str) -> None:
        self.cursor = cursor
        self.charset = charset
        self.depth = 0
        self.left = cursor.limits.search_keys_max

    def all_of(self, closing: bytes) -> SearchKey:
        """Keys with one space between, up to the closing mark or the end of the command."""
        keys = [self._key()]
        cursor = self.cursor
        while not (cursor.take(closing) if closing else cursor.at_end()):
            cursor.space()
            keys.append(self._key())
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def nested(self, closing: bytes | None = None) -> SearchKey:
        """One key, or all up to the closing mark, a level deeper."""
        most = self.cursor.limits.search_depth_max
        if self.depth >= most:
            raise BadCommand(f"A search goes at most {most} levels deep")
        self.depth += 1
        key = self._key() if closing is None else self.all_of(closing)
        self.depth -= 1
        return key

    def _key(self) -> SearchKey:
        cursor = self.cursor
        self.left -= 1
        if self.left < 0:
            raise BadCommand(f"A search has at most {cursor.limits.search_keys_max} keys")
        first = cursor.data[cursor.at : cursor.at + 1]
        if first == b"(":
            cursor.at += 1
            return self.nested(b")")
        if first.isdigit() or first == b"*" or first == b"$":
            return InSet(cursor.number_set(), uid=False)
        name = cursor.word("a search key")
        settled = _SETTLED.get(name)
        if settled is not None:
            return settled
        if name == b"SAVEDATESUPPORTED" and "SAVEDATE" in cursor.extensions:
            return SaveDateSupported()
        reader = _READERS.get(name)
        if reader is None:
            raise BadCommand(f"There is no search key {name.decode('ascii')}")
        cursor.space()
        return reader(self)

    def text(self) -> str:
        """A string in the charset of the search."""
        octets = self.cursor.astring("a text to search for")
        try:
            # Without CHARSET US-ASCII is meant; its superset UTF-8 is what clients send anyway
            return octets.decode(self.charset or "UTF-8")
        except UnicodeError:
            raise BadCommand("A search text is not in its charset") from None


def _not(keys: _Keys) -> SearchKey:
    return Not(keys.nested())


def _or(keys: _Keys) -> SearchKey:
    left = keys.nested()
    keys.cursor.space()
    return Or(left, keys.nested())


def _header(keys: _Keys) -> SearchKey:
    field = keys.cursor.text("a header field name").upper()
    keys.cursor.space()
    return InHeader(field, keys.text())


def _field(name: str) -> "_Reader":
    return lambda keys: InHeader(name, keys.text())


def _keyword(is_set: bool) -> "_Reader":
    return lambda keys: HasKeyword(keys.cursor.atom("a keyword").decode("ascii"), is_set)


def _octets(kind: type[IsLarger] | type[IsSmaller]) -> "_Reader":
    return lambda keys: kind(keys.cursor.number("a number of octets", MODSEQ_MAX))


def _within(is_younger: bool) -> "_Reader":
    def read(keys: _Keys) -> SearchKey:
        keys.cursor.needs("WITHIN", "YOUNGER or OLDER")
        seconds = keys.cursor.number("a number of seconds", _SECONDS_MAX)
        if seconds == 0:  # RFC 5032 3: nz-number
            raise BadCommand("YOUNGER and OLDER take at least one second")
        return WithinSeconds(seconds, is_younger)

    return read


def _modseq(keys: _Keys) -> SearchKey:
    """MODSEQ [entry-name entry-type] number. RFC 7162 3.1.5"""
    cursor = keys.cursor
    cursor.needs("CONDSTORE", "MODSEQ")
    if cursor.data[cursor.at : cursor.at + 1] == b'"':
        cursor.string("an entry name")
        cursor.space()
        if cursor.word("all, priv or shared") not in (b"ALL", b"PRIV", b"SHARED"):
            raise BadCommand("An entry is of type all, priv or shared")
        cursor.space()
    return ModSeqAtLeast(cursor.number("a mod-sequence", MODSEQ_MAX))


def _object_id(thread: bool) -> "_Reader":
    def read(keys: _Keys) -> SearchKey:
        keys.cursor.needs("OBJECTID", "EMAILID or THREADID")
        return HasObjectId(thread, keys.cursor.atom("an id").decode("ascii"))

    return read


def _day(day: Day, compare: Compare) -> "_Reader":
    def read(keys: _Keys) -> SearchKey:
        if day is Day.SAVED:
            keys.cursor.needs("SAVEDATE", "A search by save date")
        return OnDay(day, compare, keys.cursor.date())

    return read


_Reader = Callable[[_Keys], SearchKey]

_SETTLED: Final[dict[bytes, SearchKey]] = {
    b"ALL": AllMessages(),
    b"ANSWERED": HasFlag(ANSWERED, True),
    b"DELETED": HasFlag(DELETED, True),
    b"DRAFT": HasFlag(DRAFT, True),
    b"FLAGGED": HasFlag(FLAGGED, True),
    b"SEEN": HasFlag(SEEN, True),
    b"UNANSWERED": HasFlag(ANSWERED, False),
    b"UNDELETED": HasFlag(DELETED, False),
    b"UNDRAFT": HasFlag(DRAFT, False),
    b"UNFLAGGED": HasFlag(FLAGGED, False),
    b"UNSEEN": HasFlag(SEEN, False),
    b"RECENT": IsRecent(True),
    b"OLD": IsRecent(False),
    b"NEW": And((IsRecent(True), HasFlag(SEEN, False))),
}
_READERS: Final[dict[bytes, _Reader]] = {
    b"NOT": _not,
    b"OR": _or,
    b"HEADER": _header,
    b"BCC": _field("BCC"),
    b"CC": _field("CC"),
    b"FROM": _field("FROM"),
    b"SUBJECT": _field("SUBJECT"),
    b"TO": _field("TO"),
    b"BODY": lambda keys: InBody(keys.text()),
    b"TEXT": lambda keys: InText(keys.text()),
    b"KEYWORD": _keyword(True),
    b"UNKEYWORD": _keyword(False),
    b"UID": lambda keys: InSet(keys.cursor.number_set(), uid=True),
    b"LARGER": _octets(IsLarger),
    b"SMALLER": _octets(IsSmaller),
    b"YOUNGER": _within(True),
    b"OLDER": _within(False),
    b"MODSEQ": _modseq,
    b"EMAILID": _object_id(False),
    b"THREADID": _object_id(True),
    b"BEFORE": _day(Day.RECEIVED, Compare.BEFORE),
    b"ON": _day(Day.RECEIVED, Compare.ON),
    b"SINCE": _day(Day.RECEIVED, Compare.SINCE),
    b"SENTBEFORE": _day(Day.SENT, Compare.BEFORE),
    b"SENTON": _day(Day.SENT, Compare.ON),
    b"SENTSINCE": _day(Day.SENT, Compare.SINCE),
    b"SAVEDBEFORE": _day(Day.SAVED, Compare.BEFORE),
    b"SAVEDON": _day(Day.SAVED, Compare.ON),
    b"SAVEDSINCE": _day(Day.SAVED, Compare.SINCE),
}
