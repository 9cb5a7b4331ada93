"""The words of IMAP's grammar, read from one whole command by a cursor. RFC 3501 9, 4466.

A command is held with its literals inline and without its last CRLF. Each method reads one thing
at `at` and moves behind it, or raises `BadCommand` (tagged BAD) or `Declined` (tagged NO).
"""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Final

from posthouse.wire.imap.answers import CANNOT, LIMIT
from posthouse.wire.imap.flags import NO_FLAGS, Flags, parse_flags
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.mailbox_name import decode_name
from posthouse.wire.imap.sets import NUMBER_MAX, SAVED, NumberSet, parse_set


class BadCommand(Exception):
    """The command is not in the grammar: tagged BAD with this text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Declined(Exception):
    """The command is well formed and cannot be done by anybody here: tagged NO."""

    def __init__(self, text: str, code: bytes | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


MODSEQ_MAX: Final = 2**63 - 1
"""RFC 7162 7: mod-sequences are 63 bits."""

# RFC 3501 9. atom-specials: ( ) { SP CTL % * " \ ]; astrings may have ], list patterns % and * too
_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
_LIST_ATOM: Final = re.compile(rb'[^\x00-\x20(){"\\\x7f-\xff]+')
_WORD: Final = re.compile(rb"[A-Za-z0-9.=/+_-]+")
_QUOTED: Final = re.compile(rb'"([^"\\\r\n\x00\x80-\xff]*(?:\\["\\][^"\\\r\n\x00\x80-\xff]*)*)"')
_QUOTED_8BIT: Final = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
_LITERAL: Final = re.compile(rb"\{([0-9]{1,19})\+?\}\r\n")
_NUMBER: Final = re.compile(rb"[0-9]+")
_SET: Final = re.compile(rb"[0-9*:,]+")
_FLAG_LIST: Final = re.compile(
    rb'\(((?:\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+(?: \\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+)*)?)\)'
)
_FLAGS_BARE: Final = re.compile(
    rb'\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+(?: \\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+)*'
)
_MONTH: Final = (
    rb"([Jj][Aa][Nn]|[Ff][Ee][Bb]|[Mm][Aa][RrYy]|[Aa][Pp][Rr]|[Jj][Uu][NnLl]|[Aa][Uu][Gg]"
)
_DATE_TEXT: Final = (
    rb"([0-9]{1,2})-"
    + _MONTH
    + rb"|[Ss][Ee][Pp]|[Oo][Cc][Tt]|[Nn][Oo][Vv]|[Dd][Ee][Cc])-([0-9]{4})"
)
_DATE: Final = re.compile(rb"(\"?)" + _DATE_TEXT + rb"\1")
_DATE_TIME: Final = re.compile(
    rb'" ?' + _DATE_TEXT + rb' ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (
            b"JAN",
            b"FEB",
            b"MAR",
            b"APR",
            b"MAY",
            b"JUN",
            b"JUL",
            b"AUG",
            b"SEP",
            b"OCT",
            b"NOV",
            b"DEC",
        ),
        1,
    )
}
_SHOWN_OCTETS_MAX: Final = 30


class Cursor:
    """Where the reading of one command stands, and what the session may say."""

    __slots__ = ("at", "bans_charset", "data", "extensions", "is_uid", "limits", "utf8")

    def __init__(
        self,
        data: bytes,
        at: int,
        extensions: frozenset[str],
        limits: ImapLimits,
        utf8: bool = False,
        is_uid: bool = False,
        bans_charset: bool = False,
    ) -> None:
        self.data = data
        self.at = at
        self.extensions = extensions
        """Capabilities of the offer, upper case."""
        self.limits = limits
        self.utf8 = utf8
        """UTF-8 was enabled: in quoted strings and in mailbox names. RFC 6855 3, 9051"""
        self.is_uid = is_uid
        """The command began with UID."""
        self.bans_charset = bans_charset
        """UTF8=ACCEPT was enabled: texts are UTF-8, SEARCH names no charset. RFC 6855 3"""

    # ---- marks

    def bad(self, expected: str) -> BadCommand:
        """What to raise: what was expected and what stands there."""
        rest = self.data[self.at : self.at + _SHOWN_OCTETS_MAX]
        if not rest:
            return BadCommand(f"Expected {expected}, found the end of the command")
        return BadCommand(f"Expected {expected}, found: {rest.decode('ascii', 'replace')}")

    def space(self) -> None:
        """One space, as the grammar has it everywhere."""
        if self.data[self.at : self.at + 1] != b" ":
            raise self.bad("a space")
        self.at += 1

    def take(self, mark: bytes) -> bool:
        """Moves over the mark where it stands here, in any case; `mark` is in upper case."""
        end = self.at + len(mark)
        if self.data[self.at : end].upper() != mark:
            return False
        self.at = end
        return True

    def expect(self, mark: bytes) -> None:
        """The mark stands here."""
        if not self.take(mark):
            raise self.bad(mark.decode("ascii"))

    def end(self) -> None:
        """Nothing more, but for trailing spaces, which some clients send and which do no harm."""
        if self.at != len(self.data) and self.data[self.at :].strip(b" "):
            raise self.bad("the end of the command")

    def at_end(self) -> bool:
        """Only spaces are left."""
        return self.at == len(self.data) or not self.data[self.at :].strip(b" ")

    def needs(self, extension: str, what: str) -> None:
        """BadCommand unless the extension is offered."""
        if extension not in self.extensions:
            raise BadCommand(f"{what} needs {extension}, which is not offered here")

    # ---- words and strings

    def word(self, expected: str) -> bytes:
        """A name of the grammar in upper case: a fetch item, a search key, an option."""
        match = _WORD.match(self.data, self.at)
        if match is None:
            raise self.bad(expected)
        self.at = match.end()
        return match[0].upper()

    def atom(self, expected: str) -> bytes:
        """An atom as written."""
        match = _ATOM.match(self.data, self.at)
        if match is None:
            raise self.bad(expected)
        self.at = match.end()
        return match[0]

    def astring(self, expected: str) -> bytes:
        """An atom (which may hold `]`), a quoted string or a literal."""
        match = _ASTRING_ATOM.match(self.data, self.at)
        if match is not None:
            self.at = match.end()
            return match[0]
        return self.string(expected)

    def string(self, expected: str) -> bytes:
        """A quoted string or a literal."""
        mark = self.data[self.at : self.at + 1]
        if mark == b'"':
            return self._quoted()
        if mark == b"{":
            return self._literal()
        raise self.bad(expected)

    def nstring(self, expected: str) -> bytes | None:
        """A string, or None for NIL."""
        if self.take(b"NIL"):
            return None
        return self.string(expected)

    def _quoted(self) -> bytes:
        match = (_QUOTED_8BIT if self.utf8 else _QUOTED).match(self.data, self.at)
        if match is None:
            if not self.utf8 and _QUOTED_8BIT.match(self.data, self.at):
                # RFC 3501 4.3: quoted strings are 7-bit
                raise BadCommand("A quoted string is 7-bit; send octets above 127 as a literal")
            raise BadCommand("A quoted string has no end, or a NUL, CR, LF or wrong \\ in it")
        self.at = match.end()
        octets = match[1]
        if b"\\" in octets:
            octets = octets.replace(b'\\"', b'"').replace(b"\\\\", b"\\")
        return octets

    def _literal(self) -> bytes:
        match = _LITERAL.match(self.data, self.at)
        if match is None:
            raise self.bad("a literal as {5}")
        start = match.end()
        end = start + int(match[1])
        if end > len(self.data):
            raise BadCommand("A literal is cut off")
        octets = self.data[start:end]
        if b"\0" in octets:
            raise BadCommand("A literal has a NUL in it")  # RFC 3501 9 CHAR8
        self.at = end
        return octets

    def text(self, expected: str) -> str:
        """An astring as text: UTF-8."""
        octets = self.astring(expected)
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            raise BadCommand("Octets above 127 must be UTF-8 here") from None

    # ---- mailboxes

    def mailbox(self) -> str:
        """A mailbox name, INBOX in upper case."""
        return self._name(self.astring("a mailbox name"))

    def list_pattern(self) -> str:
        """A mailbox name with wildcards."""
        match = _LIST_ATOM.match(self.data, self.at)
        if match is None:
            return self._name(self.string("a mailbox pattern"))
        self.at = match.end()
        return self._name(match[0])

    def _name(self, octets: bytes) -> str:
        most = self.limits.mailbox_octets_max
        if len(octets) > most:
            raise Declined(f"A mailbox name has at most {most} octets", LIMIT)
        if self.utf8:
            try:
                name = octets.decode("utf-8")
            except UnicodeDecodeError:
                raise Declined("A mailbox name must be UTF-8", CANNOT) from None
            if any(character < " " or "\x7f" <= character <= "\x9f" for character in name):
                raise Declined("A mailbox name has control characters", CANNOT)
        else:
            try:
                name = decode_name(octets)
            except ValueError as error:
                # The syntax is right, so NO: RFC 5530 3 CANNOT
                raise Declined(str(error), CANNOT) from None
        return "INBOX" if len(name) == 5 and name.upper() == "INBOX" else name  # RFC 3501 5.1

    # ---- numbers

    def number(self, expected: str, most: int = NUMBER_MAX) -> int:
        """A number up to 32 bits, or up to `most`."""
        match = _NUMBER.match(self.data, self.at)
        if match is None:
            raise self.bad(expected)
        digits = match[0]
        if len(digits) > 20 or (number := int(digits)) > most:
            raise BadCommand(f"Expected {expected}, found a number above {most}")
        self.at = match.end()
        return number

    def number_set(self) -> NumberSet:
        """A sequence set, or `$` where SEARCHRES is offered."""
        match = _SET.match(self.data, self.at)
        if match is None:
            if "SEARCHRES" in self.extensions and self.take(b"$"):
                return SAVED
            raise self.bad("a set of numbers, as in 1,3:5,9:*")
        try:
            numbers = parse_set(match[0], ranges_max=self.limits.set_ranges_max)
        except ValueError as error:
            raise BadCommand(str(error)) from None
        self.at = match.end()
        return numbers

    # ---- flags and dates

    def flag_list(self) -> Flags:
        """Flags in parentheses, () too."""
        match = _FLAG_LIST.match(self.data, self.at)
        if match is None:
            raise self.bad("a list of flags as (\\Seen work)")
        return self._flags(match, match[1])

    def flags(self) -> Flags:
        """Flags with or without parentheses, as STORE takes them."""
        match = _FLAGS_BARE.match(self.data, self.at)
        if match is None:
            return self.flag_list()
        return self._flags(match, match[0])

    def _flags(self, match: re.Match[bytes], names: bytes) -> Flags:
        self.at = match.end()
        if not names:
            return NO_FLAGS
        try:
            return parse_flags(names.split(b" "))
        except ValueError as error:
            raise BadCommand(str(error)) from None

    def date(self) -> date:
        """A day as 1-Feb-1994, quoted or not."""
        match = _DATE.match(self.data, self.at)
        if match is None:
            raise self.bad("a date as 1-Feb-1994")
        self.at = match.end()
        try:
            return date(int(match[4]), _MONTHS[match[3].upper()], int(match[2]))
        except ValueError:
            raise BadCommand("There is no such day") from None

    def date_time(self) -> datetime:
        """A moment as "01-Feb-1994 21:52:25 -0800"."""
        match = _DATE_TIME.match(self.data, self.at)
        if match is None:
            raise self.bad('a date-time as "01-Feb-1994 21:52:25 -0800"')
        self.at = match.end()
        day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        try:
            return datetime(
                int(year),
                _MONTHS[month.upper()],
                int(day),
                int(hour),
                int(minute),
                min(int(second), 59) if second == b"60" else int(second),  # a leap second
                tzinfo=timezone(-offset if sign == b"-" else offset),
            )
        except ValueError:
            raise BadCommand("There is no such date and time") from None
