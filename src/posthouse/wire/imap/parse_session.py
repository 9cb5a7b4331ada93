"""Commands about the session itself: log-in, ID, ENABLE, those without arguments. RFC 3501 6."""

import re
from binascii import a2b_base64
from collections.abc import Callable
from typing import Final

from posthouse.wire.imap import commands
from posthouse.wire.imap.grammar import BadCommand, Cursor

Parsed = commands.Question | commands.Settled

_ID_FIELDS_MAX: Final = 30  # RFC 2971 3.3
_ENABLEABLE: Final = frozenset({"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4REV2"})
_BASE64: Final = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")


def alone(command: Parsed) -> Callable[[Cursor], Parsed]:
    """A parser of a command without arguments; the value is made once."""

    def parse(cursor: Cursor) -> Parsed:
        cursor.end()
        return command

    return parse


def parse_login(cursor: Cursor) -> commands.Login:
    """LOGIN user password. RFC 3501 6.2.3"""
    cursor.space()
    user = cursor.text("a user name")
    cursor.space()
    password = cursor.text("a password")
    cursor.end()
    return commands.Login(user, password)


def parse_authenticate(cursor: Cursor) -> commands.AuthStarted:
    """AUTHENTICATE mechanism [initial response]. RFC 3501 6.2.2, 4959"""
    cursor.space()
    mechanism = cursor.atom("a SASL mechanism").upper().decode("ascii")
    initial = None
    if not cursor.at_end():
        cursor.space()
        cursor.needs("SASL-IR", "An initial response")
        text = cursor.data[cursor.at :].rstrip(b" ")
        initial = b"" if text == b"=" else decode_base64(text)  # RFC 4959 3: = stands for empty
    return commands.AuthStarted(mechanism, initial)


def decode_base64(text: bytes) -> bytes:
    """Base64, whole and without anything around it."""
    if _BASE64.match(text) is None:
        raise BadCommand("Expected base64")
    return a2b_base64(text)


def parse_enable(cursor: Cursor) -> commands.Enable:
    """ENABLE one or more; what is unknown or cannot be enabled is passed over. RFC 5161 3.1"""
    names: dict[str, None] = {}
    while True:
        cursor.space()
        name = cursor.atom("an extension").upper().decode("ascii")
        if name in _ENABLEABLE and name in cursor.extensions:
            names[name] = None
        if cursor.at_end():
            return commands.Enable(tuple(names))


def parse_compress(cursor: Cursor) -> commands.Compress:
    """COMPRESS mechanism. RFC 4978 3"""
    cursor.space()
    if cursor.atom("DEFLATE").upper() != b"DEFLATE":
        raise BadCommand("COMPRESS knows DEFLATE only")
    cursor.end()
    return commands.Compress()


def parse_id(cursor: Cursor) -> commands.Id:
    """ID NIL, or a list of field-value pairs. RFC 2971 3.1"""
    cursor.space()
    fields: list[tuple[str, str | None]] = []
    if not cursor.take(b"NIL"):
        cursor.expect(b"(")
        while not cursor.take(b")"):
            if fields:
                cursor.space()
            name = cursor.string("a field name as string").decode("utf-8", "replace").lower()
            cursor.space()
            value = cursor.nstring("a value as string or NIL")
            fields.append((name, None if value is None else value.decode("utf-8", "replace")))
            if len(fields) > _ID_FIELDS_MAX:
                raise BadCommand(f"ID takes at most {_ID_FIELDS_MAX} fields")
    cursor.end()
    return commands.Id(tuple(fields))
