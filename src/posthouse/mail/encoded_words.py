"""Unstructured header text for people: encoded words of RFC 2047, raw UTF-8 of RFC 6532.

Never raises; linear. Tolerant where mailers err: words without space between them, characters split
over two words, spaces in a word.
"""

import binascii
import re
from typing import Final

from posthouse.mail.text import decode, decode_base64, without_controls

# RFC 2047 2, with the language of RFC 2231 5 after the charset.
_WORD: Final = re.compile(rb"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([BbQq])\?([^?]*)\?=")


def decode_words(value: bytes) -> str:
    """The text of an unfolded value, on one line and without control characters."""
    if b"=?" not in value:
        return without_controls(decode(value))
    pieces: list[str] = []
    charset = ""
    waiting = bytearray()
    done = 0
    for word in _WORD.finditer(value):
        gap = value[done : word.start()]
        label = word[1].decode("ascii", "replace").lower()
        # White space between two words is no text. RFC 2047 6.2
        follows = done > 0 and (not gap or gap.isspace())
        if not follows or label != charset:
            if waiting:
                pieces.append(decode(bytes(waiting), charset))
                waiting.clear()
            if not follows:
                pieces.append(decode(gap))
            charset = label
        # Words of one charset are put together before decoding: a character may be split over two.
        waiting += _octets(word[2], word[3])
        done = word.end()
    if waiting:
        pieces.append(decode(bytes(waiting), charset))
    pieces.append(decode(value[done:]))
    return without_controls("".join(pieces))


def _octets(encoding: bytes, data: bytes) -> bytes:
    if encoding in b"Bb":
        return decode_base64(data)
    return binascii.a2b_qp(data, header=True)
