"""FETCH data as columns: each item makes one column of values for a slice of letters, a template
joins them.

So the work for a letter is a few C calls: a slice of 256 letters is turned into octets at a time
(design.md 6). ENVELOPE and BODYSTRUCTURE are copied out as they were made when the letter came. RFC
3501 7.4.2
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from posthouse.mail.imap_forms import bodystructure
from posthouse.mail.structure import unpack, walk
from posthouse.read.imap.binary import binary_string, nothing
from posthouse.read.imap.sections import Take, filter_of, is_filtered, needs_parts, take_of
from posthouse.read.imap.view import View
from posthouse.store.contract import Field, Row
from posthouse.wire.imap.answers import MONTHS, flag_list, literal, string
from posthouse.wire.imap.commands import BinarySection, BodySection, FetchItem

Column = Sequence[Any]
Make = Callable[[Sequence[Column]], Iterable[Any]]
"""Columns of the rows in, one value a row out."""


class Plan:
    """How the rows of one FETCH command become octets. Made once a command."""

    __slots__ = (
        "fields",
        "has_unknown_encoding",
        "items",
        "makers",
        "sections",
        "template",
        "templates",
    )

    def __init__(self, items: Sequence[FetchItem], view: View) -> None:
        self.items = items
        self.fields: list[Field] = ["uid"]
        self.sections = 0
        """How many parts of the octets are asked for. Letters too large to be held are told apart:
        `body` says which, `size` how large.
        """
        self.has_unknown_encoding = False
        """A part that BINARY asked for could not be decoded."""
        self.makers: list[Make] = []
        self.templates: list[bytes] = []
        for item in items:
            if isinstance(item, str):
                template, make = _ITEMS[item](self, view)
            else:
                template, make = self._section(item)
            self.templates.append(template)
            self.makers.append(make)
        self.template = b"* %d FETCH (" + b" ".join(self.templates) + b")\r\n"

    def at(self, field: Field) -> int:
        """The column of a field, asked for from now on."""
        if field not in self.fields:
            self.fields.append(field)
        return self.fields.index(field)

    def lines(self, numbers: Iterable[int], rows: list[Row]) -> bytes:
        """The answers for some letters whose octets are all here."""
        columns = list(zip(*rows, strict=True))
        values = [make(columns) for make in self.makers]
        return b"".join(map(self.template.__mod__, zip(numbers, *values, strict=True)))

    def _section(self, section: BodySection | BinarySection) -> tuple[bytes, Make]:
        self.sections += 1
        if isinstance(section, BinarySection):
            return self._binary(section)
        octets, header = self.at("octets"), self.at("header_octets")
        for field in ("body", "size"):
            self.at(field)
        parts = self.at("parts") if needs_parts(section) else header
        template = section.label.replace(b"%", b"%%") + b" %b"
        if is_filtered(section):
            # What lists of letters ask for, of thousands: one call a letter.
            chosen = filter_of(section)
            return template, lambda columns: [
                b"{%d}\r\n%b" % (len(fields), fields)
                for fields in map(chosen, columns[octets], columns[header])
            ]
        take = take_of(section)
        return template, lambda columns: [
            section_string(take, *row)
            for row in zip(columns[octets], columns[header], columns[parts], strict=True)
        ]

    def _binary(self, section: BinarySection) -> tuple[bytes, Make]:
        octets, parts = self.at("octets"), self.at("parts")
        for field in ("body", "size"):
            self.at(field)

        def value(held: bytes, tree: bytes) -> bytes:
            found = binary_string(section, held, tree)
            if found is None:
                self.has_unknown_encoding = True
                return nothing(section)
            return found

        return section.label + b" %b", lambda columns: [
            value(*row) for row in zip(columns[octets], columns[parts], strict=True)
        ]


def section_string(take: Take, octets: bytes, header: int, parts: bytes) -> bytes:
    """One section as a literal, or NIL."""
    found = take(octets, header, parts)
    return b"NIL" if found is None else literal(found)


# ---- items without octets

_PLAIN_FLAGS: Final = tuple([flag_list(bits) for bits in range(32)])


def _copied(field: Field, template: bytes) -> Callable[[Plan, View], tuple[bytes, Make]]:
    """A field that goes out as it is stored."""

    def item(plan: Plan, _view: View) -> tuple[bytes, Make]:
        place = plan.at(field)
        return template, lambda columns: columns[place]

    return item


def _flags(plan: Plan, view: View) -> tuple[bytes, Make]:
    uids, bits, words = plan.at("uid"), plan.at("flags"), plan.at("keywords")

    def make(columns: Sequence[Column]) -> Iterable[bytes]:
        if view.recent:
            return [
                flag_list(flags, keywords, recent=view.is_recent(uid))
                for uid, flags, keywords in zip(
                    columns[uids], columns[bits], columns[words], strict=True
                )
            ]
        if not any(columns[words]):
            return map(_PLAIN_FLAGS.__getitem__, columns[bits])
        return map(flag_list, columns[bits], columns[words])

    return b"FLAGS %b", make


def _dates(field: Field, name: bytes) -> Callable[[Plan, View], tuple[bytes, Make]]:
    def item(plan: Plan, _view: View) -> tuple[bytes, Make]:
        place = plan.at(field)
        return name + b" %b", lambda columns: map(date_time, columns[place])

    return item


def date_time(seconds: int) -> bytes:
    """A date-time in UTC, quoted. RFC 3501 9"""
    days, second = divmod(seconds, 86_400)
    minutes, second = divmod(second, 60)
    return b'%b%02d:%02d:%02d +0000"' % (_day(days), minutes // 60, minutes % 60, second)


@lru_cache(maxsize=4096)
def _day(days: int) -> bytes:
    """The date of a day since 1970, as date-time begins. Howard Hinnant's calendar of March
    years."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month = month + 2 if month < 10 else month - 10
    return b'"%2d-%b-%04d ' % (day, MONTHS[month], year + era * 400 + (month < 2))


def _preview(plan: Plan, _view: View) -> tuple[bytes, Make]:
    place = plan.at("preview")
    return b"PREVIEW %b", lambda columns: [string(text.encode()) for text in columns[place]]


def _body(plan: Plan, _view: View) -> tuple[bytes, Make]:
    """BODY: the structure without its extensions; rarely asked for, so it is made anew."""
    parts, octets = plan.at("parts"), plan.at("octets")
    return b"BODY %b", lambda columns: [
        _short_structure(*row) for row in zip(columns[parts], columns[octets], strict=True)
    ]


def _short_structure(parts: bytes, octets: bytes | None) -> bytes:
    tree = unpack(parts)
    if octets is None:
        # Of large letters the octets are not here: the envelopes of letters inside stay empty.
        for part in walk(tree):
            if part.is_message:
                part.children = []
        octets = b""
    return bodystructure(tree, octets, extended=False)


_ITEMS: Final[dict[str, Callable[[Plan, View], tuple[bytes, Make]]]] = {
    "UID": _copied("uid", b"UID %d"),
    "FLAGS": _flags,
    "INTERNALDATE": _dates("received", b"INTERNALDATE"),
    "RFC822.SIZE": _copied("size", b"RFC822.SIZE %d"),
    "ENVELOPE": _copied("envelope", b"ENVELOPE %b"),
    "BODYSTRUCTURE": _copied("bodystructure", b"BODYSTRUCTURE %b"),
    "BODY": _body,
    "MODSEQ": _copied("modseq", b"MODSEQ (%d)"),
    # RFC 8474 4: letters and digits; a letter first, so that nobody takes them for numbers.
    "EMAILID": _copied("email", b"EMAILID (e%d)"),
    "THREADID": _copied("thread", b"THREADID (t%d)"),
    "SAVEDATE": _dates("saved", b"SAVEDATE"),
    "PREVIEW": _preview,
    "PREVIEW LAZY": _preview,
}
