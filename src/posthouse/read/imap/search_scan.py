"""Keys that only a letter's octets can decide: words in body, text, or any header field. RFC 3501
6.4.4

Letters are compared decoded, in the form of `mail.text.search_form`; pure but for the rows that
come in.
"""

from collections.abc import Callable, Iterable
from typing import Final

from posthouse.mail.encoded_words import decode_words
from posthouse.mail.header import Header
from posthouse.mail.search_text import body_text, header_text
from posthouse.mail.structure import unpack
from posthouse.mail.text import search_form
from posthouse.read.imap.search_proof import proof_of
from posthouse.store.contract import Field
from posthouse.wire.imap.search_keys import InBody, InHeader, InText

ScanKey = InBody | InText | InHeader
Test = Callable[[bytes, int, bytes], bool]
"""Octets, length of the header and packed parts of a letter in; whether the key holds out."""

SCAN_FIELDS: Final[tuple[Field, ...]] = ("uid", "octets", "body", "header_octets", "parts")


def test_of(key: ScanKey) -> Test:
    """How to try the key on one letter."""
    wanted = search_form(key.text)
    if isinstance(key, InHeader):
        return _in_field(key.field, wanted)
    in_body = _in_body(wanted)
    if isinstance(key, InBody):
        return in_body
    return lambda octets, header, parts: (
        wanted in header_text(octets[:header]) or in_body(octets, header, parts)
    )


def _in_body(wanted: str) -> Test:
    proved_absent = proof_of(wanted)

    def test(octets: bytes, _header: int, parts: bytes) -> bool:
        tree = unpack(parts)
        if proved_absent is not None and proved_absent(octets, tree):
            return False
        return wanted in body_text(octets, tree)

    return test


def only_header(key: ScanKey) -> bool:
    """The octets of the header are enough."""
    return isinstance(key, InHeader)


def _in_field(field: str, wanted: str) -> Test:
    name = field.lower().encode("ascii", "replace")

    def test(octets: bytes, header: int, _parts: bytes) -> bool:
        values = _values(octets[:header], name)
        if not wanted:  # RFC 3501 6.4.4 HEADER: an empty text asks whether the field is there
            return any(True for _ in values)
        return any(wanted in search_form(decode_words(value)) for value in values)

    return test


def _values(header: bytes, name: bytes) -> Iterable[bytes]:
    if name not in header.lower():
        return ()
    return Header(header).all(name)
