"""An address field in all forms that are stored: for ENVELOPE, as a sort key, as text for SEARCH.

The same people write to each other again and again, so short fields are remembered.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from posthouse.mail.header import Header
from posthouse.mail.imap_forms import addresses
from posthouse.mail.mailboxes import Mailbox, address_text, display_name, parse_mailboxes
from posthouse.mail.text import decode, search_form, sort_form, without_controls

REMEMBERED_OCTETS_MAX: Final = 256
REMEMBERED_FIELDS_MAX: Final = 4096
"""Of the shortest kind; about 4 MB when all of them are long."""
TEXT_LENGTH_MAX: Final = 400_000


class People(NamedTuple):
    """The people of one field."""

    imap: bytes
    """The address list of ENVELOPE. RFC 3501 7.4.2"""
    key: str
    """RFC 5256 3: the addr-mailbox of the first address."""
    text: str
    """All addresses with their names, in the form SEARCH compares."""


NOBODY: Final = People(b"NIL", "", "")


def people(header: Header, name: bytes) -> People:
    """Those in all fields of this name."""
    value = header.joined(name)
    if not value:
        return NOBODY
    return _known(value) if len(value) <= REMEMBERED_OCTETS_MAX else people_in(value)


def people_in(value: bytes) -> People:
    """Those in the unfolded value of a field."""
    mailboxes = parse_mailboxes(value)
    if not mailboxes:
        return NOBODY
    return People(
        imap=addresses(mailboxes),
        key=sort_form(decode(mailboxes[0].local or b"")),
        text=addresses_text(mailboxes),
    )


_known = lru_cache(REMEMBERED_FIELDS_MAX)(people_in)


def addresses_text(mailboxes: list[Mailbox]) -> str:
    """All addresses with their names, in the form SEARCH compares."""
    texts = []
    for mailbox in mailboxes:
        if mailbox.local is None:
            continue
        address = address_text(mailbox)
        texts.append(f"{display_name(mailbox)} <{address}>" if mailbox.name else address)
        if mailbox.host and b"xn--" in mailbox.host:
            # A search finds the domain as written, too.
            texts.append(without_controls(decode(mailbox.local + b"@" + mailbox.host)))
    return search_form(", ".join(texts)[:TEXT_LENGTH_MAX])
