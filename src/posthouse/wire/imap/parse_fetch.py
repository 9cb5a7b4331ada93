"""FETCH and its items. RFC 3501 6.4.5, 7162, 3516, 8474, 8514, 8970."""

import re
from functools import lru_cache
from typing import Final

from posthouse.wire.imap.answers import astring
from posthouse.wire.imap.commands import BinarySection, BodySection, Fetch, FetchItem
from posthouse.wire.imap.grammar import MODSEQ_MAX, BadCommand, Cursor
from posthouse.wire.imap.limits import ImapLimits

_PLAIN: Final = {
    b"UID": "",
    b"FLAGS": "",
    b"INTERNALDATE": "",
    b"RFC822.SIZE": "",
    b"ENVELOPE": "",
    b"BODY": "",
    b"BODYSTRUCTURE": "",
    b"MODSEQ": "CONDSTORE",
    b"EMAILID": "OBJECTID",
    b"THREADID": "OBJECTID",
    b"SAVEDATE": "SAVEDATE",
    b"PREVIEW": "PREVIEW",
}
"""Items without arguments, each with the extension that brings it."""

_FAST: Final = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
_MACROS: Final[dict[bytes, tuple[FetchItem, ...]]] = {
    b"FAST": _FAST,
    b"ALL": (*_FAST, "ENVELOPE"),
    b"FULL": (*_FAST, "ENVELOPE", "BODY"),
}

_RFC822: Final = {  # RFC 3501 6.4.5: the old names of three sections
    b"RFC822": BodySection(False, (), "", (), None, b"RFC822"),
    b"RFC822.HEADER": BodySection(True, (), "HEADER", (), None, b"RFC822.HEADER"),
    b"RFC822.TEXT": BodySection(False, (), "TEXT", (), None, b"RFC822.TEXT"),
    # RFC 1730 6.4.5: as they were called before BODY.PEEK
    b"RFC822.PEEK": BodySection(True, (), "", (), None, b"RFC822"),
    b"RFC822.TEXT.PEEK": BodySection(True, (), "TEXT", (), None, b"RFC822.TEXT"),
}

_LINES: Final = {  # RFC 1730 6.4.5: what became BODY.PEEK[HEADER.FIELDS (...)]
    b"RFC822.HEADER.LINES": "HEADER.FIELDS",
    b"RFC822.HEADER.LINES.NOT": "HEADER.FIELDS.NOT",
}

_NAME: Final = re.compile(rb"[A-Za-z0-9.]+")
_PART: Final = re.compile(rb"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8})*")
_PARTIAL: Final = re.compile(rb"<([0-9]{1,19})\.([0-9]{1,19})>")
_SECTION_TEXT: Final = re.compile(
    rb"HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME", re.IGNORECASE
)
_PART_DEPTH_MAX: Final = 100
_FIELDS_MAX: Final = 500
_ITEMS_MAX: Final = 500

_KEPT_OCTETS_MAX: Final = 200
_NO_LITERALS: Final = ImapLimits()


def parse_fetch(cursor: Cursor) -> Fetch:
    """FETCH set items [(modifiers)]."""
    cursor.space()
    numbers = cursor.number_set()
    cursor.space()
    rest = cursor.data[cursor.at :]
    if len(rest) <= _KEPT_OCTETS_MAX and b"{" not in rest:
        # Clients repeat few item lists; to know them again costs 0.2 us beside 3 to 10 for reading
        items, changed_since, vanished = _known(rest, cursor.extensions, cursor.is_uid)
    else:
        items, changed_since, vanished = _read(cursor)
    return Fetch(cursor.is_uid, numbers, items, changed_since, vanished)


@lru_cache(maxsize=1024)
def _known(
    text: bytes, extensions: frozenset[str], is_uid: bool
) -> tuple[tuple[FetchItem, ...], int | None, bool]:
    return _read(Cursor(text, 0, extensions, _NO_LITERALS, is_uid=is_uid))


def _read(cursor: Cursor) -> tuple[tuple[FetchItem, ...], int | None, bool]:
    items: dict[FetchItem, None] = {}
    if cursor.is_uid:
        items["UID"] = None  # RFC 3501 6.4.8: the answer holds the UID, asked for or not
    if cursor.take(b"("):
        while True:
            items[_item(cursor)] = None
            if len(items) > _ITEMS_MAX:
                raise BadCommand(f"FETCH takes at most {_ITEMS_MAX} items")
            if cursor.take(b")"):
                break
            cursor.space()
    else:
        match = _NAME.match(cursor.data, cursor.at)
        macro = _MACROS.get(match[0].upper()) if match else None
        if match and macro:
            cursor.at = match.end()
            items.update(dict.fromkeys(macro))
        else:
            items[_item(cursor)] = None
    changed_since = None
    vanished = False
    if not cursor.at_end():
        changed_since, vanished = _modifiers(cursor)
        items["MODSEQ"] = None  # RFC 7162 3.1.4.1
    return tuple(items), changed_since, vanished


def _modifiers(cursor: Cursor) -> tuple[int, bool]:
    cursor.space()
    cursor.expect(b"(")
    changed_since = None
    vanished = False
    while True:
        name = cursor.word("CHANGEDSINCE")
        if name == b"CHANGEDSINCE":
            cursor.needs("CONDSTORE", "CHANGEDSINCE")
            cursor.space()
            changed_since = cursor.number("a mod-sequence", MODSEQ_MAX)
        elif name == b"VANISHED":
            cursor.needs("QRESYNC", "VANISHED")
            vanished = True
        else:
            raise BadCommand("FETCH knows the modifiers CHANGEDSINCE and VANISHED")
        if cursor.take(b")"):
            break
        cursor.space()
    cursor.end()
    if changed_since is None or (vanished and not cursor.is_uid):
        # RFC 7162 3.2.6
        raise BadCommand("VANISHED goes with UID FETCH and CHANGEDSINCE")
    return changed_since, vanished


def _item(cursor: Cursor) -> FetchItem:
    match = _NAME.match(cursor.data, cursor.at)
    if match is None:
        raise cursor.bad("a FETCH item")
    name = match[0].upper()
    after = cursor.data[match.end() : match.end() + 1]
    if after == b"[":
        cursor.at = match.end() + 1
        return _section(cursor, name)
    extension = _PLAIN.get(name)
    if extension is not None:
        cursor.at = match.end()
        text = name.decode("ascii")
        if extension:
            cursor.needs(extension, text)
        if name == b"PREVIEW" and cursor.take(b" (LAZY)"):  # RFC 8970 3.1
            return "PREVIEW LAZY"
        return text
    if name in _LINES:
        cursor.at = match.end()
        fields, _shown = _fields(cursor)
        return BodySection(True, (), _LINES[name], fields, None, b"RFC822.HEADER")
    section = _RFC822.get(name)
    if section is None:
        if name in _MACROS:
            raise BadCommand("The macros ALL, FAST and FULL stand alone, without parentheses")
        raise cursor.bad("a FETCH item")
    cursor.at = match.end()
    return section


def _section(cursor: Cursor, name: bytes) -> FetchItem:
    """Behind BODY[, BODY.PEEK[, BINARY[, BINARY.PEEK[ or BINARY.SIZE[."""
    if name in (b"BODY", b"BODY.PEEK"):
        return _body(cursor, peek=name == b"BODY.PEEK")
    if name not in (b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE"):
        raise BadCommand(f"{name.decode('ascii')} takes no section in brackets")
    cursor.needs("BINARY", name.decode("ascii"))
    part = _part(cursor)
    cursor.expect(b"]")
    size_only = name == b"BINARY.SIZE"
    partial = None if size_only else _partial(cursor)
    start = b"BINARY.SIZE" if size_only else b"BINARY"
    label = b"%b[%b]%b" % (start, _part_text(part), _origin(partial))
    return BinarySection(name != b"BINARY", part, partial, size_only, label)


def _body(cursor: Cursor, *, peek: bool) -> BodySection:
    part = _part(cursor)
    what = ""
    fields: tuple[str, ...] = ()
    named = _part_text(part)
    if not part or cursor.take(b"."):
        match = _SECTION_TEXT.match(cursor.data, cursor.at)
        if match is not None:
            cursor.at = match.end()
            what = match[0].upper().decode("ascii")
            named += (b"." if part else b"") + what.encode()
            if what == "MIME" and not part:
                raise BadCommand("MIME goes with a part number, as BODY[1.MIME]")
            if what.startswith("HEADER.F"):
                fields, shown = _fields(cursor)
                named += b" (%b)" % shown
        elif part:
            raise cursor.bad("HEADER, HEADER.FIELDS, TEXT or MIME")
    if not cursor.take(b"]"):
        raise cursor.bad("a section as BODY[1.HEADER]")
    partial = _partial(cursor)
    label = b"BODY[%b]%b" % (named, _origin(partial))
    return BodySection(peek, part, what, fields, partial, label)


def _part(cursor: Cursor) -> tuple[int, ...]:
    match = _PART.match(cursor.data, cursor.at)
    if match is None:
        return ()
    cursor.at = match.end()
    numbers = match[0].split(b".")
    if len(numbers) > _PART_DEPTH_MAX:
        raise BadCommand(f"A part number has at most {_PART_DEPTH_MAX} levels")
    return tuple(map(int, numbers))


def _part_text(part: tuple[int, ...]) -> bytes:
    return ".".join(map(str, part)).encode()


def _fields(cursor: Cursor) -> tuple[tuple[str, ...], bytes]:
    """Field names in upper case, and as the answer shows them."""
    cursor.space()
    cursor.expect(b"(")
    names: list[bytes] = []
    while True:
        names.append(cursor.astring("a header field name"))
        if len(names) > _FIELDS_MAX:
            raise BadCommand(f"A section takes at most {_FIELDS_MAX} header fields")
        if cursor.take(b")"):
            break
        cursor.space()
    fields = tuple(name.upper().decode("latin-1") for name in names)
    return fields, b" ".join([astring(name) for name in names])


def _partial(cursor: Cursor) -> tuple[int, int] | None:
    if cursor.data[cursor.at : cursor.at + 1] != b"<":
        return None
    match = _PARTIAL.match(cursor.data, cursor.at)
    if match is None:
        raise cursor.bad("a partial as <0.1024>")
    origin, count = int(match[1]), int(match[2])
    if count == 0:  # RFC 3501 9 partial: nz-number
        raise BadCommand("A partial asks for at least one octet")
    if origin > MODSEQ_MAX or count > MODSEQ_MAX:
        raise BadCommand("A partial beyond any letter")
    cursor.at = match.end()
    return origin, count


def _origin(partial: tuple[int, int] | None) -> bytes:
    return b"" if partial is None else b"<%d>" % partial[0]
