"""Gets the octets of letters out of a database that may be damaged anywhere.

Trusts nothing but the digest: every page of the file (and of the log beside it) that looks like a
leaf of a table is read as rows of `body`; a row whose octets have the SHA-256 that stands beside
them is a letter, whatever else is broken. Needs no working index, root page or header. The format
is the one described in "Database File Format" of SQLite's manual.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from posthouse.base.ids import id_text
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.sqlite.database import DATABASE_NAME, PAGE_OCTETS

LEAF: Final = 13
"""The first octet of a page that holds rows of a table."""
HEADER_OCTETS: Final = 100
LOG_HEADER_OCTETS: Final = 32
FRAME_HEADER_OCTETS: Final = 24
ID_OCTETS: Final = 16
DIGEST_OCTETS: Final = 32
LETTER_SUFFIX: Final = ".eml"


class Salvage:
    """Writes what it finds into a folder, as ID.eml."""

    def __init__(self, data: Path, folder: Path, report: Callable[[str], None]) -> None:
        self._data = data
        self._folder = folder
        self._report = report
        self._pages: dict[int, bytes] = {}
        """Pages of the log, newest, by number."""

    def run(self) -> int:
        """How many letters were written."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written: set[str] = set()
        for body, octets in self._letters():
            name = id_text(body) + LETTER_SUFFIX
            if name in written:
                continue
            try:
                path = self._folder / name
                path.touch(mode=0o600)
                path.write_bytes(octets)
            except OSError as error:
                self._report(f"{name} cannot be written: {error}")
                break
            written.add(name)
        return len(written)

    def _letters(self) -> Iterator[tuple[bytes, bytes]]:
        yield from self._rows()
        for path, body in BodyFiles(self._data).all():
            if body is None:
                continue
            try:
                yield body, path.read_bytes()
            except OSError as error:
                self._report(f"{path.name} cannot be read: {error}")

    def _rows(self) -> Iterator[tuple[bytes, bytes]]:
        try:
            file = (self._data / DATABASE_NAME).open("rb")
        except OSError as error:
            self._report(f"mail.db cannot be read: {error}")
            return
        with file:
            size = _page_octets(file.read(HEADER_OCTETS))
            pages = list(self._log_pages(size))
            self._pages = dict(pages)

            def page(number: int) -> bytes:
                return self._pages.get(number) or self._page(file, number, size)

            for _, content in pages:
                yield from _letters_of(content, 0, page)
            for number in range(1, file.seek(0, 2) // size + 1):
                content = self._page(file, number, size)
                yield from _letters_of(content, HEADER_OCTETS if number == 1 else 0, page)

    def _page(self, file: BinaryIO, number: int, size: int) -> bytes:
        """A page of the file; empty where it ends, or where the disk cannot read it."""
        try:
            file.seek((number - 1) * size)
            content = file.read(size)
        except OSError as error:
            self._report(f"page {number} cannot be read: {error}")
            return b""
        return content if len(content) == size else b""

    def _log_pages(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Pages in the write-ahead log: what was committed last stands there alone."""
        try:
            log = (self._data / f"{DATABASE_NAME}-wal").read_bytes()
        except OSError:
            return
        at = LOG_HEADER_OCTETS
        while at + FRAME_HEADER_OCTETS + size <= len(log):
            number = int.from_bytes(log[at : at + 4], "big")
            start = at + FRAME_HEADER_OCTETS
            yield number, log[start : start + size]
            at = start + size


def _page_octets(header: bytes) -> int:
    """From the file's header; what we always use where the header is broken."""
    if len(header) < HEADER_OCTETS or not header.startswith(b"SQLite format 3\0"):
        return PAGE_OCTETS
    size: int = struct.unpack(">H", header[16:18])[0]
    return size if size >= 512 and size & (size - 1) == 0 else PAGE_OCTETS


def _letters_of(
    content: bytes, offset: int, page: Callable[[int], bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Rows of one page that prove themselves by their digest."""
    if not content or content[offset] != LEAF:
        return
    cells = int.from_bytes(content[offset + 3 : offset + 5], "big")
    for cell in range(cells):
        pointer = offset + 8 + 2 * cell
        start = int.from_bytes(content[pointer : pointer + 2], "big")
        try:
            row = _body_row(_payload(content, start, page))
        except (IndexError, ValueError):
            continue
        if row is not None and hashlib.sha256(row[2]).digest() == row[1]:
            yield row[0], row[2]


def _payload(content: bytes, start: int, page: Callable[[int], bytes]) -> bytes:
    """A cell's record, its overflow pages included."""
    size = len(content)
    length, at = _varint(content, start)
    _, at = _varint(content, at)  # the row's number
    if length > 1 << 30:
        raise ValueError("no record is so long")
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    if length <= most:
        return content[at : at + length]
    local = least + (length - least) % (size - 4)
    if local > most:
        local = least
    parts, missing = [content[at : at + local]], length - local
    following = int.from_bytes(content[at + local : at + local + 4], "big")
    while missing > 0 and following:
        overflow = page(following)
        if not overflow:
            raise ValueError("an overflow page is not there")
        parts.append(overflow[4 : 4 + missing])
        missing -= size - 4
        following = int.from_bytes(overflow[:4], "big")
    return b"".join(parts)


def _body_row(record: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Id, digest and octets when the record has the columns of `body`: row, id, digest, size,
    octets.
    """
    header, at = _varint(record, 0)
    types: list[int] = []
    while at < header:
        kind, at = _varint(record, at)
        types.append(kind)
    if len(types) != 5 or types[1] != 12 + 2 * ID_OCTETS or types[2] != 12 + 2 * DIGEST_OCTETS:
        return None
    if types[4] < 12 or types[4] % 2:
        return None  # no blob: a body in a file
    at = header + _length(types[0])
    body, digest = record[at : at + ID_OCTETS], record[at + ID_OCTETS :][:DIGEST_OCTETS]
    at += ID_OCTETS + DIGEST_OCTETS + _length(types[3])
    return body, digest, record[at : at + _length(types[4])]


def _length(kind: int) -> int:
    """Octets of a value by its type's number."""
    return (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    value = 0
    for step in range(9):
        octet = data[at + step]
        if step == 8:
            return value << 8 | octet, at + 9
        value = value << 7 | octet & 127
        if octet < 128:
            return value, at + step + 1
    raise AssertionError("nine octets are the most")
