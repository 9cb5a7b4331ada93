"""The words of a letter for SEARCH BODY and TEXT, in `text.search_form`. RFC 3501 6.4.4."""

from mmap import mmap
from typing import Final

from posthouse.mail.encoded_words import decode_words
from posthouse.mail.header import Header, header_end
from posthouse.mail.html_text import html_to_text
from posthouse.mail.structure import Octets, Part, searchable, walk
from posthouse.mail.text import decode, decode_transfer, search_form

TEXT_LENGTH_MAX: Final = 16 * 1024 * 1024
"""Characters of a letter that are searched."""


def body_text(octets: Octets, tree: Part) -> str:
    """All text parts decoded, one after the other, with the headers of letters inside.

    Other `message` parts are fields as well: what a delivery report says. RFC 3464 2.1
    """
    plain = searchable(octets)
    pieces: list[str] = []
    left = TEXT_LENGTH_MAX
    for part in walk(tree):
        if part.type == "text" or (part.type == "message" and not part.is_message):
            text = part_text(plain, part)
        elif part.is_message and part.children:
            inner = part.children[0]
            text = _fields_text(Header(plain[inner.header_start : inner.body_start]))
        else:
            continue
        pieces.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return search_form("\n".join(pieces))


def part_text(octets: bytes | mmap, part: Part) -> str:
    """The decoded text of a text part; of HTML the words."""
    coded = octets[part.body_start : part.body_end]
    text = decode(decode_transfer(coded, part.encoding), part.param("charset"))
    return html_to_text(text) if part.subtype == "html" else text


def header_text(octets: Octets) -> str:
    """The letter's header, decoded, a field a line."""
    plain = searchable(octets)
    return search_form(_fields_text(Header(plain[: header_end(plain)])))


def field_text(header: Header, name: bytes) -> str:
    """The values of all fields of a name, decoded, for SEARCH HEADER; "" when there is none."""
    return search_form("\n".join([decode_words(value) for value in header.all(name)]))


def _fields_text(header: Header) -> str:
    return "\n".join(
        f"{field.name.decode('ascii')}: {decode_words(header.value(field))}"
        for field in header.fields
    )
