"""ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them. RFC 3501 7.4.2.

Made once at delivery and copied out. Never raises; whatever the letter contains, the result has no
bare CR, LF or NUL: texts with other than printable ASCII go as literals.
"""

import re
from collections.abc import Mapping
from mmap import mmap
from typing import Final

from posthouse.mail.header import Header
from posthouse.mail.mailboxes import Mailbox, parse_mailboxes
from posthouse.mail.structure import Part

QUOTED_OCTETS_MAX: Final = 4096
"""Longer strings go as literals."""

_NEEDS_CARE: Final = re.compile(rb"[^ !#-\[\]-~]")
_NEEDS_LITERAL: Final = re.compile(rb"[^\t -~]")
_FORBIDDEN: Final = re.compile(rb"[\r\n\0]+")


def imap_string(octets: bytes | None) -> bytes:
    """NIL, a quoted string, or a literal; CR, LF and NUL become a space."""
    if octets is None:
        return b"NIL"
    if len(octets) <= QUOTED_OCTETS_MAX and _NEEDS_CARE.search(octets) is None:
        return b'"%b"' % octets
    octets = _FORBIDDEN.sub(b" ", octets)
    # 8-bit octets are not allowed in quoted strings. RFC 3501 4.3
    if len(octets) > QUOTED_OCTETS_MAX or _NEEDS_LITERAL.search(octets):
        return b"{%d}\r\n%b" % (len(octets), octets)
    return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _text(text: str) -> bytes:
    return imap_string(text.encode("utf-8", "replace"))


def _text_or_nil(text: str) -> bytes:
    return imap_string(text.encode("utf-8", "replace")) if text else b"NIL"


# ---- ENVELOPE


def addresses(mailboxes: list[Mailbox]) -> bytes:
    """An address list, NIL for an empty one."""
    if not mailboxes:
        return b"NIL"
    string = imap_string
    return b"(%b)" % b"".join(
        [
            b"(%b %b %b %b)"
            % (
                string(mailbox.name),
                b"NIL" if mailbox.route is None else string(mailbox.route),
                string(mailbox.local),
                string(mailbox.host),
            )
            for mailbox in mailboxes
        ]
    )


def mailboxes_of(header: Header, name: bytes) -> list[Mailbox]:
    """The addresses in all fields of this name."""
    value = header.joined(name)
    return parse_mailboxes(value) if value else []


def envelope(header: Header) -> bytes:
    """ENVELOPE of the letter with this header."""
    lists = (addresses(mailboxes_of(header, name)) for name in (b"from", b"to", b"cc", b"bcc"))
    return envelope_of(header, *lists)


def envelope_of(header: Header, author: bytes, to: bytes, cc: bytes, bcc: bytes) -> bytes:
    """ENVELOPE, with the address lists that the caller has rendered already."""
    first = header.first
    string = imap_string
    # A missing or empty Sender or Reply-To is the From. RFC 3501 7.4.2
    sender = mailboxes_of(header, b"sender") if b"sender" in header else None
    reply_to = mailboxes_of(header, b"reply-to") if b"reply-to" in header else None
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        string(first(b"date")),
        string(first(b"subject")),
        author,
        addresses(sender) if sender else author,
        addresses(reply_to) if reply_to else author,
        to,
        cc,
        bcc,
        string(first(b"in-reply-to") or None),
        string(first(b"message-id") or None),
    )


# ---- BODY and BODYSTRUCTURE

# A multipart without parts cannot be told in the grammar: it is told with one empty part.
_EMPTY_PART: Final = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0'
_EMPTY_ENVELOPE: Final = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
_NO_EXTENSION: Final = b" NIL NIL NIL NIL)"


def bodystructure(part: Part, octets: bytes | mmap, *, extended: bool = True) -> bytes:
    """BODYSTRUCTURE of a tree over its octets; BODY when not extended."""
    pieces: list[bytes] = []
    _write_part(part, octets, extended, pieces)
    return b"".join(pieces)


def _write_part(part: Part, octets: bytes | mmap, extended: bool, out: list[bytes]) -> None:
    if part.type == "multipart":
        out.append(b"(")
        for child in part.children:
            _write_part(child, octets, extended, out)
        if not part.children:
            out.append(_EMPTY_PART + (_NO_EXTENSION if extended else b")"))
        out.append(b" " + _text(part.subtype))
        if extended:
            out.append(b" %b %b)" % (_params(part.params), _extension(part)))
        else:
            out.append(b")")
        return
    out.append(
        b"(%b %b %b %b %b %b %d"
        % (
            _text(part.type),
            _text(part.subtype),
            _params(part.params),
            _text_or_nil(part.id),
            _text_or_nil(part.description),
            _text(part.encoding),
            part.body_end - part.body_start,
        )
    )
    if part.type == "text":
        out.append(b" %d" % part.lines)
    elif part.is_message:
        out.append(b" ")
        if part.children:
            inner = part.children[0]
            out.append(envelope(Header(octets[inner.header_start : inner.body_start])))
            out.append(b" ")
            _write_part(inner, octets, extended, out)
        else:
            out.append(_EMPTY_ENVELOPE + b" " + _EMPTY_PART)
            out.append(_NO_EXTENSION if extended else b")")
        out.append(b" %d" % part.lines)
    if extended:
        out.append(b" %b %b)" % (_text_or_nil(part.md5), _extension(part)))
    else:
        out.append(b")")


def _params(params: Mapping[str, str]) -> bytes:
    if not params:
        return b"NIL"
    return b"(%b)" % b" ".join([_text(word) for pair in params.items() for word in pair])


def _extension(part: Part) -> bytes:
    """Disposition, language, location."""
    if not part.disposition and not part.language and not part.location:
        return b"NIL NIL NIL"
    disposition = b"NIL"
    if part.disposition:
        disposition = b"(%b %b)" % (_text(part.disposition), _params(part.disposition_params))
    language = b"NIL"
    if part.language:
        language = b"(%b)" % b" ".join([_text(word) for word in part.language])
    return b"%b %b %b" % (disposition, language, _text_or_nil(part.location))
