"""Texts that somebody on the way might touch, and that must arrive octet by octet."""

import random
from typing import Final

from outside.neighbours.neighbourhood import MEGABYTE

_LINE_OCTETS_MAX: Final = 998
"""RFC 5321 4.5.3.1.6, without the CRLF."""


def _large() -> bytes:
    """5 MB, most of it text that does not repeat."""
    chance = random.Random(5)
    line = "0123456789abcdefghijklmnopqrstuvwxyz.-+ äöü例子"
    lines = ("".join(chance.choices(line, k=64)) for _ in range(MEGABYTE // 1000))
    block = "\r\n".join(lines).encode() + b"\r\n"
    return block * (5 * MEGABYTE // len(block))


BODIES: Final[dict[str, bytes]] = {
    "dots": b".\r\n..\r\n.x\r\n...\r\n . \r\nend\r\n.\r\n",
    "every_octet": b"".join(
        b"%c%c text\r\n" % (octet, octet) for octet in range(1, 256) if octet not in b"\r\n"
    ),
    "long_lines": b"".join(
        b"x" * length + b"\r\n" + b"." * length + b"\r\n" + "ü".encode() * (length // 2) + b"\r\n"
        for length in (76, _LINE_OCTETS_MAX - 1, _LINE_OCTETS_MAX)
    ),
    "from_lines": b"\r\nFrom ann Tue Nov 24 10:00:00 2026\r\n>From ben\r\n\r\nFrom \r\n\r\n\r\n",
    "blanks": b"trailing \r\n\t\r\n   \r\nsoft= \r\n=20\r\n-- \r\nsignature\t\r\n",
    "empty": b"",
    "large": _large(),
}
