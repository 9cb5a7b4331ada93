"""Transfer encodings taken off while the octets come: for parts too large to be held. RFC 2045 6.

Says the same as `text.decode_transfer` says of the whole, whatever the pieces are. Never raises;
holds one line, of which an endless one is cut.
"""

import binascii
from typing import Final

from posthouse.mail.text import base64_letters, decode_transfer

IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
"""Encodings that change nothing."""
KNOWN: Final = IDENTITY | {"base64", "quoted-printable"}
LINE_OCTETS_MAX: Final = 64 * 1024


class Decoding:
    """One body on its way."""

    __slots__ = ("_encoding", "_held")

    def __init__(self, encoding: str) -> None:
        assert encoding in KNOWN, encoding
        self._encoding = encoding
        self._held = b""

    def feed(self, octets: bytes) -> bytes:
        """What these octets and those held before say."""
        if self._encoding == "base64":
            return self._base64(octets)
        if self._encoding == "quoted-printable":
            return self._quoted_printable(octets)
        return octets

    def end(self) -> bytes:
        """What is left when no more comes."""
        held, self._held = self._held, b""
        if self._encoding == "base64":
            return _piece(held)
        return decode_transfer(held, self._encoding)

    def _base64(self, octets: bytes) -> bytes:
        *ended, last = (self._held + base64_letters(octets)).split(b"=")
        whole = len(last) // 4 * 4
        self._held = last[whole:]
        return b"".join([*map(_piece, ended), _piece(last[:whole])])

    def _quoted_printable(self, octets: bytes) -> bytes:
        octets = self._held + octets
        cut = octets.rfind(b"\n") + 1
        if not cut:
            if len(octets) <= LINE_OCTETS_MAX:
                self._held = octets
                return b""
            cut = _before_escape(octets)
        self._held = octets[cut:]
        return decode_transfer(octets[:cut], "quoted-printable")


def _piece(letters: bytes) -> bytes:
    """Base64 up to its padding; six bits that are left over make no octet."""
    left = len(letters) % 4
    if left == 1:
        letters = letters[:-1]
    elif left:
        letters += b"=" * (4 - left)
    return binascii.a2b_base64(letters)


def _before_escape(octets: bytes) -> int:
    """Where a line may be cut so that no =XX and no soft line break is cut."""
    escape = octets.rfind(b"=")
    if escape > 0 and (len(octets) - escape < 3 or not octets[escape + 1 :].strip(b" \t\r")):
        return escape
    return len(octets)
