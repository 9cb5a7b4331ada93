"""The MIME tree of a letter, as offsets into its octets. RFC 2045, 2046.

One pass over the octets by `find`, never a loop over lines. Never raises: what is broken becomes a
part that can be shown. Capped in depth, in parts and in lines that look like a delimiter.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from mmap import mmap
from typing import Final

import msgspec

from posthouse.mail.header import Header
from posthouse.mail.parameters import parameter, parse_type, parse_value
from posthouse.mail.text import decode, without_controls

DEPTH_MAX: Final = 100
"""Parts inside parts; what lies deeper is the body of its parent."""
PARTS_MAX: Final = 10_000
FALSE_DELIMITERS_MAX: Final = 100_000
"""Lines that begin with two hyphens and are no delimiter; beyond, the rest is not looked at."""
COUNT_SLICE_OCTETS: Final = 1024 * 1024

Octets = bytes | bytearray | memoryview | mmap


class Part(msgspec.Struct, array_like=True, kw_only=True):
    """A letter, or a part of one. Texts are decoded, no control characters are left in them."""

    type: str
    """Lower case, as is the subtype."""
    subtype: str
    params: Mapping[str, str]
    """Continuations joined, RFC 2231 still encoded under `name*`; see `parameter`."""
    encoding: str = "7bit"
    """Content-Transfer-Encoding in lower case."""
    header_start: int
    body_start: int
    body_end: int
    lines: int = 0
    """Line ends in the body, for text and message parts; else 0."""
    children: list["Part"] = []
    """The parts of a multipart; for message/rfc822 the one letter inside."""
    disposition: str = ""
    disposition_params: Mapping[str, str] = {}
    id: str = ""
    """Content-ID as written, with brackets."""
    description: str = ""
    language: tuple[str, ...] = ()
    location: str = ""
    md5: str = ""

    @property
    def size(self) -> int:
        """Octets of the body, as they are encoded."""
        return self.body_end - self.body_start

    @property
    def is_message(self) -> bool:
        """Whether the body is a letter. RFC 2046 5.2.1, RFC 6532 3.7"""
        return self.type == "message" and self.subtype in {"rfc822", "global"}

    def param(self, name: str) -> str:
        """A decoded parameter of Content-Type, "" when there is none."""
        return parameter(self.params, name)

    @property
    def filename(self) -> str:
        """The file's name as people read it, "" when there is none. RFC 2183 2.3"""
        return parameter(self.disposition_params, "filename") or parameter(self.params, "name")


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Part)


def pack(tree: Part) -> bytes:
    """The tree as octets, to be kept beside the letter."""
    return _encoder.encode(tree)


def unpack(packed: bytes) -> Part:
    """Reads `pack` back. Raises ValueError for anything else."""
    return _decoder.decode(packed)


def parse(octets: Octets) -> Part:
    """The tree of a letter."""
    return scan(octets)[0]


def scan(octets: Octets) -> tuple[Part, Header]:
    """The tree of a letter, and its own header."""
    plain = searchable(octets)
    scanner = _Scanner(plain)
    body_start = scanner.header_end(0)
    header = Header(plain[:body_start])
    root = _make_part(header, 0, body_start, len(plain), in_digest=False)
    if root.type == "multipart" or root.type == "message":
        scanner.grow(root)
    elif root.type == "text":
        root.lines = _count_lines(plain, body_start, len(plain))
    return root, header


def searchable(octets: Octets) -> bytes | mmap:
    """The same octets with `find`; copied unless they are bytes or a map."""
    return octets if isinstance(octets, (bytes, mmap)) else bytes(octets)


def _make_part(
    header: Header, header_start: int, body_start: int, body_end: int, *, in_digest: bool
) -> Part:
    content_type = header.first(b"content-type")
    if content_type is None and in_digest:
        content_type = b"message/rfc822"  # RFC 2046 5.1.5
    kind, subtype, params = parse_type(content_type)
    part = Part(
        type=kind,
        subtype=subtype,
        params=params,
        header_start=header_start,
        body_start=body_start,
        body_end=body_end,
    )
    for name, take in _TAKERS:
        if name in header:
            take(part, header.first(name) or b"")
    return part


def _take_encoding(part: Part, value: bytes) -> None:
    part.encoding = parse_value(value)[0] or "7bit"


def _take_disposition(part: Part, value: bytes) -> None:
    part.disposition, part.disposition_params = parse_value(value)


def _take_id(part: Part, value: bytes) -> None:
    part.id = without_controls(decode(value))


def _take_description(part: Part, value: bytes) -> None:
    part.description = without_controls(decode(value))


def _take_language(part: Part, value: bytes) -> None:
    words = without_controls(decode(value)).split(",", 100)[:100]  # RFC 3282
    part.language = tuple(word.strip() for word in words if word.strip())


def _take_location(part: Part, value: bytes) -> None:
    part.location = without_controls(decode(value))  # RFC 2557 4


def _take_md5(part: Part, value: bytes) -> None:
    part.md5 = without_controls(decode(value))  # RFC 1864


_TAKERS: Final = (
    (b"content-transfer-encoding", _take_encoding),
    (b"content-disposition", _take_disposition),
    (b"content-id", _take_id),
    (b"content-description", _take_description),
    (b"content-language", _take_language),
    (b"content-location", _take_location),
    (b"content-md5", _take_md5),
)


_NO_HEADER: Final = Header(b"")


class _Delimiter(msgspec.Struct, gc=False):
    """A line that ends parts: where it is, whose it is."""

    at: int
    """The line feed before it."""
    after: int
    level: int
    closes: bool


class _Scanner:
    """Goes once through the octets, with the parts that are open at that place.

    `path` holds the open parts from the root to the innermost, `levels` the boundaries of the open
    multiparts with their places in the path.
    """

    __slots__ = (
        "blank",
        "blank_bare",
        "counted",
        "false",
        "levels",
        "octets",
        "parts",
        "path",
        "size",
    )

    def __init__(self, octets: bytes | mmap) -> None:
        self.octets = octets
        self.size = len(octets)
        self.path: list[tuple[Part, bytes | None]] = []
        self.levels: dict[bytes, int] = {}
        self.parts = 1
        self.false = 0
        self.blank = -1
        self.blank_bare = -1
        self.counted: list[Part] = []

    # ---- where headers end

    def header_end(self, start: int) -> int:
        """Behind the first empty line at or after `start`, which is the beginning of a line.

        Remembers the empty line it found: a thousand parts without one cost one search.
        """
        octets = self.octets
        if start == 0:
            if octets[:2] == b"\r\n":
                return 2
            if octets[:1] == b"\n":
                return 1
            start = 1
        if self.blank < start - 1:
            found = octets.find(b"\n\r\n", start - 1)
            self.blank = self.size if found < 0 else found
            self.blank_bare = -1
        if self.blank_bare < start - 1:
            found = octets.find(b"\n\n", start - 1, self.blank)
            self.blank_bare = self.blank if found < 0 else found
        if self.blank_bare < self.blank:
            return self.blank_bare + 2
        return min(self.blank + 3, self.size)

    # ---- delimiters

    def delimiter(self, start: int, end: int) -> _Delimiter | None:
        """The next line in the range that is a delimiter of an open multipart. RFC 2046 5.1.1"""
        octets = self.octets
        levels = self.levels
        needle = b"\n--"
        if len(levels) == 1:
            needle += next(iter(levels))
        at = octets.find(needle, start, end)
        while at >= 0:
            line_end = octets.find(b"\n", at + 3)
            if line_end < 0:
                line_end = self.size
            line = octets[at + 3 : line_end].rstrip()
            level = levels.get(line)
            if level is not None:
                return _Delimiter(at, min(line_end + 1, self.size), level, False)
            if line.endswith(b"--"):
                level = levels.get(line[:-2].rstrip())
                if level is not None:
                    return _Delimiter(at, min(line_end + 1, self.size), level, True)
            self.false += 1
            if self.false > FALSE_DELIMITERS_MAX:
                return None
            at = octets.find(needle, line_end, end)
        return None

    # ---- growing the tree

    def grow(self, root: Part) -> None:
        """Finds all that is inside the root, and counts lines."""
        start = self._enter(root) - 1
        while self.levels:
            found = self.delimiter(max(start, 0), self.size)
            if found is None or (self.parts >= PARTS_MAX and not found.closes):
                break
            self._leave(found)
            start = found.after - 1
            if not found.closes:
                start = self._add(self.path[-1][0], found.after) - 1
        self._count()

    def _enter(self, part: Part) -> int:
        """Opens a part, and the letter inside when it is one; gives where its body begins."""
        while True:
            boundary = None
            inside = len(self.path) < DEPTH_MAX
            if part.type == "multipart" and inside:
                boundary = part.params.get("boundary", "").rstrip().encode("utf-8", "replace")
                if boundary and boundary not in self.levels:
                    self.levels[boundary] = len(self.path)
                else:
                    boundary = None  # the outer of two alike counts
            self.path.append((part, boundary))
            if part.type == "text":
                self.counted.append(part)
                return part.body_start
            if not part.is_message:
                return part.body_start
            self.counted.append(part)
            if not inside or self.parts >= PARTS_MAX:
                return part.body_start
            part = self._make(part, part.body_start)

    def _add(self, parent: Part, start: int) -> int:
        return self._enter(self._make(parent, start))

    def _make(self, parent: Part, start: int) -> Part:
        body_start = self.header_end(start)
        cut = self.delimiter(max(start - 1, 0), body_start) if self.levels else None
        if cut is not None:
            body_start = max(cut.at + 1, start)  # a header that a delimiter ends
        has_fields = body_start - start > 2
        header = Header(self.octets[start:body_start]) if has_fields else _NO_HEADER
        in_digest = parent.type == "multipart" and parent.subtype == "digest"
        part = _make_part(header, start, body_start, self.size, in_digest=in_digest)
        parent.children.append(part)
        self.parts += 1
        return part

    def _leave(self, found: _Delimiter) -> None:
        """Closes all parts inside the multipart whose delimiter was found."""
        path = self.path
        end = found.at
        if end > 0 and self.octets[end - 1] == 13:
            end -= 1  # the CRLF before a delimiter belongs to it
        for part, boundary in path[found.level + 1 :]:
            part.body_end = max(end, part.body_start)
            if boundary is not None:
                del self.levels[boundary]
        del path[found.level + 1 :]
        if found.closes:
            part, boundary = path[found.level]
            assert boundary is not None
            del self.levels[boundary]
            path[found.level] = (part, None)

    def _count(self) -> None:
        """Counts the lines of text parts and letters, each octet once however deep they nest."""
        octets = self.octets
        if not any(part.children for part in self.counted):
            for part in self.counted:
                part.lines = _count_lines(octets, part.body_start, part.body_end)
            return
        borders = sorted({b for part in self.counted for b in (part.body_start, part.body_end)})
        sums = {borders[0]: 0}
        total = 0
        for left, right in pairwise(borders):
            total += _count_lines(octets, left, right)
            sums[right] = total
        for part in self.counted:
            part.lines = sums[part.body_end] - sums[part.body_start]


def _count_lines(octets: bytes | mmap, start: int, end: int) -> int:
    if isinstance(octets, bytes):
        return octets.count(b"\n", start, end)
    return sum(
        octets[at : min(at + COUNT_SLICE_OCTETS, end)].count(b"\n")
        for at in range(start, end, COUNT_SLICE_OCTETS)
    )


# ---- sections (RFC 3501 6.4.5)


def find_part(tree: Part, path: tuple[int, ...]) -> Part | None:
    """The part with these numbers, None when there is none; the letter itself for ()."""
    part = tree
    is_letter = True
    for number in path:
        if part.is_message and not is_letter:
            if not part.children:
                return None
            part = part.children[0]
            is_letter = True
        if part.type == "multipart":
            if not 1 <= number <= len(part.children):
                return None
            part = part.children[number - 1]
            is_letter = False
        elif is_letter and number == 1:
            is_letter = False  # a letter that is no multipart has one part: its body
        else:
            return None
    return part


def find_section(tree: Part, path: tuple[int, ...], what: str = "") -> tuple[int, int] | None:
    """Where a section lies, from and to; `what` is "", HEADER, TEXT or MIME. None: no such section.

    HEADER and TEXT are those of the letter, or of the letter inside a part. RFC 3501 6.4.5
    """
    part = find_part(tree, path)
    if part is None:
        return None
    if what == "MIME":
        return (part.header_start, part.body_start) if path else None
    if what == "":
        return (part.body_start if path else part.header_start), part.body_end
    if path:
        if not part.is_message or not part.children:
            return None
        part = part.children[0]
    if what == "HEADER":
        return part.header_start, part.body_start
    assert what == "TEXT", what
    return part.body_start, part.body_end


def walk(part: Part) -> Iterator[Part]:
    """The part and all parts inside it, in the order of their octets."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(part.children))
