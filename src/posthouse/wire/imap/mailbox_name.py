"""Mailbox names between people's str and the wire's modified UTF-7. RFC 3501 5.1.3.

Strict: what a correct encoder would not write is refused, so that one mailbox has one name.
"""

import re
from binascii import Error, a2b_base64, b2a_base64
from typing import Final

_SHIFTED: Final = re.compile(rb"&([^-]*)-")
_PLAIN: Final = re.compile(rb"[\x20-\x7e]*\Z")
_ENCODED: Final = re.compile(r"[^\x20-\x7e]+|&")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+,]+\Z")


def encode_name(name: str) -> bytes:
    """The name in modified UTF-7."""
    if name.isascii() and name.isprintable() and "&" not in name:
        return name.encode("ascii")
    return _ENCODED.sub(_shift, name).encode("ascii")


def _shift(match: re.Match[str]) -> str:
    text = match[0]
    if text == "&":
        return "&-"
    coded = b2a_base64(text.encode("utf-16-be"), newline=False).rstrip(b"=")
    return f"&{coded.replace(b'/', b',').decode('ascii')}-"


def decode_name(octets: bytes) -> str:
    """The name for people. ValueError with a text for the client where it is not modified UTF-7."""
    if _PLAIN.match(octets) is None:
        raise ValueError("A mailbox name holds printable ASCII, other characters as modified UTF-7")
    if b"&" not in octets:
        return octets.decode("ascii")
    pieces: list[str] = []
    end = 0
    was_shifted = False
    for match in _SHIFTED.finditer(octets):
        plain = octets[end : match.start()]
        if was_shifted and not plain and match[1]:
            # RFC 3501 5.1.3: no shift out and directly in again
            raise ValueError("A mailbox name shifts out of base64 and directly in again")
        pieces += (plain.decode("ascii"), _unshift(match[1]))
        was_shifted = bool(match[1])
        end = match.end()
    if b"&" in octets[end:]:
        raise ValueError("A mailbox name has an & without its -")
    pieces.append(octets[end:].decode("ascii"))
    return "".join(pieces)


def _unshift(coded: bytes) -> str:
    if not coded:
        return "&"
    if _BASE64.match(coded) is None:
        raise ValueError("A mailbox name has base64 with wrong characters")
    padded = coded.replace(b",", b"/") + b"=" * (-len(coded) % 4)
    try:
        octets = a2b_base64(padded, strict_mode=True)
        text = octets.decode("utf-16-be")
    except (Error, UnicodeDecodeError):
        raise ValueError("A mailbox name has base64 that is not whole UTF-16") from None
    again = b2a_base64(octets, newline=False).rstrip(b"=").replace(b"/", b",")
    if again != coded:
        raise ValueError("A mailbox name has base64 with bits left over")
    if any(character <= "\x9f" or character in "\u2028\u2029" for character in text):
        # RFC 3501 5.1.3: printable ASCII represents itself. Controls and line ends: RFC 9051 5.1
        raise ValueError("A mailbox name encodes characters that may not be encoded")
    return text
