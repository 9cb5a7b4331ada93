"""BINARY[...] and BINARY.SIZE[...]: a part without its transfer encoding. RFC 3516 4.2, 9051 6.4.5

Of letters held in memory at once; of large ones in two passes, since the size goes first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from posthouse.mail.structure import find_part, unpack
from posthouse.mail.text import decode_transfer
from posthouse.mail.transfer import IDENTITY, KNOWN, Decoding
from posthouse.wire.imap.answers import literal, literal8
from posthouse.wire.imap.commands import BinarySection

PIECE_OCTETS: Final = 128 * 1024
"""A large part is read so many octets at a time."""
Read = Callable[[int, int], Awaitable[bytes]]
"""Octets of the letter, from and how many."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Where a part lies, and in which encoding."""

    start: int
    end: int
    encoding: str

    @property
    def is_known(self) -> bool:
        return self.encoding in KNOWN


def coded_of(section: BinarySection, size: int, parts: bytes) -> Coded | None:
    """The part that is meant; None: there is none. Without a number it is the letter, as it is."""
    if not section.part:
        return Coded(0, size, "")
    part = find_part(unpack(parts), section.part)
    if part is None:
        return None
    # RFC 2045 6.4: what holds other parts is never encoded as a whole.
    encoding = "" if part.type == "multipart" else part.encoding
    return Coded(part.body_start, part.body_end, encoding)


def binary_string(section: BinarySection, octets: bytes, parts: bytes) -> bytes | None:
    """The value of the item for a letter that is held; None: its encoding is not known."""
    coded = coded_of(section, len(octets), parts)
    if coded is None:
        return nothing(section)
    if not coded.is_known:
        return None
    found = decode_transfer(octets[coded.start : coded.end], coded.encoding)
    if section.size_only:
        return b"%d" % len(found)
    if section.partial is not None:
        origin, count = section.partial
        found = found[origin : origin + count]
    return literal8(found) if b"\0" in found else literal(found)


def nothing(section: BinarySection) -> bytes:
    """The value where there is no such part, or nothing that can be said of it."""
    return b"0" if section.size_only else b"NIL"


async def announced(section: BinarySection, coded: Coded, read: Read) -> tuple[bytes, range]:
    """The first pass over a large part: its size, or the head of its literal and which of the
    decoded octets belong to it."""
    size = 0
    has_nul = False
    wanted = _wanted(section)
    async for octets in decoded(coded, read):
        cut = _cut(octets, size, wanted)
        has_nul = has_nul or b"\0" in cut
        size += len(octets)
    if section.size_only:
        return b"%d" % size, range(0)
    wanted = range(min(wanted.start, size), min(wanted.stop, size))
    return b"%b{%d}\r\n" % (b"~" if has_nul else b"", len(wanted)), wanted


async def chosen(coded: Coded, read: Read, wanted: range) -> AsyncIterator[bytes]:
    """The second pass: the octets themselves."""
    at = 0
    async for octets in decoded(coded, read):
        if at >= wanted.stop:
            return
        yield _cut(octets, at, wanted)
        at += len(octets)


async def decoded(coded: Coded, read: Read) -> AsyncIterator[bytes]:
    """The part piece by piece."""
    decoding = Decoding("" if coded.encoding in IDENTITY else coded.encoding)
    at = coded.start
    while at < coded.end:
        octets = await read(at, min(PIECE_OCTETS, coded.end - at))
        at += len(octets)
        yield decoding.feed(octets)
    yield decoding.end()


def _wanted(section: BinarySection) -> range:
    if section.partial is None:
        return range(2**63)
    origin, count = section.partial
    return range(origin, origin + count)


def _cut(octets: bytes, at: int, wanted: range) -> bytes:
    """Of octets that begin at this place, those that are wanted."""
    return octets[max(0, wanted.start - at) : max(0, wanted.stop - at)]
