"""Octets as every line protocol sees them: line ends and dot-stuffed bodies, in whole buffers.

Pure functions over bytes; none looks at single octets in Python. RFC 5321 2.3.8, 4.5.2, RFC 1939 3.
"""

from typing import Final

BODY_END: Final = b"\r\n.\r\n"
DOT_LINE: Final = b"\r\n."


def has_bare_newline(text: bytes) -> bool:
    """A CR without its LF, or an LF without its CR: what smuggling is made of. RFC 5321 2.3.8

    Three counts cost a twelfth of one look-around pattern (1.9 against 24 ms for 1 MB).
    """
    lines = text.count(b"\r\n")
    return text.count(b"\n") != lines or text.count(b"\r") != lines


def held_back(text: bytes) -> int:
    """How many octets at the end may be the beginning of `BODY_END` and must wait for more."""
    for octets in (4, 3, 2, 1):
        if text.endswith(BODY_END[:octets]):
            return octets
    return 0


def unstuffed(text: bytes) -> bytes:
    """The added dot off each line; the CRLF before the first line is there. RFC 5321 4.5.2"""
    return text.replace(DOT_LINE, b"\r\n")
