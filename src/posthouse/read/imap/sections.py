"""BODY[...]: which octets of a letter a section means. Pure. RFC 3501 6.4.5

The MIME tree was made when the letter came and stands beside it as offsets; only HEADER.FIELDS
looks at octets, by one pattern made for the command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from posthouse.mail.structure import find_section, unpack
from posthouse.wire.imap.commands import BodySection

Take = Callable[[bytes, int, bytes], bytes | None]
"""Octets of a letter, length of its header and packed parts in, octets of the section out; None: no
such section."""
Filter = Callable[[bytes, int], bytes]
"""Octets that begin with a header and its length in, the chosen fields and the empty line out."""

FILTERED: Final = ("HEADER.FIELDS", "HEADER.FIELDS.NOT")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section lies in a letter too large to be held. `filter` is to be put on these octets
    first."""

    start: int
    end: int
    filter: Filter | None = None


def needs_parts(section: BodySection) -> bool:
    return bool(section.part)


def is_filtered(section: BodySection) -> bool:
    """Whole fields of the letter's own header: its octets and their length are enough."""
    return section.what in FILTERED and not section.part and section.partial is None


def take_of(section: BodySection) -> Take:
    """How to cut this section out of letters held in memory."""
    cut = _take_whole(section)
    if section.partial is None:
        return cut
    origin, count = section.partial
    end = origin + count

    def partial(octets: bytes, header: int, parts: bytes) -> bytes | None:
        found = cut(octets, header, parts)
        return None if found is None else found[origin:end]  # RFC 3501 6.4.5: "" beyond the end

    return partial


def _take_whole(section: BodySection) -> Take:
    path = section.part
    if section.what in FILTERED:
        chosen = filter_of(section)
        if not path:
            return lambda octets, header, _parts: chosen(octets, header)
        return lambda octets, _header, parts: _filtered(octets, parts, path, chosen)
    if path:
        return lambda octets, _header, parts: _cut(octets, parts, path, section.what)
    if section.what == "HEADER":
        return lambda octets, header, _parts: octets[:header]
    if section.what == "TEXT":
        return lambda octets, header, _parts: octets[header:]
    assert section.what == "", section.what
    return lambda octets, _header, _parts: octets


def _cut(octets: bytes, parts: bytes, path: tuple[int, ...], what: str) -> bytes | None:
    place = find_section(unpack(parts), path, what)
    return None if place is None else octets[place[0] : place[1]]


def _filtered(octets: bytes, parts: bytes, path: tuple[int, ...], chosen: Filter) -> bytes | None:
    found = _cut(octets, parts, path, "HEADER")
    return None if found is None else chosen(found, len(found))


def place_of(section: BodySection, size: int, header: int, parts: bytes) -> Place | None:
    """Where the section lies, for letters that are read in pieces; None: no such section.

    A partial is counted in, but for filtered headers, which are small and cut after the filter.
    """
    has_filter = section.what in FILTERED
    what = "HEADER" if has_filter else section.what
    if section.part:
        found = find_section(unpack(parts), section.part, what)
        if found is None:
            return None
        start, end = found
    else:
        start = header if what == "TEXT" else 0
        end = header if what == "HEADER" else size
    if has_filter:
        return Place(start, end, filter_of(section))
    if section.partial is not None:
        origin, count = section.partial
        start = min(start + origin, end)
        end = min(start + count, end)
    return Place(start, end)


def filter_of(section: BodySection) -> Filter:
    """Keeps the fields named, or all but them."""
    names = b"|".join([re.escape(name.encode("ascii", "replace")) for name in section.fields])
    if section.what == "HEADER.FIELDS":
        name = rb"(?i:" + names + rb")[ \t]*+:"
    else:
        # A line that begins with white space belongs to a field that was left out, a CR ends the
        # header.
        name = rb"(?!(?i:" + names + rb")[ \t]*+:)[^\r\n \t]"
    field = name + rb"[^\n]*+(?:\n[ \t][^\n]*+)*+"
    # All fields but the first come behind a line's end, which is what the pattern looks for.
    first, find_others = re.compile(field).match, re.compile(rb"\n(" + field + rb")").findall

    def chosen(octets: bytes, end: int) -> bytes:
        if octets[end - 1 : end] != b"\n":
            octets = octets[:end] + b"\r\n"
            end = len(octets)
        found: list[bytes] = find_others(octets, 0, end)
        begun = first(octets, 0, end)
        if begun is not None:
            found.insert(0, begun[0])
        # RFC 3501 6.4.5: the empty line is always there.
        return b"\n".join(found) + b"\n\r\n" if found else b"\r\n"

    return chosen
