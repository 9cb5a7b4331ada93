"""What a client asks of the house: one frozen struct a command, and the questions of dialogues.

Made by the parsers, handed out by `ImapServer.next_question`, answered with `Done` unless the
struct says otherwise. Capability, Starttls, Logout and a Noop before log-in are settled by the core
alone. Mailbox names are decoded, INBOX in upper case; search texts are decoded from their charset.
"""

from datetime import datetime
from typing import Literal

import msgspec

from posthouse.wire.imap.flags import Flags
from posthouse.wire.imap.search_keys import SearchKey
from posthouse.wire.imap.sets import NumberSet

# ---- any state


class Noop(msgspec.Struct, frozen=True):
    """NOOP: a chance to send what has changed."""


class Capability(msgspec.Struct, frozen=True):
    """CAPABILITY: never leaves the core."""


class Logout(msgspec.Struct, frozen=True):
    """LOGOUT: never leaves the core; the driver sees `closing`."""


class Starttls(msgspec.Struct, frozen=True):
    """STARTTLS: never leaves the core; the driver sees `starting_tls`."""


class Compress(msgspec.Struct, frozen=True):
    """COMPRESS DEFLATE: never leaves the core; the driver sees `starting_compression`. RFC 4978"""


class Id(msgspec.Struct, frozen=True):
    """ID: who the client says it is; names in lower case, () for NIL. RFC 2971"""

    fields: tuple[tuple[str, str | None], ...]


# ---- not authenticated


class Login(msgspec.Struct, frozen=True):
    """LOGIN. Ok makes the session authenticated and adds the capabilities to the answer."""

    user: str
    password: str


class AuthStarted(msgspec.Struct, frozen=True):
    """AUTHENTICATE: a new exchange, one that was open is over. Answer `Challenge` or `Done`."""

    mechanism: str
    """Upper case, one of the offered ones."""
    initial: bytes | None
    """The initial response (SASL-IR, RFC 4959), b"" for `=`; None when the client sent none."""


class AuthData(msgspec.Struct, frozen=True):
    """The client's answer to the last Challenge, decoded. Answer `Challenge` or `Done`.

    A client that cancels with `*` gets its BAD from the core; the station hears of it by nothing
    but the next question.
    """

    octets: bytes


# ---- authenticated


class Unauthenticate(msgspec.Struct, frozen=True):
    """UNAUTHENTICATE. Ok makes the session as it was before log-in; TLS and compression stay, what
    was enabled does not. RFC 8437"""


class Enable(msgspec.Struct, frozen=True):
    """ENABLE: only extensions that are offered and can be enabled, upper case. RFC 5161

    The station sends `* ENABLED ...` and answers Ok; the core then reads UTF-8 where enabled.
    """

    extensions: tuple[str, ...]


class Namespace(msgspec.Struct, frozen=True):
    """NAMESPACE. RFC 2342"""


class Qresync(msgspec.Struct, frozen=True):
    """What a client that comes back remembers of the mailbox. RFC 7162 3.2.5"""

    uidvalidity: int
    modseq: int
    known_uids: NumberSet | None
    """None: all the client may have, 1:*."""
    known_sequences: NumberSet | None
    """Sequence-match-data: message numbers ..."""
    known_sequence_uids: NumberSet | None
    """... and the UIDs they had."""


class Select(msgspec.Struct, frozen=True):
    """SELECT and EXAMINE. Ok selects; No leaves nothing selected, Bad all as it was. RFC 3501 6.3.1

    The station sends OK [CLOSED] for a mailbox left this way where RFC 7162 3.2.11 wants it.
    """

    mailbox: str
    examine: bool
    condstore: bool
    qresync: Qresync | None


class Create(msgspec.Struct, frozen=True):
    """CREATE; a trailing "/" of the name is kept. RFC 3501 6.3.3"""

    mailbox: str
    uses: tuple[str, ...]
    """Special uses asked for, as "\\Drafts". RFC 6154 5.3"""


class Delete(msgspec.Struct, frozen=True):
    """DELETE."""

    mailbox: str


class Rename(msgspec.Struct, frozen=True):
    """RENAME."""

    mailbox: str
    to: str


class Subscribe(msgspec.Struct, frozen=True):
    """SUBSCRIBE."""

    mailbox: str


class Unsubscribe(msgspec.Struct, frozen=True):
    """UNSUBSCRIBE."""

    mailbox: str


class List(msgspec.Struct, frozen=True):
    """LIST, plain and extended. RFC 3501 6.3.8, 5258, 5819, 6154"""

    reference: str
    patterns: tuple[str, ...]
    """For `match.Matcher`. A lone "" asks for the delimiter and the root only."""
    is_extended: bool = False
    """Options or a list of patterns were used: then an empty pattern asks for no delimiter."""
    select_subscribed: bool = False
    select_remote: bool = False
    select_recursive: bool = False
    select_special_use: bool = False
    return_subscribed: bool = False
    return_children: bool = False
    return_special_use: bool = False
    return_status: tuple[str, ...] = ()
    """STATUS items, upper case; () when not asked for."""


class Lsub(msgspec.Struct, frozen=True):
    """LSUB."""

    reference: str
    pattern: str


class Status(msgspec.Struct, frozen=True):
    """STATUS; items in upper case, in the client's order, each once."""

    mailbox: str
    items: tuple[str, ...]
    """Of MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE DELETED DELETED-STORAGE
    MAILBOXID APPENDLIMIT."""


class GetQuota(msgspec.Struct, frozen=True):
    """GETQUOTA. RFC 9208 4.1.2"""

    root: str


class GetQuotaRoot(msgspec.Struct, frozen=True):
    """GETQUOTAROOT: which quota roots a mailbox has, and each with its limits."""

    mailbox: str


class SetQuota(msgspec.Struct, frozen=True):
    """SETQUOTA."""

    root: str
    limits: tuple[tuple[str, int], ...]
    """Resources in upper case."""


class AppendLetter(msgspec.Struct, frozen=True):
    """One letter of an APPEND."""

    flags: Flags
    date: datetime | None
    """With its zone as written; None: now."""
    size: int
    octets: bytes | None
    """None: the octets went out before, as AppendPiece with this letter's place in the tuple."""
    is_binary: bool = False
    """It came as literal8 and may hold NUL. RFC 3516 4.4"""


class Append(msgspec.Struct, frozen=True):
    """APPEND, one letter or several, all or none. RFC 3501 6.3.11, 3502"""

    mailbox: str
    letters: tuple[AppendLetter, ...]


class Replace(msgspec.Struct, frozen=True):
    """REPLACE, UID REPLACE: the letter comes into the mailbox, and the message goes. RFC 8508"""

    uid: bool
    number: int
    """Of the message, or its UID; `sets.STAR` for the last one."""
    mailbox: str
    letter: AppendLetter


class ReplaceOffered(msgspec.Struct, frozen=True):
    """A letter that shall replace a message is announced: as AppendOffered, before Replace."""

    uid: bool
    number: int
    mailbox: str
    octets: int


class AppendOffered(msgspec.Struct, frozen=True):
    """A letter of so many octets is announced. Answer None to take it; No or Bad ends the command.

    Asked before each letter, `letter` counts from 0. The size is within `letter_octets_max`.
    """

    mailbox: str
    octets: int
    letter: int


class AppendPiece(msgspec.Struct, frozen=True):
    """The next octets of a letter too large to hold. Answer None to go on, No ends the command."""

    letter: int
    octets: bytes
    is_last: bool


class AppendAborted(msgspec.Struct, frozen=True):
    """The command failed after pieces of it went out: throw them away. Answer None.

    Also what `ImapServer.hang_up` returns when the connection dies meanwhile. After a No to an
    AppendPiece this is not asked: the station knows.
    """


class IdleStarted(msgspec.Struct, frozen=True):
    """IDLE. Answer None (or Ok) to begin: from then on no question is open and the station pushes
    untagged answers as things happen. No refuses. RFC 2177"""


class IdleEnded(msgspec.Struct, frozen=True):
    """DONE, or something else that ends IDLE. Send what is left, answer Ok."""


# ---- selected


class Check(msgspec.Struct, frozen=True):
    """CHECK."""


class Close(msgspec.Struct, frozen=True):
    """CLOSE: removes what is marked deleted, silently, and leaves the mailbox."""


class Unselect(msgspec.Struct, frozen=True):
    """UNSELECT: leaves the mailbox, removes nothing. RFC 3691"""


class Expunge(msgspec.Struct, frozen=True):
    """EXPUNGE, and UID EXPUNGE with a set. RFC 3501 6.4.3, 4315 2.1"""

    uids: NumberSet | None


SearchReturn = Literal["MIN", "MAX", "ALL", "COUNT", "SAVE"]


class Search(msgspec.Struct, frozen=True):
    """SEARCH, UID SEARCH."""

    uid: bool
    key: SearchKey
    returns: frozenset[str] | None
    """Of MIN MAX ALL COUNT SAVE; None: no RETURN, answer with the old SEARCH line. RFC 4731"""
    charset: str
    """As the client named it, upper case; for the log. Texts are decoded."""


class SearchDeclined(msgspec.Struct, frozen=True):
    """A SEARCH or SORT with RETURN (SAVE) that is well formed and cannot be done: what was saved is
    forgotten. Answer No with these. RFC 5182 2.1"""

    text: str
    code: bytes | None


class SortKey(msgspec.Struct, frozen=True):
    """One criterion of SORT."""

    name: str
    """ARRIVAL CC DATE DISPLAYFROM DISPLAYTO FROM SIZE SUBJECT TO, upper case. RFC 5256, 5957"""
    reverse: bool


class Sort(msgspec.Struct, frozen=True):
    """SORT, UID SORT. RFC 5256, 5267"""

    uid: bool
    sort_keys: tuple[SortKey, ...]
    key: SearchKey
    returns: frozenset[str] | None
    charset: str


class Thread(msgspec.Struct, frozen=True):
    """THREAD, UID THREAD. RFC 5256"""

    uid: bool
    algorithm: str
    """ORDEREDSUBJECT, REFERENCES ..., upper case, one that is offered."""
    key: SearchKey
    charset: str


class BodySection(msgspec.Struct, frozen=True):
    """BODY[...], BODY.PEEK[...], RFC822, RFC822.HEADER, RFC822.TEXT. RFC 3501 6.4.5"""

    peek: bool
    """False: sets \\Seen."""
    part: tuple[int, ...]
    """Part numbers, () for the whole letter."""
    what: str
    """"", HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME."""
    fields: tuple[str, ...]
    """Field names in upper case."""
    partial: tuple[int, int] | None
    """Origin and count of octets."""
    label: bytes
    """How the answer names it, ready to send: b"BODY[1.HEADER.FIELDS (FROM TO)]<0>"."""


class BinarySection(msgspec.Struct, frozen=True):
    """BINARY[...], BINARY.PEEK[...], BINARY.SIZE[...]. RFC 3516"""

    peek: bool
    part: tuple[int, ...]
    partial: tuple[int, int] | None
    size_only: bool
    label: bytes


FetchItem = str | BodySection | BinarySection
"""A str is one of UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE MODSEQ EMAILID
THREADID SAVEDATE PREVIEW "PREVIEW LAZY"; macros are written out."""


class Fetch(msgspec.Struct, frozen=True):
    """FETCH, UID FETCH. Each item once, in the client's order."""

    uid: bool
    numbers: NumberSet
    items: tuple[FetchItem, ...]
    """Begins with "UID" for UID FETCH, holds "MODSEQ" where CHANGEDSINCE is used."""
    changed_since: int | None = None
    vanished: bool = False
    """RFC 7162 3.2.6"""


class Store(msgspec.Struct, frozen=True):
    """STORE, UID STORE."""

    uid: bool
    numbers: NumberSet
    action: Literal["replace", "add", "remove"]
    flags: Flags
    silent: bool
    unchanged_since: int | None = None


class Copy(msgspec.Struct, frozen=True):
    """COPY, UID COPY."""

    uid: bool
    numbers: NumberSet
    mailbox: str


class Move(msgspec.Struct, frozen=True):
    """MOVE, UID MOVE. RFC 6851"""

    uid: bool
    numbers: NumberSet
    mailbox: str


Command = (
    Noop
    | Id
    | Login
    | Unauthenticate
    | Enable
    | Namespace
    | Select
    | Create
    | Delete
    | Rename
    | Subscribe
    | Unsubscribe
    | List
    | Lsub
    | Status
    | GetQuota
    | GetQuotaRoot
    | SetQuota
    | Append
    | Replace
    | Check
    | Close
    | Unselect
    | Expunge
    | Search
    | SearchDeclined
    | Sort
    | Thread
    | Fetch
    | Store
    | Copy
    | Move
)
"""Answered with `Done`."""

Question = (
    Command
    | AuthStarted
    | AuthData
    | AppendOffered
    | ReplaceOffered
    | AppendPiece
    | AppendAborted
    | IdleStarted
    | IdleEnded
)

Settled = Capability | Logout | Starttls | Compress
"""What the core does alone."""
