"""How tests read a single command without a session: `parse("UID FETCH 1 FLAGS")`."""

from typing import Any

from posthouse.wire.imap.grammar import Cursor
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import AFTER_LOGIN, BEFORE_LOGIN
from posthouse.wire.imap.table import COMMANDS, HEAD

EVERYTHING = frozenset(
    {
        *BEFORE_LOGIN,
        *AFTER_LOGIN,
        *("QRESYNC", "SORT", "THREAD=REFERENCES", "BINARY", "SEARCHRES", "WITHIN", "PREVIEW"),
        *("SAVEDATE", "OBJECTID", "CREATE-SPECIAL-USE", "ESORT", "IMAP4REV2", "UTF8=ACCEPT"),
        *("APPENDLIMIT", "QUOTA", "QUOTA=RES-STORAGE", "SORT=DISPLAY"),
    }
)


def parse(
    text: str | bytes,
    extensions: frozenset[str] = EVERYTHING,
    limits: ImapLimits | None = None,
    utf8: bool = False,
) -> Any:
    """The command as a value; raises what the parsers raise."""
    octets = text.encode("latin-1") if isinstance(text, str) else text
    data = b"a " + octets
    match = HEAD.match(data)
    assert match is not None, text
    entry = COMMANDS[match[2].upper()]
    return entry.parse(
        Cursor(data, match.end(), extensions, limits or ImapLimits(), utf8, entry.is_uid)
    )
