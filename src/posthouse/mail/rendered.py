"""What is computed once from a letter's octets, at the door, and stored beside them.

Made by `mail.render`, kept by `store`, copied out by `read`. Immutable; a new version of the
computation gets a new number and old rows are rendered again when they are read.
"""

from typing import Final

import msgspec

RENDER_VERSION: Final = 1


class Rendered(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A letter as IMAP and JMAP show it, without parsing it again."""

    version: int = RENDER_VERSION
    header_octets: int
    """Length of the header with the empty line that ends it."""
    envelope: bytes
    """IMAP ENVELOPE, the parenthesised list ready to send. RFC 3501 7.4.2"""
    bodystructure: bytes
    """IMAP BODYSTRUCTURE with extension data, ready to send."""
    parts: bytes
    """The MIME tree as offsets, packed by `mail.structure.pack`, read back by `unpack`."""
    sent: int
    """The Date field as seconds since 1970 UTC; where it is missing or wrong, the time received.

    RFC 5256 2.2
    """
    sent_day: int
    """The Date field's day as written, time and zone disregarded: days since 1970.

    RFC 3501 6.4.4 SENTON
    """
    from_key: str
    """Sort key: local part of the first address, upper case. RFC 5256 3 FROM"""
    to_key: str
    cc_key: str
    subject_key: str
    """Base subject, upper case. RFC 5256 2.1"""
    is_reply: bool
    """Base subject extraction took something off. RFC 5256 2.1"""
    from_text: str
    """Decoded and case-folded for SEARCH, all addresses: `ann lee <ann@example.org>, ...`."""
    to_text: str
    cc_text: str
    bcc_text: str
    subject_text: str
    """Decoded and case-folded for SEARCH."""
    subject: str
    """Decoded, for people."""
    message_id: str
    """Without angle brackets, "" when there is none."""
    references: tuple[str, ...]
    """References, else In-Reply-To, oldest first, without brackets.

    At most REFERENCES_MAX, the newest kept.
    """
    thread_keys: tuple[int, ...]
    """Signed 64-bit hashes of own message id and references, each with the base subject.

    The own one first.
    """
    preview: str
    """The first words of the text, white space folded, at most 256 characters. RFC 8970"""
    has_attachment: bool
