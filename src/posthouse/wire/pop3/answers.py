"""The answers of the house, and how results look on the wire. RFC 1939 3, 2449 8, 3206"""

from dataclasses import dataclass
from typing import Final

from posthouse.base.errors import Refusal
from posthouse.wire.pop3.drop import Drop

AUTH: Final = b"AUTH"
"""Name, password or proof are wrong. RFC 3206 4"""
IN_USE: Final = b"IN-USE"
"""Another session has the drop. RFC 2449 8.1.2"""
SYS_TEMP: Final = b"SYS/TEMP"
"""A failure that passes. RFC 3206 3"""
SYS_PERM: Final = b"SYS/PERM"
"""A failure that stays until somebody mends it."""


@dataclass(frozen=True, slots=True)
class Ok:
    """Yes."""

    text: str


@dataclass(frozen=True, slots=True)
class Err:
    """No, and why."""

    text: str
    code: bytes | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """Goes to the client in base64; its answer comes back as AuthData. RFC 5034 4"""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """Logged in, and the drop is this session's alone."""

    drop: Drop


@dataclass(frozen=True, slots=True)
class Piece:
    """Octets of a letter, from the place that was asked for."""

    octets: bytes
    total: int
    """Octets of the whole letter."""
    header_octets: int
    """Those of its header, the empty line included."""


Answer = Ok | Err | Challenge | Opened | Piece | Refusal | None
"""What the house may say; which of them, says each question."""


def ok_line(text: str) -> bytes:
    return b"+OK %b\r\n" % clean(text)


def err_line(err: Err) -> bytes:
    if err.code is None:
        return b"-ERR %b\r\n" % clean(err.text)
    return b"-ERR [%b] %b\r\n" % (err.code, clean(err.text))


def clean(text: str) -> bytes:
    """Text that stays on its line, in ASCII, and is not taken for a response code. RFC 2449 8"""
    shown = "".join(c if c.isprintable() else "?" for c in text).lstrip("[ ")
    return shown.encode("ascii", "replace")


def err_of(refusal: Refusal) -> Err:
    """A station's no as POP3 says it. RFC 3206 2"""
    text = refusal.say[:1].upper() + refusal.say[1:]
    if refusal.status.startswith("4"):
        return Err(text, SYS_TEMP)
    if refusal.status.startswith("5.7"):
        return Err(text, AUTH)
    return Err(text)
