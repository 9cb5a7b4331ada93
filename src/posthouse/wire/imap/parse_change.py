"""Commands that change messages: STORE, COPY, MOVE, EXPUNGE. RFC 3501 6.4, 4315, 6851, 7162."""

import re
from typing import Final, Literal

from posthouse.wire.imap import commands
from posthouse.wire.imap.grammar import MODSEQ_MAX, Cursor

_ACTION: Final = re.compile(rb"([+-]?)FLAGS(\.SILENT)?", re.IGNORECASE)
_ACTIONS: Final[dict[bytes, Literal["replace", "add", "remove"]]] = {
    b"": "replace",
    b"+": "add",
    b"-": "remove",
}


def parse_store(cursor: Cursor) -> commands.Store:
    """STORE set [(UNCHANGEDSINCE modseq)] [+-]FLAGS[.SILENT] flags."""
    cursor.space()
    numbers = cursor.number_set()
    cursor.space()
    unchanged_since = None
    if cursor.take(b"("):
        cursor.needs("CONDSTORE", "UNCHANGEDSINCE")
        cursor.expect(b"UNCHANGEDSINCE ")
        unchanged_since = cursor.number("a mod-sequence", MODSEQ_MAX)
        cursor.expect(b") ")
    match = _ACTION.match(cursor.data, cursor.at)
    if match is None:
        raise cursor.bad("FLAGS, +FLAGS or -FLAGS, with .SILENT or without")
    cursor.at = match.end()
    cursor.space()
    flags = cursor.flags()
    cursor.end()
    silent = match[2] is not None
    return commands.Store(
        cursor.is_uid, numbers, _ACTIONS[match[1]], flags, silent, unchanged_since
    )


def parse_copy(cursor: Cursor) -> commands.Copy:
    """COPY set mailbox."""
    cursor.space()
    numbers = cursor.number_set()
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.end()
    return commands.Copy(cursor.is_uid, numbers, mailbox)


def parse_move(cursor: Cursor) -> commands.Move:
    """MOVE set mailbox. RFC 6851 3.1"""
    cursor.space()
    numbers = cursor.number_set()
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.end()
    return commands.Move(cursor.is_uid, numbers, mailbox)


def parse_expunge(cursor: Cursor) -> commands.Expunge:
    """EXPUNGE, or UID EXPUNGE set. RFC 4315 2.1"""
    if not cursor.is_uid:
        cursor.end()
        return commands.Expunge(None)
    cursor.space()
    uids = cursor.number_set()
    cursor.end()
    return commands.Expunge(uids)
