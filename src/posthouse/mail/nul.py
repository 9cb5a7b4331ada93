"""A letter with NUL in it as one without: its binary parts are written in base64. RFC 3516 4.4

IMAP can send no NUL in BODY[], so such a letter is kept in the form that every client can read.
"""

import base64
from typing import Final

from posthouse.mail.header import Header
from posthouse.mail.structure import Part, parse, walk
from posthouse.mail.transfer import IDENTITY

_NAME: Final = b"content-transfer-encoding"
_FIELD: Final = b"Content-Transfer-Encoding: base64\r\n"


def without_nul(octets: bytes) -> bytes | None:
    """The letter with base64 where a part's body has a NUL; None: there is one elsewhere too."""
    pieces: list[bytes] = []
    done = 0
    for part in walk(parse(octets)):
        if part.children or b"\0" not in octets[part.body_start : part.body_end]:
            continue
        if part.encoding not in IDENTITY or part.type == "multipart":
            return None
        pieces += (octets[done : part.header_start], _header(octets, part), _body(octets, part))
        done = part.body_end
    pieces.append(octets[done:])
    found = b"".join(pieces)
    return None if b"\0" in found else found


def _header(octets: bytes, part: Part) -> bytes:
    """The part's header, its encoding said anew."""
    header = Header(octets[part.header_start : part.body_start])
    kept = [header.raw(field) for field in header.fields if field.name != _NAME]
    return b"".join([*kept, _FIELD, b"\r\n"])


def _body(octets: bytes, part: Part) -> bytes:
    coded = base64.encodebytes(octets[part.body_start : part.body_end]).replace(b"\n", b"\r\n")
    # Before a delimiter stands a line end already, which belongs to it.
    return coded if part.body_end == len(octets) else coded.removesuffix(b"\r\n")
