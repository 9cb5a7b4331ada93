"""A header in ASCII for programs that know no other: the letter stays as it is, this is shown.

Names and texts become encoded words; an address that has no form in ASCII becomes one that leads
nowhere, and stands readable beside it. Never raises. RFC 6856 4, 6858 2, 2047
"""

from base64 import b64encode
from typing import Final

from posthouse.mail.address import normal_domain
from posthouse.mail.encoded_words import decode_words
from posthouse.mail.header import Header
from posthouse.mail.mailboxes import GROUP_END, Mailbox, address_text, parse_mailboxes
from posthouse.mail.text import decode

ADDRESS_FIELDS: Final = frozenset(
    prefix + name
    for prefix in (b"", b"resent-")
    for name in (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
)
NOWHERE: Final = b"<unreachable@internationalized-address.invalid>"
"""Instead of an address that only SMTPUTF8 can carry. RFC 2606: .invalid never exists"""
_WORD_OCTETS_MAX: Final = 45
"""Octets of UTF-8 in an encoded word, which may have 75 characters. RFC 2047 2"""


def ascii_header(octets: bytes) -> bytes:
    """The header, the empty line included, with those of its fields changed that are not ASCII."""
    header = Header(octets)
    pieces = []
    done = 0
    for field in header.fields:
        if header.raw(field).isascii():
            continue
        pieces.append(octets[done : field.start])
        done = field.end
        name = octets[field.start : field.value_start]
        value = header.value(field)
        if field.name in ADDRESS_FIELDS:
            text = b",\r\n ".join(_addresses(value))
        else:
            text = encoded(decode_words(value))
        pieces.append(b"%b %b\r\n" % (name, text))
    pieces.append(octets[done:])
    # What is left is in lines that are no fields, or behind all limits.
    return b"".join(pieces).decode("ascii", "replace").encode("ascii", "replace")


def encoded(text: str) -> bytes:
    """Text as encoded words, folded; as it is where it is ASCII. RFC 2047 2, 5"""
    if text.isascii():
        return text.encode("ascii")
    words = []
    waiting = b""
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(waiting) + len(more) > _WORD_OCTETS_MAX:
            words.append(waiting)
            waiting = b""
        waiting += more
    words.append(waiting)
    return b"\r\n ".join([b"=?utf-8?b?%b?=" % b64encode(word) for word in words])


def _addresses(value: bytes) -> list[bytes]:
    shown: list[bytes] = []
    is_first = True  # of a group
    for mailbox in parse_mailboxes(value):
        if mailbox == GROUP_END:
            shown[-1] += b";"
            is_first = True
        elif mailbox.host is None:
            shown.append(_phrase(decode(mailbox.local or b"")) + b":")
            is_first = False
        elif not is_first and shown[-1].endswith(b":"):
            shown[-1] += b" " + _mailbox(mailbox)
        else:
            shown.append(_mailbox(mailbox))
    return shown or [NOWHERE]


def _mailbox(mailbox: Mailbox) -> bytes:
    name = decode_words(mailbox.name) if mailbox.name else ""
    local, host = mailbox.local or b"", mailbox.host or b""
    if not host.isascii():
        try:
            host = normal_domain(decode(host)).encode("ascii")
        except ValueError:
            local = b"\xff"
    if not local.isascii() or not host:
        readable = decode(mailbox.local or b"") if not host else address_text(mailbox)
        return b"%b %b" % (_phrase(f"{name} {readable}".strip()), NOWHERE)
    start = _phrase(name) + b" " if name else b""
    return b"%b<%b@%b>" % (start, _local(local), host)


def _local(local: bytes) -> bytes:
    """Quoting was taken off when the address was read. RFC 5322 3.4.1"""
    if local.translate(None, b'"(),:;<>@[]\\ \t') == local:
        return local
    return b'"%b"' % local.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _phrase(text: str) -> bytes:
    if not text.isascii():
        return encoded(text)
    return b'"%b"' % text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii")
