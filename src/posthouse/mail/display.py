"""What mail programs show of From and To, taken from a rendered ENVELOPE, as SORT compares it.
RFC 5957 3
"""

import re
from functools import lru_cache
from typing import Final

from posthouse.mail.encoded_words import decode_words
from posthouse.mail.text import decode, sort_form

FROM: Final = 2
TO: Final = 5
"""Places in ENVELOPE. RFC 3501 7.4.2"""

_TOKEN: Final = re.compile(rb' ?(?:\{([0-9]+)\}\r\n|"((?:[^"\\]|\\.)*)"|NIL|(\()|(\)))', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


_STRING: Final = rb'(?:NIL|"(?:[^"\\]|\\.)*+")'
_LIST: Final = rb"(?:NIL|\((?:\(%b %b %b %b\))++\))" % ((_STRING,) * 4)
_FIRST: Final = rb"\(\((%b) %b (%b) (%b)\)" % ((_STRING,) * 4)
_USUAL: Final = {
    FROM: re.compile(rb"\(%b %b " % (_STRING, _STRING) + _FIRST, re.DOTALL),
    TO: re.compile(rb"\(%b %b " % (_STRING, _STRING) + (_LIST + b" ") * 3 + _FIRST, re.DOTALL),
}
"""Finds the first address where no string before it is a literal: 20 times as fast."""


def display_key(envelope: bytes, field: int) -> str:
    """The name of the first address, or the address where it has no name; "" without any."""
    usual = _USUAL[field].match(envelope)
    if usual is not None and usual[3] != b"NIL":
        return _shown(*map(_unquoted, usual.groups()))
    addresses = _Reader(envelope).addresses(field)
    if not addresses:
        return ""
    name, _route, local, host = addresses[0]
    return _shown(name, local, host)


@lru_cache(maxsize=4096)
def _shown(name: bytes | None, local: bytes | None, host: bytes | None) -> str:
    if name:
        return sort_form(decode_words(name))
    if host is None:
        return sort_form(decode_words(local or b""))  # the name of a group
    if not local and not host:
        return ""
    return sort_form(f"{decode(local or b'')}@{decode(host)}")


def _unquoted(octets: bytes) -> bytes | None:
    """A quoted string or NIL."""
    if octets == b"NIL":
        return None
    octets = octets[1:-1]
    return _ESCAPED.sub(rb"\1", octets) if b"\\" in octets else octets


class _Reader:
    """The strings and lists of one ENVELOPE, from left to right."""

    __slots__ = ("at", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 1

    def addresses(self, field: int) -> list[list[bytes | None]]:
        """The address list at this place."""
        found: list[list[bytes | None]] = []
        for _ in range(field + 1):
            found = self._item()
        return found

    def _item(self) -> list[list[bytes | None]]:
        """A string, which is passed over, or a list of lists of strings."""
        found: list[list[bytes | None]] = []
        depth = 0
        while True:
            mark, value = self._token()
            if mark == b"(":
                depth += 1
                if depth == 2:
                    found.append([])
            elif mark == b")":
                depth -= 1
            elif depth == 2:
                found[-1].append(value)
            if depth == 0:
                return found

    def _token(self) -> tuple[bytes, bytes | None]:
        """A parenthesis, or a string (None for NIL)."""
        match = _TOKEN.match(self.octets, self.at)
        assert match is not None, "an ENVELOPE is made by imap_forms"
        self.at = match.end()
        if match[1] is not None:
            start, self.at = self.at, self.at + int(match[1])
            return b"", self.octets[start : self.at]
        if match[2] is not None:
            return b"", _unquoted(b'"%b"' % match[2])
        return match[3] or match[4] or b"", None
