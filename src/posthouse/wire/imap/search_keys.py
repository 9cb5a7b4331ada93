"""What SEARCH, SORT and THREAD ask for, as a tree of small values. RFC 3501 6.4.4.

Texts are decoded from the client's charset already; the station folds case and compares.
"""

from datetime import date
from enum import Enum

import msgspec

from posthouse.wire.imap.sets import NumberSet


class Compare(Enum):
    """How a date is compared."""

    BEFORE = "before"
    ON = "on"
    SINCE = "since"


class Day(Enum):
    """Which date of a letter is meant; time and zone are disregarded."""

    RECEIVED = "received"
    SENT = "sent"
    SAVED = "saved"
    """RFC 8514"""


class AllMessages(msgspec.Struct, frozen=True):
    """ALL."""


class And(msgspec.Struct, frozen=True):
    """Every key holds. At least two keys, none of them an And written without parentheses."""

    keys: tuple["SearchKey", ...]


class Or(msgspec.Struct, frozen=True):
    """Either key holds."""

    left: "SearchKey"
    right: "SearchKey"


class Not(msgspec.Struct, frozen=True):
    """The key does not hold."""

    key: "SearchKey"


class InSet(msgspec.Struct, frozen=True):
    """The message number (or UID) is in the set; SAVED stands for `$`."""

    numbers: NumberSet
    uid: bool


class HasFlag(msgspec.Struct, frozen=True):
    """One system flag is set or not: SEEN, UNSEEN, ..."""

    bit: int
    is_set: bool


class HasKeyword(msgspec.Struct, frozen=True):
    """KEYWORD, UNKEYWORD."""

    word: str
    is_set: bool


class IsRecent(msgspec.Struct, frozen=True):
    """RECENT, OLD. NEW arrives as And((IsRecent(True), HasFlag(SEEN, False)))."""

    is_set: bool


class InHeader(msgspec.Struct, frozen=True):
    """HEADER, and FROM, TO, CC, BCC, SUBJECT by that name. An empty text asks for presence."""

    field: str
    """Upper case."""
    text: str


class InBody(msgspec.Struct, frozen=True):
    """BODY: the text stands in the body."""

    text: str


class InText(msgspec.Struct, frozen=True):
    """TEXT: the text stands in header or body."""

    text: str


class OnDay(msgspec.Struct, frozen=True):
    """BEFORE ON SINCE, SENTBEFORE SENTON SENTSINCE, SAVEDBEFORE SAVEDON SAVEDSINCE."""

    day: Day
    compare: Compare
    date: date


class IsLarger(msgspec.Struct, frozen=True):
    """LARGER: more octets than this."""

    octets: int


class IsSmaller(msgspec.Struct, frozen=True):
    """SMALLER: fewer octets than this."""

    octets: int


class WithinSeconds(msgspec.Struct, frozen=True):
    """YOUNGER, OLDER: received within so many seconds, or before them. RFC 5032"""

    seconds: int
    is_younger: bool


class ModSeqAtLeast(msgspec.Struct, frozen=True):
    """MODSEQ: changed at this number or later. Entry name and type are accepted and mean the same
    here, as there is one MODSEQ a message. RFC 7162 3.1.5"""

    modseq: int


class HasObjectId(msgspec.Struct, frozen=True):
    """EMAILID, THREADID. RFC 8474 4.3"""

    thread: bool
    id: str


class SaveDateSupported(msgspec.Struct, frozen=True):
    """SAVEDATESUPPORTED. RFC 8514 4.3"""


SearchKey = (
    AllMessages
    | And
    | Or
    | Not
    | InSet
    | HasFlag
    | HasKeyword
    | IsRecent
    | InHeader
    | InBody
    | InText
    | OnDay
    | IsLarger
    | IsSmaller
    | WithinSeconds
    | ModSeqAtLeast
    | HasObjectId
    | SaveDateSupported
)
