"""Flags: bits for the system ones, one str of sorted atoms for keywords. RFC 3501 2.3.2.

The store keeps the same two values. `parse_flags` raises ValueError with a text for the client.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

SEEN: Final = 1
ANSWERED: Final = 2
FLAGGED: Final = 4
DELETED: Final = 8
DRAFT: Final = 16

SYSTEM: Final = {
    b"\\SEEN": SEEN,
    b"\\ANSWERED": ANSWERED,
    b"\\FLAGGED": FLAGGED,
    b"\\DELETED": DELETED,
    b"\\DRAFT": DRAFT,
}


class Flags(msgspec.Struct, frozen=True):
    """A set of flags as a client named them."""

    bits: int = 0
    """System flags, added up."""
    keywords: str = ""
    """Atoms joined by one space, sorted, each once whatever its case; "" when there are none."""


NO_FLAGS: Final = Flags()


def parse_flags(names: Iterable[bytes]) -> Flags:
    """Flags from their names as written; a keyword keeps the case of its first mention."""
    bits = 0
    keywords: dict[str, str] = {}
    for name in names:
        bit = SYSTEM.get(name.upper())
        if bit is not None:
            bits |= bit
        elif name.startswith(b"\\"):
            # RFC 3501 2.3.2: \Recent cannot be altered by clients; other names are ours to give.
            raise ValueError(f"The flag {name.decode('ascii', 'replace')} cannot be set by clients")
        else:
            word = name.decode("ascii")
            keywords.setdefault(word.lower(), word)
    return Flags(bits, " ".join(sorted(keywords.values()))) if keywords else Flags(bits)
