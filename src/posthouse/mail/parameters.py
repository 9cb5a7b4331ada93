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
TYPE_CACHED_OCTETS_MAX: Final = 200
"""Longer Content-Types, most of them with a boundary, are not remembered."""

_TOKEN: Final = rb"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"
_WORD: Final = re.compile(rb"\s*(?:\([^()]*+\)\s*)*+(" + _TOKEN + rb")")
_TYPE: Final = re.compile(_WORD.pattern + rb"\s*/\s*(" + _TOKEN + rb")")
# No part of the pattern crosses a semicolon that it may have to give back: linear.
_PARAMETER: Final = re.compile(
    rb";\s*+([^\s=;\"]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;]*+))", re.DOTALL
)
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT: Final = re.compile(rb"\([^()]*+\)")
_SECTION: Final = re.compile(r"([^*]+)\*([0-9]{1,5})(\*)?")

Parameters = Mapping[str, str]
_NONE: Final[Parameters] = {}
DEFAULT_TYPE: Final = ("text", "plain", {"charset": "us-ascii"})
"""RFC 2045 5.2"""


def parse_value(value: bytes) -> tuple[str, Parameters]:
    """The word at the front in lower case, and the parameters by lower-case name.

    A value in the form of RFC 2231 is found under its name with a star, joined, still encoded.
    The word is "" when there is none.
    """
    match = _WORD.match(value)
    word = match[1].decode("ascii").lower() if match is not None else ""
    return word, parse_parameters(value)


def parse_type(value: bytes | None) -> tuple[str, str, Parameters]:
    """Type, subtype and parameters of a Content-Type; text/plain for none or a broken one."""
    if value is None:
        return DEFAULT_TYPE
    if len(value) > TYPE_CACHED_OCTETS_MAX:
        return _parse_type(value)
    return _cached_type(value)


def _parse_type(value: bytes) -> tuple[str, str, Parameters]:
    match = _TYPE.match(value)
    if match is None:
        return DEFAULT_TYPE
    kind, subtype = match.groups()
    return kind.decode("ascii").lower(), subtype.decode("ascii").lower(), parse_parameters(value)


_cached_type: Final = lru_cache(maxsize=256)(_parse_type)


def parse_parameters(value: bytes) -> Parameters:
    """All `; name=value` of a value; of two with one name the first counts."""
    if b";" not in value:
        return _NONE
    found: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count == PARAMETERS_MAX:
            break
        octets = _parameter_octets(match)
        name = without_controls(decode(match[1])).lower()
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section is None:
            found.setdefault(name, without_controls(decode(octets)))
        else:
            pieces = sections.setdefault(section[1], {})
            pieces.setdefault(int(section[2]), (octets, section[3] is not None))
    for name, pieces in sections.items():
        key, joined = _join(name, pieces)
        found.setdefault(key, joined)
    return found


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
        return name, without_controls(decode(b"".join([pieces[number][0] for number in order])))
    joined = "".join(
        [
            without_controls(decode(octets)) if encoded else quote_from_bytes(octets)
            for octets, encoded in (pieces[number] for number in order)
        ]
    )
    return name + "*", joined


def parameter(parameters: Parameters, name: str) -> str:
    """The decoded value of a parameter, "" when there is none. RFC 2231, and encoded words."""
    extended = parameters.get(name + "*")
    if extended is not None:
        charset, _, rest = extended.partition("'")
        _, quote, text = rest.partition("'")
        if not quote:  # charset and language are missing
            charset, text = "", extended
        return without_controls(decode(unquote_to_bytes(text), charset))
    plain = parameters.get(name)
    if plain is None:
        return ""
    # Not allowed in parameters, and common. RFC 2047 5
    return decode_words(plain.encode("utf-8", "replace")) if "=?" in plain else plain
