"""The sober inspector: may this header leave the house, and what does it lack? Pure. RFC 6409 8

Completes what a letter needs (Date, Message-ID, From, To), takes off what is nobody's business
(Bcc), touches nothing else. What is broken is refused with the field's name, what would be right
and what was found: the writer can mend it, the reader could not. RFC 5322 3.6
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from posthouse.base.errors import Refusal
from posthouse.mail.address import Address
from posthouse.mail.address_list import Addresses, read_addresses
from posthouse.mail.edit import with_fields, without_fields
from posthouse.mail.header import FIELDS_MAX, Field, Header
from posthouse.mail.strict_fields import (
    check_date,
    check_encoded_words,
    check_message_id,
    shown,
)

LINE_OCTETS_MAX: Final = 998
"""RFC 5322 2.1.1, without CRLF."""

REMOVED: Final = frozenset({b"bcc", b"resent-bcc", b"return-path"})
"""RFC 5322 3.6.3; and RFC 5321 4.4: only the last host writes Return-Path."""
RECIPIENT_FIELDS: Final = (b"to", b"cc", b"resent-to", b"resent-cc")
ONCE: Final = frozenset(
    {
        b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"message-id", b"in-reply-to",
        b"references", b"subject", b"mime-version", b"content-type", b"content-id",
        b"content-transfer-encoding", b"content-disposition", b"content-description",
    }
)  # fmt: skip
"""RFC 5322 3.6, RFC 2045 3: readers differ in which of two they believe."""
MAILBOX_LISTS: Final = frozenset({b"from", b"resent-from"})
SINGLE_MAILBOX: Final = frozenset({b"sender", b"resent-sender"})
ADDRESS_LISTS: Final = frozenset({b"reply-to", b"to", b"cc", b"resent-to", b"resent-cc"})
DATES: Final = frozenset({b"date", b"resent-date"})
MESSAGE_IDS: Final = frozenset({b"message-id", b"resent-message-id"})
TEXTS: Final = frozenset({b"subject", b"comments", b"keywords"})

_LONG_LINE: Final = re.compile(rb"[^\r\n]{%d}" % (LINE_OCTETS_MAX + 1))
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n")
_EIGHT_BIT: Final = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Named:
    """An address and the field it stands in, as people write it."""

    field: str
    address: Address


@dataclass(slots=True)
class Inspection:
    """What a header that may pass holds."""

    header: Header
    named: list[Named] = field(default_factory=list)
    """Every address, in the order of the fields."""
    lacks: list[str] = field(default_factory=list)
    """Fields that must be added."""
    surplus: list[str] = field(default_factory=list)
    """Fields that must go."""

    def writers(self, *names: str) -> list[Named]:
        """The addresses of these fields."""
        return [named for named in self.named if named.field in names]


def broken(name: str, why: str) -> Refusal:
    """A header that cannot be sent."""
    return Refusal(550, "5.6.0", f"{name}: {why}", f"header, {name}: {why}")


def inspect(octets: bytes, *, has_utf8: bool) -> Inspection:
    """Looks at a whole header, without the empty line behind it. Raises Refusal."""
    header = Header(octets)
    _look_at_lines(header, has_utf8=has_utf8)
    inspection = Inspection(header)
    seen = set()
    for one in header.fields:
        name = one.name
        if name in ONCE:
            if name in seen:
                raise broken(title(name), "this field stands in a letter once, found it again")
            seen.add(name)
        look = _LOOKS.get(name)
        if look is not None:
            value = header.value(one).decode("utf-8")
            try:
                look(inspection, title(name), value)
            except ValueError as error:
                raise broken(title(name), str(error)) from error
        elif name in REMOVED:
            inspection.surplus.append(title(name))
    _find_what_lacks(inspection)
    return inspection


def complete(inspection: Inspection, *, sender: str, date: str, message_id: str) -> bytes:
    """The header with what it lacked, without what it must not have. RFC 6409 8.2, 8.3"""
    header = inspection.header
    octets = without_fields(header, REMOVED) if inspection.surplus else header.octets
    values = {
        "Date": date,
        "From": sender,
        "To": "undisclosed-recipients:;",  # RFC 5322 3.6.3; older readers want a recipient field
        "Message-ID": f"<{message_id}>",
    }
    return with_fields(octets, ((name, values[name]) for name in inspection.lacks))


def title(name: bytes) -> str:
    """A field's name as people write it."""
    text = name.decode("ascii")
    return _TITLES.get(text) or "-".join(part.capitalize() for part in text.split("-"))


_TITLES: Final = {"message-id": "Message-ID", "mime-version": "MIME-Version"}


# ---- lines


def _look_at_lines(header: Header, *, has_utf8: bool) -> None:
    octets = header.octets
    at = 0
    for one in header.fields:
        if one.start != at:
            break
        if octets[at + len(one.name) : one.value_start] != b":":
            raise broken(title(one.name), "no space stands before the colon, found one")
        at = one.end
    if at != len(octets):
        raise _no_field(header, at)
    if octets and not octets.endswith(b"\r\n"):
        raise broken("header", f"lines end with CR LF, found {_shown(octets[-40:])}")
    long = _LONG_LINE.search(octets)
    if long is not None:
        name = _name_at(header, long.start())
        raise broken(name, f"a line has at most {LINE_OCTETS_MAX} octets, found a longer one; fold")
    control = _CONTROL.search(octets)
    if control is not None:
        name = _name_at(header, control.start())
        raise broken(name, f"visible characters only, found {_shown(control[0])}")
    if not octets.isascii():
        _look_at_eight_bits(header, has_utf8=has_utf8)


def _no_field(header: Header, at: int) -> Refusal:
    if len(header.fields) >= FIELDS_MAX:
        return broken("header", f"it has at most {FIELDS_MAX} fields, found more")
    line = header.octets[at : at + 200].split(b"\r\n")[0]
    return broken(
        "header",
        "each line is a field, as Subject: hello, or goes on with a space, and an empty line ends "
        f"it; found {_shown(line)}",
    )


def _look_at_eight_bits(header: Header, *, has_utf8: bool) -> None:
    """RFC 6532 3.2 with SMTPUTF8, RFC 5322 2.2 without."""
    octets = header.octets
    if not has_utf8:
        first = _EIGHT_BIT.search(octets)
        assert first is not None, "isascii said so"
        name = _name_at(header, first.start())
        raise broken(
            name,
            "ASCII with encoded words, as =?utf-8?B?...?=, or MAIL with SMTPUTF8, found "
            + _shown(octets[first.start() : first.start() + 20]),
        )
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        name = _name_at(header, error.start)
        found = _shown(octets[error.start : error.start + 20])
        raise broken(name, f"text is UTF-8, found {found}") from error


def _name_at(header: Header, at: int) -> str:
    one: Field
    for one in header.fields:
        if at < one.end:
            return title(one.name)
    return "header"


def _shown(octets: bytes) -> str:
    return shown(octets.decode("latin-1").replace("\r", " ").replace("\n", " ")) or repr(octets)


# ---- fields


def _mailboxes(inspection: Inspection, name: str, value: str) -> None:
    """RFC 5322 3.6.2: authors are people, not groups."""
    addresses = _addresses(inspection, name, value)
    if addresses.groups:
        raise ValueError("mailboxes and no groups stand here, found a group")


def _one_mailbox(inspection: Inspection, name: str, value: str) -> None:
    """RFC 5322 3.6.2"""
    addresses = _addresses(inspection, name, value)
    if addresses.groups or len(addresses.found) != 1:
        raise ValueError(f"one mailbox stands here, found {shown(value)}")


def _addresses(inspection: Inspection, name: str, value: str) -> Addresses:
    check_encoded_words(value)
    addresses = read_addresses(value)
    inspection.named += [Named(name, address) for address in addresses.found]
    return addresses


def _date(_inspection: Inspection, _name: str, value: str) -> None:
    check_date(value)


def _message_id(_inspection: Inspection, _name: str, value: str) -> None:
    check_message_id(value)


def _text(_inspection: Inspection, _name: str, value: str) -> None:
    check_encoded_words(value)


_LOOKS: Final[dict[bytes, Callable[[Inspection, str, str], object]]] = {
    **dict.fromkeys(MAILBOX_LISTS, _mailboxes),
    **dict.fromkeys(SINGLE_MAILBOX, _one_mailbox),
    **dict.fromkeys(ADDRESS_LISTS, _addresses),
    **dict.fromkeys(DATES, _date),
    **dict.fromkeys(MESSAGE_IDS, _message_id),
    **dict.fromkeys(TEXTS, _text),
}


def _find_what_lacks(inspection: Inspection) -> None:
    header = inspection.header
    for name in (b"date", b"from", b"message-id"):
        if name not in header:
            inspection.lacks.append(title(name))
    if not any(name in header for name in RECIPIENT_FIELDS):
        inspection.lacks.append("To")
    authors = inspection.writers("From")
    if len(authors) > 1 and b"sender" not in header:
        # RFC 5322 3.6.2: of several authors one has sent it
        raise broken("Sender", f"one of the {len(authors)} authors in From, found no such field")
