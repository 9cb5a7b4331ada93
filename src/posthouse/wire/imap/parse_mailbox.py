"""Commands about mailboxes, LIST in all its forms. RFC 3501 6.3, 5258, 5819, 6154, 7162."""

from typing import Final

from posthouse.wire.imap import commands
from posthouse.wire.imap.grammar import MODSEQ_MAX, BadCommand, Cursor
from posthouse.wire.imap.sets import STAR, NumberSet, count, resolve

_STATUS_ITEMS: Final = {
    b"MESSAGES": "",
    b"RECENT": "",
    b"UIDNEXT": "",
    b"UIDVALIDITY": "",
    b"UNSEEN": "",
    b"HIGHESTMODSEQ": "CONDSTORE",
    b"SIZE": "STATUS=SIZE",
    b"DELETED": "IMAP4REV2",
    b"DELETED-STORAGE": "QUOTA=RES-STORAGE",
    b"MAILBOXID": "OBJECTID",
    b"APPENDLIMIT": "APPENDLIMIT",
}
"""Each with the extension that brings it."""

_SELECTIONS: Final = {
    b"SUBSCRIBED": "select_subscribed",
    b"REMOTE": "select_remote",
    b"RECURSIVEMATCH": "select_recursive",
    b"SPECIAL-USE": "select_special_use",
}
_RETURNS: Final = {
    b"SUBSCRIBED": "return_subscribed",
    b"CHILDREN": "return_children",
    b"SPECIAL-USE": "return_special_use",
}
_PATTERNS_MAX: Final = 20
_MATCHES_MAX: Final = 10_000
"""Pairs of sequence-match-data: clients send a dozen. RFC 7162 3.2.5.2"""
_USES_MAX: Final = 10


def parse_select(cursor: Cursor) -> commands.Select:
    """SELECT mailbox [(parameters)]."""
    return _select(cursor, examine=False)


def parse_examine(cursor: Cursor) -> commands.Select:
    """EXAMINE mailbox [(parameters)]."""
    return _select(cursor, examine=True)


def _select(cursor: Cursor, *, examine: bool) -> commands.Select:
    cursor.space()
    mailbox = cursor.mailbox()
    condstore = False
    qresync = None
    if not cursor.at_end():
        cursor.space()
        cursor.expect(b"(")
        while True:
            name = cursor.word("CONDSTORE or QRESYNC")
            if name == b"CONDSTORE":
                cursor.needs("CONDSTORE", "The parameter CONDSTORE")
                condstore = True
            elif name == b"QRESYNC":
                cursor.needs("QRESYNC", "The parameter QRESYNC")
                qresync = _qresync(cursor)
            else:
                raise BadCommand("SELECT and EXAMINE know the parameters CONDSTORE and QRESYNC")
            if cursor.take(b")"):
                break
            cursor.space()
        cursor.end()
    return commands.Select(mailbox, examine, condstore, qresync)


def _qresync(cursor: Cursor) -> commands.Qresync:
    """(uidvalidity modseq [known-uids] [(sequences uids)]). RFC 7162 7"""
    cursor.space()
    cursor.expect(b"(")
    uidvalidity = cursor.number("UIDVALIDITY")
    cursor.space()
    modseq = cursor.number("a mod-sequence", MODSEQ_MAX)
    uids = sequences = sequence_uids = None
    if cursor.take(b" "):
        if not cursor.take(b"("):
            uids = _known(cursor)
            if cursor.take(b" "):
                cursor.expect(b"(")
                sequences, sequence_uids = _match_data(cursor)
        else:
            sequences, sequence_uids = _match_data(cursor)
    cursor.expect(b")")
    return commands.Qresync(uidvalidity, modseq, uids, sequences, sequence_uids)


def _match_data(cursor: Cursor) -> tuple[NumberSet, NumberSet]:
    sequences = _known(cursor)
    cursor.space()
    uids = _known(cursor)
    cursor.expect(b")")
    pairs = count(resolve(sequences, 0))
    if pairs != count(resolve(uids, 0)):
        raise BadCommand("Each message number of QRESYNC goes with one UID")
    if pairs > _MATCHES_MAX:
        raise BadCommand(f"QRESYNC takes at most {_MATCHES_MAX} pairs of number and UID")
    return sequences, uids


def _known(cursor: Cursor) -> NumberSet:
    """RFC 7162 7: known-uids and known sequences are sets without `*`."""
    numbers = cursor.number_set()
    if not numbers or any(STAR in pair for pair in numbers):
        raise BadCommand("A set in QRESYNC has neither * nor $")
    return numbers


def parse_create(cursor: Cursor) -> commands.Create:
    """CREATE mailbox [(USE (\\Drafts))]. RFC 6154 5.3"""
    cursor.space()
    mailbox = cursor.mailbox()
    uses: list[str] = []
    if not cursor.at_end():
        cursor.space()
        cursor.needs("CREATE-SPECIAL-USE", "The parameter USE")
        cursor.expect(b"(USE (")
        while not cursor.take(b")"):
            if uses:
                cursor.space()
            cursor.expect(b"\\")
            uses.append("\\" + cursor.atom("a special use").decode("ascii"))
            if len(uses) > _USES_MAX:
                raise BadCommand("Too many special uses")
        cursor.expect(b")")
        cursor.end()
    return commands.Create(mailbox, tuple(uses))


def parse_delete(cursor: Cursor) -> commands.Delete:
    """DELETE mailbox."""
    return commands.Delete(_one_mailbox(cursor))


def parse_subscribe(cursor: Cursor) -> commands.Subscribe:
    """SUBSCRIBE mailbox."""
    return commands.Subscribe(_one_mailbox(cursor))


def parse_unsubscribe(cursor: Cursor) -> commands.Unsubscribe:
    """UNSUBSCRIBE mailbox."""
    return commands.Unsubscribe(_one_mailbox(cursor))


def _one_mailbox(cursor: Cursor) -> str:
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.end()
    return mailbox


def parse_rename(cursor: Cursor) -> commands.Rename:
    """RENAME mailbox new-name."""
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.space()
    to = cursor.mailbox()
    cursor.end()
    return commands.Rename(mailbox, to)


def parse_status(cursor: Cursor) -> commands.Status:
    """STATUS mailbox (items)."""
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.space()
    items = _status_items(cursor)
    cursor.end()
    return commands.Status(mailbox, items)


def _status_items(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect(b"(")
    items: dict[str, None] = {}
    while True:
        name = cursor.word("a STATUS item")
        extension = _STATUS_ITEMS.get(name)
        if extension is None:
            raise BadCommand(f"STATUS does not know {name.decode('ascii')}")
        text = name.decode("ascii")
        if extension:
            cursor.needs(extension, text)
        items[text] = None
        if cursor.take(b")"):
            return tuple(items)
        cursor.space()


def parse_lsub(cursor: Cursor) -> commands.Lsub:
    """LSUB reference pattern."""
    cursor.space()
    reference = cursor.mailbox()
    cursor.space()
    pattern = cursor.list_pattern()
    cursor.end()
    return commands.Lsub(reference, pattern)


def parse_list(cursor: Cursor) -> commands.List:
    """LIST [(selection)] reference pattern-or-(patterns) [RETURN (options)]."""
    cursor.space()
    options: dict[str, bool] = {}
    status: tuple[str, ...] = ()
    is_extended = False
    if cursor.take(b"("):
        is_extended = True
        _extended(cursor)
        _selection(cursor, options)
        cursor.space()
    reference = cursor.mailbox()
    cursor.space()
    if cursor.take(b"("):
        is_extended = True
        _extended(cursor)
        patterns = _patterns(cursor)
    else:
        patterns = (cursor.list_pattern(),)
    if not cursor.at_end():
        is_extended = True
        cursor.space()
        cursor.expect(b"RETURN (")
        _extended(cursor)
        status = _return_options(cursor, options)
        cursor.end()
    return commands.List(reference, patterns, is_extended, return_status=status, **options)


def _extended(cursor: Cursor) -> None:
    cursor.needs("LIST-EXTENDED", "This form of LIST")


def _selection(cursor: Cursor, options: dict[str, bool]) -> None:
    if cursor.take(b")"):
        return
    while True:
        name = cursor.word("a selection option")
        option = _SELECTIONS.get(name)
        if option is None:
            raise BadCommand(f"LIST cannot select by {name.decode('ascii')}")
        options[option] = True
        if cursor.take(b")"):
            break
        cursor.space()
    if "select_recursive" in options and not (
        "select_subscribed" in options or "select_special_use" in options
    ):
        # RFC 5258 3.1: never by itself or with REMOTE alone
        raise BadCommand("RECURSIVEMATCH goes with another selection option, as SUBSCRIBED")


def _patterns(cursor: Cursor) -> tuple[str, ...]:
    patterns: list[str] = []
    while True:
        patterns.append(cursor.list_pattern())
        if len(patterns) > _PATTERNS_MAX:
            raise BadCommand(f"LIST takes at most {_PATTERNS_MAX} patterns")
        if cursor.take(b")"):
            return tuple(patterns)
        cursor.space()


def _return_options(cursor: Cursor, options: dict[str, bool]) -> tuple[str, ...]:
    status: tuple[str, ...] = ()
    if cursor.take(b")"):
        return status
    while True:
        name = cursor.word("a return option")
        if name == b"STATUS":
            cursor.needs("LIST-STATUS", "RETURN (STATUS ...)")
            cursor.space()
            status = _status_items(cursor)
        elif name in _RETURNS:
            options[_RETURNS[name]] = True
        else:
            raise BadCommand(f"LIST cannot return {name.decode('ascii')}")
        if cursor.take(b")"):
            return status
        cursor.space()
