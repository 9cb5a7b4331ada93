"""Values with parameters: Content-Type, Content-Disposition. RFC 2045 5.1, 2183, 2231.

Never raises; linear, capped in number. Continuations are put together, charset and percent
signs of RFC 2231 stay until `parameter` is asked, since IMAP shows them as they are.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from posthouse.mail.encoded_words import decode_words
from posthouse.mail.text import decode, without_controls

PARAMETERS_MAX: Final = 10_000

_PARAMETER: Final = re.compile(
    rb";\s*+([^\s=;\"]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;]*+))", re.S
)
_ESCAPE: Final = re.compile(rb"\\(.)", re.S)
_COMMENT: Final = re.compile(rb"\([^()]*+\)")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`{|}~0-9a-z-]+")
_SECTION: Final = re.compile(r"([^*]+)\*(\d{1,5})?(\*)?$")

Parameters = Mapping[str, str]
_NONE: Final[Parameters] = {}
DEFAULT_TYPE: Final = ("text", "plain", {"charset": "us-ascii"})
"""RFC 2045 5.2"""


def parse_value(value: bytes) -> tuple[str, Parameters]:
    """The word at the front in lower case, and the parameters by lower-case name.

    A value in the form of RFC 2231 is found under its name with a star, joined, still encoded.
    """
    front, semicolon, _ = value.partition(b";")
    if b"(" in front:
        front = _COMMENT.sub(b" ", front)
    word = without_controls(decode(front.strip())).lower()
    if not semicolon:
        return word, _NONE
    found: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for count, match in enumerate(
        _PARAMETER.finditer(value, len(front) if b"(" not in front else 0)
    ):
        if count == PARAMETERS_MAX:
            break
        octets = _parameter_octets(match)
        name = without_controls(decode(match[1])).lower()
        section = _SECTION.match(name) if "*" in name else None
        if section is None:
            found.setdefault(name, without_controls(decode(octets)))
        elif section[2] is None:
            found.setdefault(name, without_controls(decode(octets)))
        else:
            pieces = sections.setdefault(section[1], {})
            pieces.setdefault(int(section[2]), (octets, section[3] is not None))
    for name, pieces in sections.items():
        key, joined = _join(name, pieces)
        found.setdefault(key, joined)
    return word, found


def _parameter_octets(match: re.Match[bytes]) -> bytes:
    quoted = match[2]
    if quoted is not None:
        return _ESCAPE.sub(rb"\1", quoted) if b"\\" in quoted else quoted
    plain = match[3].strip()
    return _COMMENT.sub(b"", plain).strip() if b"(" in plain else plain


def _join(name: str, pieces: dict[int, tuple[bytes, bool]]) -> tuple[str, str]:
    """One value out of its numbered sections. RFC 2231 3, 4.1"""
    order = sorted(pieces)
    if not pieces[order[0]][1]:
        return name, without_controls(decode(b"".join(pieces[number][0] for number in order)))
    joined = "".join(
        without_controls(decode(octets)) if encoded else quote_from_bytes(octets)
        for octets, encoded in (pieces[number] for number in order)
    )
    return name + "*", joined


@lru_cache(maxsize=256)
def _cached_type(value: bytes) -> tuple[str, str, Parameters]:
    word, parameters = parse_value(value)
    kind, slash, subtype = word.partition("/")
    kind = kind.strip()
    subtype = subtype.strip()
    if not slash or not _TOKEN.fullmatch(kind) or not _TOKEN.fullmatch(subtype):
        return DEFAULT_TYPE
    return kind, subtype, parameters


def parse_type(value: bytes | None) -> tuple[str, str, Parameters]:
    """Type, subtype and parameters of a Content-Type; text/plain for none or a broken one."""
    if value is None:
        return DEFAULT_TYPE
    if len(value) > 1024:
        return _cached_type.__wrapped__(value)
    return _cached_type(value)


def parameter(parameters: Parameters, name: str) -> str:
    """The decoded value of a parameter, "" when there is none. RFC 2231, and encoded words."""
    extended = parameters.get(name + "*")
    if extended is not None:
        charset, quote, rest = extended.partition("'")
        if quote:
            rest = rest.partition("'")[2]
        else:
            charset, rest = "", extended
        return without_controls(decode(unquote_to_bytes(rest), charset))
    plain = parameters.get(name)
    if plain is None:
        return ""
    # Not allowed in parameters, and common. RFC 2047 5
    return decode_words(plain.encode("utf-8", "replace")) if "=?" in plain else plain
