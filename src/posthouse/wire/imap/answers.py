"""What a server says, as octets ready to send: results, data lines, response codes. RFC 3501 7.

Every line function gives a whole line with CRLF; `code_*` functions and constants go into
`Ok`, `No` and `untagged_ok` without brackets. Callers pass what is true; nothing is checked twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

import msgspec

from posthouse.wire.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from posthouse.wire.imap.mailbox_name import encode_name
from posthouse.wire.imap.sets import format_ranges, format_set

# ---- results of a command


class Ok(msgspec.Struct, frozen=True):
    """The command is done. `code` stands without brackets."""

    text: str
    code: bytes | None = None


class No(msgspec.Struct, frozen=True):
    """The command was understood and cannot be done."""

    text: str
    code: bytes | None = None


class Bad(msgspec.Struct, frozen=True):
    """The command makes no sense; counts as an error of the client."""

    text: str
    code: bytes | None = None


class Challenge(msgspec.Struct, frozen=True):
    """The next octets of a SASL exchange, not yet in base64. Also carries the data that comes with
    success (RFC 4422 3.6): IMAP sends it as a challenge and the client answers with nothing."""

    octets: bytes


Done = Ok | No | Bad

# ---- response codes without data. RFC 3501 7.1, 5530, 4315, 7162, 4469, 3516

ALERT: Final = b"ALERT"
READ_ONLY: Final = b"READ-ONLY"
READ_WRITE: Final = b"READ-WRITE"
TRYCREATE: Final = b"TRYCREATE"
UIDNOTSTICKY: Final = b"UIDNOTSTICKY"
CLOSED: Final = b"CLOSED"
COMPRESSIONACTIVE: Final = b"COMPRESSIONACTIVE"
NOMODSEQ: Final = b"NOMODSEQ"
ALREADYEXISTS: Final = b"ALREADYEXISTS"
NONEXISTENT: Final = b"NONEXISTENT"
AUTHENTICATIONFAILED: Final = b"AUTHENTICATIONFAILED"
AUTHORIZATIONFAILED: Final = b"AUTHORIZATIONFAILED"
EXPIRED: Final = b"EXPIRED"
PRIVACYREQUIRED: Final = b"PRIVACYREQUIRED"
CANNOT: Final = b"CANNOT"
CLIENTBUG: Final = b"CLIENTBUG"
CONTACTADMIN: Final = b"CONTACTADMIN"
CORRUPTION: Final = b"CORRUPTION"
EXPUNGEISSUED: Final = b"EXPUNGEISSUED"
HASCHILDREN: Final = b"HASCHILDREN"
INUSE: Final = b"INUSE"
LIMIT: Final = b"LIMIT"
NOPERM: Final = b"NOPERM"
NOTSAVED: Final = b"NOTSAVED"
OVERQUOTA: Final = b"OVERQUOTA"
SERVERBUG: Final = b"SERVERBUG"
TOOBIG: Final = b"TOOBIG"
UNAVAILABLE: Final = b"UNAVAILABLE"
UNKNOWN_CTE: Final = b"UNKNOWN-CTE"
USEATTR: Final = b"USEATTR"


def code_appenduid(uidvalidity: int, uids: Sequence[int]) -> bytes:
    """APPENDUID, uids ascending. RFC 4315 3"""
    return b"APPENDUID %d %b" % (uidvalidity, format_set(uids))


def code_copyuid(uidvalidity: int, source: Sequence[int], target: Sequence[int]) -> bytes:
    """COPYUID, both ascending and of the same length. RFC 4315 3"""
    assert len(source) == len(target), "every message copied has a UID on both sides"
    return b"COPYUID %d %b %b" % (uidvalidity, format_set(source), format_set(target))


def code_uidvalidity(number: int) -> bytes:
    """UIDVALIDITY."""
    return b"UIDVALIDITY %d" % number


def code_uidnext(number: int) -> bytes:
    """UIDNEXT."""
    return b"UIDNEXT %d" % number


def code_unseen(number: int) -> bytes:
    """UNSEEN: the number of the first unseen message."""
    return b"UNSEEN %d" % number


def code_highestmodseq(modseq: int) -> bytes:
    """HIGHESTMODSEQ. RFC 7162 3.1.2.1"""
    return b"HIGHESTMODSEQ %d" % modseq


def code_modified(numbers: Sequence[int]) -> bytes:
    """MODIFIED: the messages a conditional STORE left alone. RFC 7162 3.1.3"""
    return b"MODIFIED %b" % format_set(numbers)


def code_permanentflags(keywords: str, *, new_keywords: bool, bits: int = 31) -> bytes:
    """PERMANENTFLAGS; `new_keywords` adds `\\*`. RFC 3501 7.1"""
    names = flag_list(bits, keywords)
    if not new_keywords:
        return b"PERMANENTFLAGS %b" % names
    return b"PERMANENTFLAGS %b%b" % (names[:-1], b"\\*)" if len(names) == 2 else b" \\*)")


def code_mailboxid(identifier: str) -> bytes:
    """MAILBOXID, in the answers to CREATE and SELECT. RFC 8474 4"""
    return b"MAILBOXID (%b)" % identifier.encode("ascii")


BADCHARSET: Final = b"BADCHARSET (US-ASCII UTF-8)"

# ---- strings

_ATOM: Final = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+\Z")
"""ASTRING-CHARs. RFC 3501 9"""
_QUOTABLE: Final = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*\Z")
_QUOTED_OCTETS_MAX: Final = 1024
"""Longer strings go as literals, which clients read without limits of a line."""


def literal(octets: bytes) -> bytes:
    """`{5}` CRLF and the octets."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def literal8(octets: bytes) -> bytes:
    """`~{5}` CRLF and octets that may have NUL among them. RFC 3516 4.2"""
    return b"~{%d}\r\n%b" % (len(octets), octets)


def string(octets: bytes) -> bytes:
    """A quoted string where that can hold the octets, else a literal."""
    if len(octets) > _QUOTED_OCTETS_MAX or _QUOTABLE.match(octets) is None:
        return literal(octets)
    if b"\\" in octets or b'"' in octets:
        octets = octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"%b"' % octets


def astring(octets: bytes) -> bytes:
    """An atom where that can hold the octets, else a string. NIL is quoted."""
    if _ATOM.match(octets) and octets.upper() != b"NIL":
        return octets
    return string(octets)


def nstring(octets: bytes | None) -> bytes:
    """NIL for None, else a string."""
    return b"NIL" if octets is None else string(octets)


@lru_cache(maxsize=1024)
def mailbox(name: str, *, utf8: bool = False) -> bytes:
    """A mailbox name as astring: modified UTF-7, or quoted UTF-8 for sessions that enabled it."""
    if not utf8:
        return astring(encode_name(name))
    octets = name.encode()
    if octets.isascii():
        return astring(octets)
    # RFC 6855 3, 9051 9: quoted strings may hold UTF-8 there
    return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


# ---- flags

_NAMES: Final = (
    (SEEN, b"\\Seen"),
    (ANSWERED, b"\\Answered"),
    (FLAGGED, b"\\Flagged"),
    (DELETED, b"\\Deleted"),
    (DRAFT, b"\\Draft"),
    (32, b"\\Recent"),
)
_SYSTEM: Final = tuple(b" ".join(name for bit, name in _NAMES if bits & bit) for bits in range(64))
"""All 64 combinations, ready; bit 32 is \\Recent."""
_LISTS: Final = tuple(b"(%b)" % names for names in _SYSTEM)


def flag_list(bits: int, keywords: str = "", *, recent: bool = False) -> bytes:
    """`(\\Seen work)`."""
    if recent:
        bits |= 32
    if not keywords:
        return _LISTS[bits]
    return b"(%b %b)" % (_SYSTEM[bits], keywords.encode()) if bits else b"(%b)" % keywords.encode()


def flags_line(keywords: str) -> bytes:
    """`* FLAGS`: those that are in use in the mailbox, the system ones always."""
    return b"* FLAGS %b\r\n" % flag_list(31, keywords)


# ---- messages


def exists_line(number: int) -> bytes:
    """`* 23 EXISTS`"""
    return b"* %d EXISTS\r\n" % number


def recent_line(number: int) -> bytes:
    """`* 2 RECENT`"""
    return b"* %d RECENT\r\n" % number


def expunge_line(number: int) -> bytes:
    """`* 7 EXPUNGE`: all later messages have a smaller number from now on."""
    return b"* %d EXPUNGE\r\n" % number


def vanished_line(uids: Sequence[int], *, earlier: bool) -> bytes:
    """`* VANISHED (EARLIER) 41,43:116`, uids ascending. RFC 7162 3.2.10"""
    return b"* VANISHED %b%b\r\n" % (b"(EARLIER) " if earlier else b"", format_set(uids))


def vanished_ranges_line(uids: Iterable[tuple[int, int]], *, earlier: bool) -> bytes:
    """The same from ranges, ascending."""
    return b"* VANISHED %b%b\r\n" % (b"(EARLIER) " if earlier else b"", format_ranges(uids))


def fetch_line(number: int, pieces: Iterable[bytes]) -> bytes:
    """`* 12 FETCH (...)` from ready pieces such as b"UID 5", b"ENVELOPE (...)"."""
    return b"* %d FETCH (%b)\r\n" % (number, b" ".join(pieces))


def fetch_flags_line(
    number: int,
    uid: int | None,
    flags: bytes,
    modseq: int | None = None,
) -> bytes:
    """The commonest FETCH answer, `flags` from `flag_list`; UID and MODSEQ where not None."""
    if uid is None:
        if modseq is None:
            return b"* %d FETCH (FLAGS %b)\r\n" % (number, flags)
        return b"* %d FETCH (FLAGS %b MODSEQ (%d))\r\n" % (number, flags, modseq)
    if modseq is None:
        return b"* %d FETCH (UID %d FLAGS %b)\r\n" % (number, uid, flags)
    return b"* %d FETCH (UID %d FLAGS %b MODSEQ (%d))\r\n" % (number, uid, flags, modseq)


def fetch_modseq_line(number: int, uid: int | None, modseq: int) -> bytes:
    """What a silent conditional STORE still tells. RFC 7162 3.1.3"""
    if uid is None:
        return b"* %d FETCH (MODSEQ (%d))\r\n" % (number, modseq)
    return b"* %d FETCH (UID %d MODSEQ (%d))\r\n" % (number, uid, modseq)


def internaldate(seconds: int, zone_minutes: int = 0) -> bytes:
    """Seconds since 1970 UTC as a quoted date-time in that zone, day padded by a space."""
    zone = UTC if not zone_minutes else timezone(timedelta(minutes=zone_minutes))
    moment = datetime.fromtimestamp(seconds, zone)
    sign = b"-" if zone_minutes < 0 else b"+"
    hours, minutes = divmod(abs(zone_minutes), 60)
    return b'"%2d-%b-%04d %02d:%02d:%02d %b%02d%02d"' % (
        moment.day,
        MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
        sign,
        hours,
        minutes,
    )


MONTHS: Final = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)

# ---- mailboxes


def list_line(
    attributes: Sequence[str],
    name: str,
    *,
    kind: bytes = b"LIST",
    child_info: Sequence[str] = (),
    old_name: str = "",
    utf8: bool = False,
) -> bytes:
    """`* LIST (\\HasNoChildren) "/" name`; kind LSUB too; `child_info` as ("SUBSCRIBED",);
    `old_name` as the client wrote it, where we call it otherwise (RFC 9051 6.3.9.7)."""
    line = b'* %b (%b) "/" %b' % (kind, " ".join(attributes).encode(), mailbox(name, utf8=utf8))
    if child_info:  # RFC 5258 3.5, 6
        words = " ".join([f'"{word}"' for word in child_info]).encode()
        line = b'%b ("CHILDINFO" (%b))' % (line, words)
    if old_name:
        line = b'%b ("OLDNAME" (%b))' % (line, mailbox(old_name, utf8=utf8))
    return line + b"\r\n"


def delimiter_line() -> bytes:
    """The answer to LIST "" "". RFC 3501 6.3.8"""
    return b'* LIST (\\Noselect) "/" ""\r\n'


def status_line(name: str, items: Mapping[str, int | str], *, utf8: bool = False) -> bytes:
    """`* STATUS name (MESSAGES 3)`; a str is an object id and goes in parentheses (RFC 8474)."""
    pairs = " ".join(
        [
            f"{key} {value}" if isinstance(value, int) else f"{key} ({value})"
            for key, value in items.items()
        ]
    )
    return b"* STATUS %b (%b)\r\n" % (mailbox(name, utf8=utf8), pairs.encode())


def namespace_line(personal: Sequence[str] = ("",)) -> bytes:
    """`* NAMESPACE (("" "/")) NIL NIL` with these prefixes; others and shared are not there yet."""
    ours = b"".join([b'(%b "/")' % string(encode_name(prefix)) for prefix in personal])
    return b"* NAMESPACE (%b) NIL NIL\r\n" % ours


def quota_line(root: str, resources: Sequence[tuple[str, int, int]]) -> bytes:
    """`* QUOTA "" (STORAGE 10 512)`: names with usage and limit. RFC 9208 4.2.1"""
    told = " ".join([f"{name} {used} {limit}" for name, used, limit in resources])
    return b"* QUOTA %b (%b)\r\n" % (astring(root.encode()), told.encode())


def quota_root_line(name: str, roots: Sequence[str], *, utf8: bool = False) -> bytes:
    """`* QUOTAROOT INBOX ""`. RFC 9208 4.2.2"""
    words = [mailbox(name, utf8=utf8), *[astring(root.encode()) for root in roots]]
    return b"* QUOTAROOT %b\r\n" % b" ".join(words)


# ---- searches


def search_line(numbers: Sequence[int], modseq: int | None = None) -> bytes:
    """`* SEARCH 2 3 6 (MODSEQ 917)`. RFC 3501 7.2.5, 7162 3.1.5"""
    return _numbers_line("* SEARCH", numbers, modseq)


def sort_line(numbers: Sequence[int], modseq: int | None = None) -> bytes:
    """`* SORT 5 3 4 1 2`. RFC 5256 4"""
    return _numbers_line("* SORT", numbers, modseq)


def thread_line(threads: str) -> bytes:
    """`* THREAD (2)(3 6 (4 23)(44 7 96))`. RFC 5256 4"""
    return f"* THREAD {threads}\r\n".encode() if threads else b"* THREAD\r\n"


def _numbers_line(start: str, numbers: Sequence[int], modseq: int | None) -> bytes:
    line = f"{start} {' '.join(map(str, numbers))}" if numbers else start
    if modseq is not None and numbers:
        line = f"{line} (MODSEQ {modseq})"
    return line.encode() + b"\r\n"


def esearch_line(
    tag: bytes,
    *,
    uid: bool,
    found: Sequence[int],
    returns: frozenset[str],
    modseq: int | None = None,
    all_set: bytes | None = None,
) -> bytes:
    """`* ESEARCH (TAG "A1") UID MIN 7 ALL 7,9` from ascending numbers. RFC 4731 3.1

    `all_set` replaces the set made from `found` where the order matters (ESORT, RFC 5267).
    """
    line = [b'* ESEARCH (TAG "%b")' % tag]
    if uid:
        line.append(b"UID")
    if found:
        if "MIN" in returns:
            line.append(b"MIN %d" % found[0])
        if "MAX" in returns:
            line.append(b"MAX %d" % found[-1])
        if "ALL" in returns:
            line.append(b"ALL %b" % (format_set(found) if all_set is None else all_set))
        if modseq is not None:
            line.append(b"MODSEQ %d" % modseq)
    if "COUNT" in returns:
        line.append(b"COUNT %d" % len(found))
    return b" ".join(line) + b"\r\n"


# ---- the session


def untagged_ok(text: str, code: bytes | None = None) -> bytes:
    """`* OK [code] text`"""
    return result_line(b"*", Ok(text, code))


def result_line(tag: bytes, done: Done) -> bytes:
    """The line that ends a command, or an untagged one with the tag b"*"."""
    word = _WORDS[type(done)]
    text = clean_text(done.text)
    if done.code is None:
        return b"%b %b %b\r\n" % (tag, word, text)
    return b"%b %b [%b] %b\r\n" % (tag, word, done.code, text)


_WORDS: Final[dict[type, bytes]] = {Ok: b"OK", No: b"NO", Bad: b"BAD"}
_CONTROLS: Final = re.compile(rb"[\x00-\x1f\x7f-\xff]")


def clean_text(text: str) -> bytes:
    """Text for people on one line: what is not printable ASCII becomes `?`; never empty."""
    octets = text.encode("ascii", "replace")
    if not text.isprintable():
        octets = _CONTROLS.sub(b"?", octets)
    return octets or b"."


def enabled_line(extensions: Iterable[str]) -> bytes:
    """`* ENABLED CONDSTORE`. RFC 5161 3.2"""
    return b" ".join([b"* ENABLED", *[name.encode() for name in extensions]]) + b"\r\n"


def id_line(fields: Mapping[str, str]) -> bytes:
    """`* ID ("name" "Posthouse")`, NIL when there is nothing to say. RFC 2971 3.2"""
    if not fields:
        return b"* ID NIL\r\n"
    words = [string(word.encode()) for pair in fields.items() for word in pair]
    return b"* ID (%b)\r\n" % b" ".join(words)
