"""Every command: how its arguments are read, in which states it may be used, who brings it."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from posthouse.wire.imap import commands
from posthouse.wire.imap.grammar import BadCommand, Cursor
from posthouse.wire.imap.parse_change import parse_copy, parse_expunge, parse_move, parse_store
from posthouse.wire.imap.parse_fetch import parse_fetch
from posthouse.wire.imap.parse_mailbox import (
    parse_create,
    parse_delete,
    parse_examine,
    parse_list,
    parse_lsub,
    parse_rename,
    parse_select,
    parse_status,
    parse_subscribe,
    parse_unsubscribe,
)
from posthouse.wire.imap.parse_quota import (
    parse_get_quota,
    parse_get_quota_root,
    parse_set_quota,
)
from posthouse.wire.imap.parse_search import parse_search, parse_sort, parse_thread
from posthouse.wire.imap.parse_session import (
    Parsed,
    alone,
    parse_authenticate,
    parse_compress,
    parse_enable,
    parse_id,
    parse_login,
)
from posthouse.wire.imap.sets import STAR

NOT_AUTHENTICATED: Final = 1
AUTHENTICATED: Final = 2
SELECTED: Final = 4

_ANY: Final = NOT_AUTHENTICATED | AUTHENTICATED | SELECTED
_INSIDE: Final = AUTHENTICATED | SELECTED

HEAD: Final = re.compile(
    rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,1000}) ((?:[Uu][Ii][Dd] )?[A-Za-z]+)(?=[ \r]|\Z)'
)
"""Tag and name; UID belongs to the name. RFC 3501 9 tag: an astring without +."""

TAG: Final = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,1000}) ')
"""The tag alone, of something that is no command."""


class Entry(msgspec.Struct, frozen=True):
    """One command."""

    parse: Callable[[Cursor], Parsed]
    states: int
    needs: str = ""
    """The capability without which the command is unknown; "" for RFC 3501's own."""
    is_uid: bool = False


def parse_append_alone(cursor: Cursor) -> Parsed:
    """An APPEND that came to its end without a letter: letters are read as they arrive."""
    cursor.space()
    cursor.mailbox()
    raise cursor.bad("a letter as literal")


def parse_replaced(cursor: Cursor) -> tuple[bool, int]:
    """The message that REPLACE takes away: by UID or not, and its number. RFC 8508 4"""
    cursor.space()
    if not cursor.is_uid and cursor.take(b"*"):
        return False, STAR
    number = cursor.number("a message number")
    if not number:
        raise BadCommand("Message numbers begin with 1")
    return cursor.is_uid, number


def parse_replace_alone(cursor: Cursor) -> Parsed:
    """A REPLACE that came to its end without a letter."""
    parse_replaced(cursor)
    return parse_append_alone(cursor)


LETTERS: Final = {
    b"APPEND": re.compile(rb" "),
    b"REPLACE": re.compile(rb" [0-9*]+ "),
    b"UID REPLACE": re.compile(rb" [0-9*]+ "),
}
"""Commands that end in letters, each with what stands before its mailbox."""

COMMANDS: Final[dict[bytes, Entry]] = {
    b"CAPABILITY": Entry(alone(commands.Capability()), _ANY),
    b"NOOP": Entry(alone(commands.Noop()), _ANY),
    b"LOGOUT": Entry(alone(commands.Logout()), _ANY),
    b"ID": Entry(parse_id, _ANY, "ID"),
    b"STARTTLS": Entry(alone(commands.Starttls()), NOT_AUTHENTICATED),
    b"AUTHENTICATE": Entry(parse_authenticate, NOT_AUTHENTICATED),
    b"LOGIN": Entry(parse_login, NOT_AUTHENTICATED),
    b"UNAUTHENTICATE": Entry(alone(commands.Unauthenticate()), _INSIDE, "UNAUTHENTICATE"),
    b"COMPRESS": Entry(parse_compress, _INSIDE, "COMPRESS=DEFLATE"),
    b"ENABLE": Entry(parse_enable, _INSIDE, "ENABLE"),
    b"SELECT": Entry(parse_select, _INSIDE),
    b"EXAMINE": Entry(parse_examine, _INSIDE),
    b"CREATE": Entry(parse_create, _INSIDE),
    b"DELETE": Entry(parse_delete, _INSIDE),
    b"RENAME": Entry(parse_rename, _INSIDE),
    b"SUBSCRIBE": Entry(parse_subscribe, _INSIDE),
    b"UNSUBSCRIBE": Entry(parse_unsubscribe, _INSIDE),
    b"LIST": Entry(parse_list, _INSIDE),
    b"LSUB": Entry(parse_lsub, _INSIDE),
    b"STATUS": Entry(parse_status, _INSIDE),
    b"NAMESPACE": Entry(alone(commands.Namespace()), _INSIDE, "NAMESPACE"),
    b"GETQUOTA": Entry(parse_get_quota, _INSIDE, "QUOTA"),
    b"GETQUOTAROOT": Entry(parse_get_quota_root, _INSIDE, "QUOTA"),
    b"SETQUOTA": Entry(parse_set_quota, _INSIDE, "QUOTA"),
    b"APPEND": Entry(parse_append_alone, _INSIDE),
    b"REPLACE": Entry(parse_replace_alone, SELECTED, "REPLACE"),
    b"UID REPLACE": Entry(parse_replace_alone, SELECTED, "REPLACE", is_uid=True),
    b"IDLE": Entry(alone(commands.IdleStarted()), _INSIDE, "IDLE"),
    b"CHECK": Entry(alone(commands.Check()), SELECTED),
    b"CLOSE": Entry(alone(commands.Close()), SELECTED),
    b"UNSELECT": Entry(alone(commands.Unselect()), SELECTED, "UNSELECT"),
    b"EXPUNGE": Entry(parse_expunge, SELECTED),
    b"UID EXPUNGE": Entry(parse_expunge, SELECTED, "UIDPLUS", is_uid=True),
    b"SEARCH": Entry(parse_search, SELECTED),
    b"UID SEARCH": Entry(parse_search, SELECTED, is_uid=True),
    b"SORT": Entry(parse_sort, SELECTED, "SORT"),
    b"UID SORT": Entry(parse_sort, SELECTED, "SORT", is_uid=True),
    b"THREAD": Entry(parse_thread, SELECTED),
    b"UID THREAD": Entry(parse_thread, SELECTED, is_uid=True),
    b"FETCH": Entry(parse_fetch, SELECTED),
    b"UID FETCH": Entry(parse_fetch, SELECTED, is_uid=True),
    b"STORE": Entry(parse_store, SELECTED),
    b"UID STORE": Entry(parse_store, SELECTED, is_uid=True),
    b"COPY": Entry(parse_copy, SELECTED),
    b"UID COPY": Entry(parse_copy, SELECTED, is_uid=True),
    b"MOVE": Entry(parse_move, SELECTED, "MOVE"),
    b"UID MOVE": Entry(parse_move, SELECTED, "MOVE", is_uid=True),
}

GONE: Final = {
    b"PARTIAL": "PARTIAL left IMAP with RFC 2060; use FETCH BODY[section]<0.1024>",
    b"FIND": "FIND left IMAP with RFC 2060; use LIST or LSUB",
    b"BBOARD": "BBOARD left IMAP with RFC 1730; use SELECT",
    b"UID": "UID goes before FETCH, STORE, SEARCH, COPY and others",
}
"""Names that clients of earlier versions use, with what to do instead."""
