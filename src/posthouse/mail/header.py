"""The header of a letter or part as fields: where each begins and ends, and what it says.

Never raises: lines that are no field are passed over. Linear, and capped in octets and fields.
RFC 5322 2.2, 3.6.8.
"""

import re
from collections.abc import Container
from mmap import mmap
from typing import Final

import msgspec

HEADER_OCTETS_MAX: Final = 2 * 1024 * 1024
"""Octets of a header in which fields are looked for."""
FIELDS_MAX: Final = 10_000

# ftext, colon, and all lines that begin with white space; or a line that is no field.
_FIELD: Final = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?+|[^\n]*+\n?+")
_BREAK: Final = re.compile(rb"[\r\n\0]+")


class Field(msgspec.Struct, frozen=True, gc=False):
    """One field, as offsets into the header's octets."""

    name: bytes
    """In lower case."""
    start: int
    value_start: int
    end: int
    """Behind the line end, where the next field begins."""


class Header:
    """The fields of one header. Names are asked for in lower case."""

    __slots__ = ("_first", "fields", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.fields: list[Field] = []
        fields = self.fields
        first: dict[bytes, Field] = {}
        self._first = first
        for match in _FIELD.finditer(octets, 0, HEADER_OCTETS_MAX):
            if match.lastindex is None:
                continue
            name = match[1].lower()
            field = Field(name, match.start(), match.start(2), match.end())
            fields.append(field)
            if name not in first:
                first[name] = field
            if len(fields) == FIELDS_MAX:
                break

    def __contains__(self, name: bytes) -> bool:
        return name in self._first

    def first(self, name: bytes) -> bytes | None:
        """The unfolded value of the first field of this name, None when there is none."""
        field = self._first.get(name)
        if field is None:
            return None
        return unfold(self.octets[field.value_start : field.end])

    def all(self, name: bytes) -> list[bytes]:
        """The unfolded values of all fields of this name, from the top."""
        if name not in self._first:
            return []
        return [self.value(field) for field in self.fields if field.name == name]

    def joined(self, name: bytes) -> bytes | None:
        """All values of a field that holds a list, as one list. RFC 5322 4.5.3: it may repeat."""
        values = self.all(name)
        if len(values) < 2:
            return values[0] if values else None
        return b", ".join(value.rstrip(b", ") for value in values)

    def value(self, field: Field) -> bytes:
        """The unfolded value of a field."""
        return unfold(self.octets[field.value_start : field.end])

    def raw(self, field: Field) -> bytes:
        """The field as it stands in the letter, with its name and line ends."""
        return self.octets[field.start : field.end]


def pick_fields(octets: bytes, names: Container[bytes], *, others: bool = False) -> bytes:
    """The fields with these lower-case names as they stand, or all others, and an empty line.

    This is IMAP's HEADER.FIELDS and HEADER.FIELDS.NOT, RFC 3501 6.4.5; without offsets, so quicker.
    """
    picked = [
        match[0]
        for match in _FIELD.finditer(octets, 0, HEADER_OCTETS_MAX)
        if match.lastindex is not None and (match[1].lower() in names) is not others
    ]
    if picked and not picked[-1].endswith(b"\n"):
        picked.append(b"\r\n")
    picked.append(b"\r\n")
    return b"".join(picked)


def unfold(value: bytes) -> bytes:
    """A value on one line, without white space at its ends, and without NUL. RFC 5322 2.2.3"""
    value = value.strip()
    if b"\n" in value or b"\r" in value or b"\0" in value:
        # CRLF before white space disappears; a bare CR, LF or NUL, which may not be here, too.
        value = _BREAK.sub(b"", value)
    return value


def header_end(octets: bytes | mmap, start: int = 0) -> int:
    """The offset behind the empty line that ends the header; all octets when there is none."""
    if octets[start : start + 2] == b"\r\n":
        return start + 2
    if octets[start : start + 1] == b"\n":
        return start + 1
    crlf = octets.find(b"\n\r\n", start)
    end = len(octets) if crlf < 0 else crlf + 3
    bare = octets.find(b"\n\n", start, end)
    return end if bare < 0 else bare + 2
