"""Proves cheaply that a letter cannot hold a text, so that few letters are decoded. Pure.

A run of ASCII letters and digits, or of Han, in what is searched for must stand in the octets of a
plain UTF-8 letter as it is, but for the few characters that compare equal to such ones although
they are others (a ligature, a full-width digit, a radical). Where they are, or a part is coded in
another way, nothing is proved and the letter is read in full.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from posthouse.mail.structure import Part, walk

_ASCII_RUN: Final = re.compile(r"[a-z0-9]{2,}")
_HAN_RUN: Final = re.compile("[\u4e00-\u9fa5]+")

# Leading octets of characters whose search form has an ASCII letter or digit, as UTF-8; a test
# compares them with the whole of Unicode.
_LIKE_ASCII: Final = re.compile(
    rb"\xc2[\xaa\xb2\xb3\xb9\xba\xbc-\xbe]|\xc3\x9f|\xc4[\xb0\xb2\xb3\xbf]|\xc5[\x80\x89\xbf]"
    rb"|\xc7[\x84-\x8c\xb0-\xb3]|\xca[\xb0-\xb8]|\xcb[\xa1-\xa3]|\xe1[\xb4-\xb6\xba]"
    rb"|\xe2(?:[\x82\x84\x85\x92\x93\xb1]|\x81[\xb0-\xbf]|\x86\x89|\x91[\xa0-\xbf])"
    rb"|\xe3[\x88-\x8f]|\xea\x9f|\xef(?:\xac|\xbc[\x90-\x99\xa1-\xba]|\xbd[\x81-\x9a])"
    rb"|\xf0\x9d|\xf0\x9e\xb8|\xf0\x9f[\x84-\x86\xaf]|\xf0\x90\x9e"
)
_LIKE_HAN: Final = re.compile(
    rb"\xe2[\xba-\xbf]|\xe3(?:\x80[\xb8-\xba]|[\x86-\x8f])|\xef[\xa4-\xab]|\xf0\x9f[\x88\x89]"
    rb"|\xf0\xaf"
)
_AS_THEY_ARE: Final = frozenset({"7bit", "8bit", "binary"})
_CHARSETS: Final = frozenset({"", "us-ascii", "utf-8"})

Absent = Callable[[bytes, Part], bool]
"""Octets and tree of a letter in; whether it is proved that its body has not the text out."""


@dataclass(frozen=True, slots=True)
class _Run:
    octets: bytes
    likes: re.Pattern[bytes]

    def is_absent(self, letter: bytes, tree: Part) -> bool:
        if self.octets in letter.lower() or not _is_plain(tree):
            return False
        if letter.isascii():
            return True
        try:
            letter.decode()
        except UnicodeDecodeError:
            return False
        return self.likes.search(letter) is None


def proof_of(text: str) -> Absent | None:
    """How to prove that a text in search form is not there; None: it cannot be proved."""
    runs = [(run, _LIKE_ASCII) for run in _ASCII_RUN.findall(text)]
    runs += [(run, _LIKE_HAN) for run in _HAN_RUN.findall(text)]
    if not runs:
        return None
    longest, likes = max(runs, key=lambda run: len(run[0].encode()))
    return _Run(longest.encode(), likes).is_absent


def _is_plain(tree: Part) -> bool:
    """All text of the letter stands in it as it is, in UTF-8 or less."""
    return all(
        part.type not in ("text", "message")
        or (
            part.subtype == "plain"
            and part.type == "text"
            and part.encoding in _AS_THEY_ARE
            and part.param("charset").lower() in _CHARSETS
        )
        for part in walk(tree)
    )
