"""Octets to characters: charsets, transfer encodings, and the form in which SEARCH compares.

Nothing here raises for what a letter contains: damaged input gives damaged text, in linear time.
"""

import binascii
import re
import unicodedata
from contextlib import suppress
from typing import Final

from posthouse.mail.charsets import SECOND_TRY, SHIFTING, codec

__all__ = ["codec", "decode", "decode_transfer", "search_form", "sort_form", "without_controls"]

# Octets looked at to guess the charset of undeclared 8-bit text.
GUESS_OCTETS_MAX: Final = 16_384

_HIGH: Final = re.compile(rb"[\x80-\xff]")
# A run of octet pairs that are GB 2312 hanzi or punctuation. GB 18030 takes nearly any octets for
# text, so that the common part alone proves it.
_GB_RUN: Final = re.compile(rb"(?:[\xa1-\xa3\xb0-\xf7][\xa1-\xfe])+")
_BIG5_RUN: Final = re.compile(rb"(?:[\xa1\xa4-\xc6\xc9-\xf9][\x40-\x7e\xa1-\xfe])+")
_BIG5_COMMON: Final = re.compile(rb"[\xa1\xa4-\xc6][\x40-\x7e\xa1-\xfe]")


def decode(octets: bytes, charset: str = "") -> str:
    """The text of octets in a charset label as mail writes it; never raises."""
    name = codec(charset) if charset else None
    if name not in SHIFTING and octets.isascii():
        return octets.decode("ascii")
    if name is None or name == "ascii":
        return _decode_undeclared(octets)
    if name == "utf_7":
        return _decode_utf7(octets)
    try:
        return octets.decode(name)
    except UnicodeDecodeError:
        pass
    second = SECOND_TRY.get(name)
    if second is not None:
        try:
            return octets.decode(second)
        except UnicodeDecodeError:
            pass
    return octets.decode(name, "replace")


def _decode_undeclared(octets: bytes) -> str:
    """8-bit text of which nobody said the charset: UTF-8, else Chinese if plausible, else Latin."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut within the last character: still UTF-8.
        if error.reason == "unexpected end of data" and error.start > 0:
            return octets.decode("utf-8", "replace")
    sample = octets[:GUESS_OCTETS_MAX]
    if _is_gb(sample):
        return octets.decode("gb18030", "replace")
    if _is_big5(sample):
        return octets.decode("big5hkscs", "replace")
    return decode(octets, "windows-1252")


def _decode_utf7(octets: bytes) -> str:
    """UTF-7, without the lone surrogates that Python lets through."""
    text = octets.decode("utf-7", "replace")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_gb(sample: bytes) -> bool:
    high = len(_HIGH.findall(sample))
    paired = sum(map(len, _GB_RUN.findall(sample)))
    return paired >= 4 and paired * 10 >= high * 9


def _is_big5(sample: bytes) -> bool:
    pairs = sum(map(len, _BIG5_RUN.findall(sample))) // 2
    common = len(_BIG5_COMMON.findall(sample))
    lone = len(_HIGH.findall(_BIG5_RUN.sub(b"", sample)))
    return pairs >= 2 and common * 10 >= pairs * 8 and lone * 10 <= pairs


# ---- transfer encodings (RFC 2045 6)

_NOT_BASE64: Final = bytes(
    sorted(
        set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    )
)
_UU_LINES: Final = re.compile(
    rb"^begin [0-7]{3,4}[^\n]*\n(.*?)(?:^end\b|\Z)", re.MULTILINE | re.DOTALL
)
# White space that was added on the way, behind a soft line break. RFC 2045 6.7 (3)
_PADDED_SOFT_BREAK: Final = re.compile(rb"=[ \t]++(?=\r?\n)")
UU_LINES_MAX: Final = 1_000_000


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """Takes base64, quoted-printable or uuencode off; any other encoding is left as it is."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        if b"= " in octets or b"=\t" in octets:
            octets = _PADDED_SOFT_BREAK.sub(b"=", octets)
        return binascii.a2b_qp(octets)
    if encoding in {"uuencode", "x-uuencode", "x-uue", "uue"}:
        return _decode_uu(octets)
    return octets


def decode_base64(octets: bytes) -> bytes:
    """Base64 with foreign octets skipped, padding missing or amid the text. RFC 2045 6.8"""
    try:
        return binascii.a2b_base64(octets, strict_mode=True)
    except binascii.Error:
        pass
    letters = base64_letters(octets)
    pieces = []
    # Encoded pieces written one behind the other, each with its padding, are all read.
    for piece in letters.split(b"="):
        left = len(piece) % 4
        if left == 1:
            piece = piece[:-1]  # six bits make no octet
        elif left:
            piece += b"=" * (4 - left)
        if piece:
            pieces.append(binascii.a2b_base64(piece))
    return b"".join(pieces)


def base64_letters(octets: bytes) -> bytes:
    """Only what base64 is written with, padding included."""
    return octets.translate(None, _NOT_BASE64)


def _decode_uu(octets: bytes) -> bytes:
    match = _UU_LINES.search(octets)
    lines = (match[1] if match else octets).split(b"\n", UU_LINES_MAX)
    out = []
    for line in lines[:UU_LINES_MAX]:
        if not line.strip():
            continue
        # The first octet tells the length; mailers write filler behind the line's end.
        length = 1 + ((line[0] - 32 & 63) + 2) // 3 * 4
        with suppress(binascii.Error):
            out.append(binascii.a2b_uu(line[:length].rstrip(b"\r")))
    return b"".join(out)


# ---- forms

# What may carry combining characters, and the two half-width marks that become them. Ordering a run
# of combining characters takes CPython the square of its length, so runs are cut.
_COMBINING_RUN: Final = re.compile(r"[\W\uff9e\uff9f]{32,}")
_RUN_PIECE: Final = 32

_CONTROLS: Final = dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029], " ")
_CONTROLS.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))


def without_controls(text: str) -> str:
    """The text on one line: control characters are spaces, lone surrogates are replaced."""
    if text.isprintable():
        return text
    return text.translate(_CONTROLS)


def _compose(text: str) -> str:
    """NFKC in linear time."""
    runs = _COMBINING_RUN.finditer(text)
    pieces = []
    done = 0
    for run in runs:
        pieces.append(unicodedata.normalize("NFKC", text[done : run.start()]))
        done = run.end()
        pieces.extend(
            unicodedata.normalize("NFKC", text[at : min(at + _RUN_PIECE, done)])
            for at in range(run.start(), done, _RUN_PIECE)
        )
    if not pieces:
        return unicodedata.normalize("NFKC", text)
    pieces.append(unicodedata.normalize("NFKC", text[done:]))
    return "".join(pieces)


def search_form(text: str) -> str:
    """Text as SEARCH compares it, letter and key alike: case folded, compatible forms as one.

    Near to i;unicode-casemap (RFC 5051), but composed: a search for "e" does not find "\u00e9".
    """
    if text.isascii():
        return text.lower()
    return _compose(_compose(text).casefold())


def sort_form(text: str) -> str:
    """Text as SORT compares it: upper case, compatible forms as one. RFC 5256 2.2, RFC 5051"""
    if text.isascii():
        return text.upper()
    return _compose(_compose(text).upper())
