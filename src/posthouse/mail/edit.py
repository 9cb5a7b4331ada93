"""Edits of a header that touch nothing else: what is not named stays octet for octet.

So what was signed before stays signed (RFC 6376 5.4), and a reader gets what the writer sent.
"""

import re
from collections.abc import Container, Iterable
from typing import Final

from posthouse.mail.header import Header

FOLD_AT: Final = 78
"""RFC 5322 2.1.1: lines should not be longer, without their end."""
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")


def without_fields(header: Header, names: Container[bytes]) -> bytes:
    """The header's octets without the fields of these lower-case names, folded lines included."""
    kept = []
    at = 0
    for field in header.fields:
        if field.name in names:
            kept.append(header.octets[at : field.start])
            at = field.end
    kept.append(header.octets[at:])
    return b"".join(kept)


def with_fields(octets: bytes, fields: Iterable[tuple[str, str]]) -> bytes:
    """The header with new fields above all others, in the order given."""
    return b"".join(field(name, value) for name, value in fields) + octets


def field(name: str, value: str) -> bytes:
    """One field with its line end. What could end it early is taken out of the value."""
    value = _UNSAFE.sub(" ", value)
    line = f"{name}: {value}"
    at = line.rfind(" ", len(name) + 2, FOLD_AT)
    if len(line) > FOLD_AT and at > 0:
        line = f"{line[:at]}\r\n{line[at:]}"
    return f"{line}\r\n".encode()
