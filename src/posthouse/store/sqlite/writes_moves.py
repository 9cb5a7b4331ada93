"""Copy, Move, Expunge, Replace: letters that come to be in another mailbox, or in none.

An email row goes with its last placement; its body stays for a while, since a session may be
reading it (`sweep.py`).
"""

from typing import Any, Final

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import DAY_SECONDS, Context, next_modseq
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ranges import ranges_of
from posthouse.store.sqlite.rows import rows_in
from posthouse.store.sqlite.writes_flags import KIND_EXPUNGE, note_change
from posthouse.store.sqlite.writes_mail import (
    KEY_SHIFT,
    add_keywords,
    check_uids,
    enter_account,
    place_new,
    require_mailbox,
)
from posthouse.store.values import (
    DELETED,
    SEEN,
    Copied,
    Copy,
    Expunge,
    Expunged,
    Move,
    Ranges,
    Replace,
    Replaced,
    Why,
)

ALL_UIDS: Final[Ranges] = ((1, 2**32 - 1),)

Letter = tuple[int, int, int, str, int]
"""uid, email, flags, keywords, size."""

_LETTERS: Final = (
    "SELECT p.uid, p.email, p.flags, p.keywords, e.size FROM placement AS p"
    " CROSS JOIN email AS e ON e.key = (?<<40)+p.email"
    " WHERE p.account=? AND p.mailbox=? AND p.uid BETWEEN ? AND ?"
)
_PLACE: Final = "INSERT INTO placement VALUES (?,?,?,?,?,?,?,?,?)"
_TOMBSTONE: Final = "INSERT OR REPLACE INTO tombstone VALUES (?,?,?,?,?,?,?,?)"
_UNPLACE_RANGE: Final = (
    "DELETE FROM placement WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?"
)
_FORGET: Final = (
    "DELETE FROM email WHERE key=?"
    " AND NOT EXISTS (SELECT 1 FROM placement WHERE account=? AND email=?) RETURNING body"
)


def copy(db: Database, value: Copy, context: Context) -> Copied:
    """Every copy counts for the quota."""
    account = value.account
    uidvalidity, _ = require_mailbox(db, account, value.to_mailbox)
    letters = letters_in(db, account, value.mailbox, value.uids)
    if not letters:
        return Copied(uidvalidity, (), (), 0)
    octets = sum(letter[4] for letter in letters)
    modseq, _ = enter_account(
        db, account, emails=0, letters=len(letters), octets=octets, context=context
    )
    to_uids = place_letters(db, account, value.to_mailbox, letters, modseq, context)
    return Copied(uidvalidity, ranges_of([letter[0] for letter in letters]), to_uids, modseq)


def move(db: Database, value: Move, context: Context) -> Copied:
    """Both mailboxes change with one MODSEQ; the quota does not matter. RFC 6851"""
    account = value.account
    uidvalidity, _ = require_mailbox(db, account, value.to_mailbox)
    letters = letters_in(db, account, value.mailbox, value.uids)
    if not letters:
        return Copied(uidvalidity, (), (), 0)
    modseq = next_modseq(db, account, context)
    # First taken out, so that a move within one mailbox counts right.
    uids = take_out(db, account, value.mailbox, letters, modseq, context)
    to_uids = place_letters(db, account, value.to_mailbox, letters, modseq, context)
    return Copied(uidvalidity, uids, to_uids, modseq)


def expunge(db: Database, value: Expunge, context: Context) -> Expunged:
    """Removes for good."""
    account, mailbox = value.account, value.mailbox
    uids = ALL_UIDS if value.uids is None else value.uids
    letters = letters_in(db, account, mailbox, uids, only_deleted=not value.any_flag)
    if not letters:
        return Expunged(0, ())
    modseq = next_modseq(db, account, context)
    gone = take_out(db, account, mailbox, letters, modseq, context)
    forget(db, account, letters, context)
    return Expunged(modseq, gone)


def replace(db: Database, value: Replace, context: Context) -> Replaced:
    """One MODSEQ for what comes and what goes; the quota has to bear the difference. RFC 8508"""
    account, new = value.account, value.letter
    require_mailbox(db, account, value.to_mailbox)
    old = letters_in(db, account, value.mailbox, ((value.uid, value.uid),))
    if not old:
        raise StoreFailure(Why.NO_LETTER, f"mailbox {value.mailbox} has no letter {value.uid}")
    more = new.body.size - old[0][4]
    modseq, number = enter_account(db, account, emails=1, letters=0, octets=more, context=context)
    take_out(db, account, value.mailbox, old, modseq, context)
    drop_emails(db, account, old, context)
    uidvalidity, uid = place_new(db, account, value.to_mailbox, (new,), modseq, number, context)
    return Replaced(uidvalidity, uid, modseq)


def letters_in(
    db: Database, account: int, mailbox: int, uids: Ranges, *, only_deleted: bool = False
) -> list[Letter]:
    """Letters with these UIDs, ascending. Fails: NO_MAILBOX."""
    require_mailbox(db, account, mailbox)
    statement = _LETTERS + (" AND p.flags&8" if only_deleted else "")
    return rows_in(db, statement, (account, account, mailbox), uids)


def place_letters(
    db: Database,
    account: int,
    mailbox: int,
    letters: list[Letter],
    modseq: int,
    context: Context,
) -> Ranges:
    """New placements of known letters, in their order; gives the UIDs."""
    count = len(letters)
    uidnext = _adjust(db, account, mailbox, letters, modseq, sign=1)
    check_uids(uidnext)
    first, now = uidnext - count, context.now
    db.executemany(
        _PLACE,
        (
            (account, mailbox, uid, email, modseq, flags, keywords, now, modseq)
            for uid, (_, email, flags, keywords, _) in enumerate(letters, first)
        ),
    )
    add_keywords(db, account, mailbox, {letter[3] for letter in letters})
    return ((first, uidnext - 1),)


def take_out(
    db: Database,
    account: int,
    mailbox: int,
    letters: list[Letter],
    modseq: int,
    context: Context,
) -> Ranges:
    """Ends these placements: tombstones, counters, the change row. Gives the UIDs."""
    uids = ranges_of([letter[0] for letter in letters])
    until = context.now + context.settings.tombstone_days * DAY_SECONDS
    db.executemany(
        _TOMBSTONE,
        (
            (account, mailbox, uid, email, flags, keywords, modseq, until)
            for uid, email, flags, keywords, _ in letters
        ),
    )
    for first, last in uids:
        db.execute(_UNPLACE_RANGE, (account, mailbox, first, last))
    _adjust(db, account, mailbox, letters, modseq, sign=-1)
    note_change(db, account, mailbox, modseq, KIND_EXPUNGE, uids, context)
    return uids


def forget(db: Database, account: int, letters: list[Letter], context: Context) -> None:
    """Letters left the account: counters and email rows."""
    octets = sum(letter[4] for letter in letters)
    db.execute(
        "UPDATE account SET letters=letters-?, octets=octets-? WHERE id=?",
        (len(letters), octets, account),
    )
    drop_emails(db, account, letters, context)


def drop_emails(db: Database, account: int, letters: list[Letter], context: Context) -> None:
    """Email rows that no mailbox names any more."""
    numbers = {letter[1] for letter in letters}
    context.unnamed += [
        row[0]
        for row in db.executemany(
            _FORGET, ((account << KEY_SHIFT | number, account, number) for number in numbers)
        )
    ]


def _adjust(
    db: Database,
    account: int,
    mailbox: int,
    letters: list[Letter],
    modseq: int,
    *,
    sign: int,
) -> int:
    """Counters of a mailbox that letters come into (1) or leave (-1). Gives its UIDNEXT."""
    row: tuple[Any, ...] = (
        len(letters) if sign > 0 else 0,
        sign * len(letters),
        sign * sum(1 for letter in letters if not letter[2] & SEEN),
        sign * sum(1 for letter in letters if letter[2] & DELETED),
        sign * sum(letter[4] for letter in letters),
        modseq,
        account,
        mailbox,
    )
    uidnext: int | None = db.execute(
        "UPDATE mailbox SET uidnext=uidnext+?, messages=messages+?, unseen=unseen+?,"
        " deleted=deleted+?, octets=octets+?, highest_modseq=?"
        " WHERE account=? AND id=? RETURNING uidnext",
        row,
    ).get
    if uidnext is None:
        raise StoreFailure(Why.NO_MAILBOX, f"account {account} has no mailbox {mailbox}")
    return uidnext
