"""Mailboxes come, go and are renamed. RFC 3501 6.3.3 to 6.3.6

An id stays for life and is never given again; a name that comes back gets a new UIDVALIDITY.
"""

from typing import Final

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import Context, next_modseq, next_uidvalidity
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.writes_flags import (
    KIND_DELETED,
    KIND_MADE,
    KIND_RENAMED,
    note_change,
)
from posthouse.store.sqlite.writes_moves import (
    ALL_UIDS,
    forget,
    letters_in,
    place_letters,
    take_out,
)
from posthouse.store.values import (
    INBOX,
    Created,
    CreateMailbox,
    DeleteMailbox,
    Done,
    RenameMailbox,
    Subscribe,
    Why,
)

INFERIORS: Final = "name>?||'/' AND name<?||'0'"
"""Names below another one: "0" is the character after "/"."""


def create_mailbox(db: Database, value: CreateMailbox, context: Context) -> Created:
    """Superiors that are missing are made too, as mailboxes like any other. RFC 3501 6.3.3"""
    account, name = value.account, value.name
    old = db.execute(
        "SELECT id, selectable FROM mailbox WHERE account=? AND name=?", (account, name)
    ).get
    if old is not None and old[1]:
        raise StoreFailure(Why.EXISTS, f"mailbox {name!r} exists")
    modseq = next_modseq(db, account, context)
    make_superiors(db, account, name, modseq, context)
    if old is None:
        mailbox, uidvalidity = make_mailbox(db, account, name, value.special_use, modseq, context)
        return Created(mailbox, uidvalidity, modseq)
    mailbox, uidvalidity = old[0], next_uidvalidity(db, context)
    db.execute(
        "UPDATE mailbox SET selectable=1, special_use=?, uidvalidity=?, uidnext=1, first_recent=1,"
        " highest_modseq=? WHERE account=? AND id=?",
        (value.special_use, uidvalidity, modseq, account, mailbox),
    )
    # The new UIDs begin again; what the old ones meant is over with their UIDVALIDITY.
    db.execute("DELETE FROM tombstone WHERE account=? AND mailbox=?", (account, mailbox))
    note_change(db, account, mailbox, modseq, KIND_MADE, "", context)
    return Created(mailbox, uidvalidity, modseq)


def delete_mailbox(db: Database, value: DeleteMailbox, context: Context) -> Done:
    """With inferiors the name stays and cannot be selected. RFC 3501 6.3.4"""
    account, mailbox = value.account, value.mailbox
    name, selectable = _named(db, account, mailbox)
    if mailbox == INBOX:
        raise StoreFailure(Why.FORBIDDEN, "INBOX stays")
    has_children = db.execute(
        f"SELECT 1 FROM mailbox WHERE account=? AND {INFERIORS} LIMIT 1",
        (account, name, name),
    ).get
    if has_children and not selectable:
        raise StoreFailure(Why.HAS_CHILDREN, f"{name!r} has inferiors")
    modseq = next_modseq(db, account, context)
    if selectable:
        letters = letters_in(db, account, mailbox, ALL_UIDS)
        db.execute("DELETE FROM placement WHERE account=? AND mailbox=?", (account, mailbox))
        forget(db, account, letters, context)
    db.execute("DELETE FROM tombstone WHERE account=? AND mailbox=?", (account, mailbox))
    if has_children:
        db.execute(
            "UPDATE mailbox SET selectable=0, special_use='', messages=0, unseen=0, deleted=0,"
            " octets=0, keywords='', highest_modseq=? WHERE account=? AND id=?",
            (modseq, account, mailbox),
        )
    else:
        db.execute("DELETE FROM mailbox WHERE account=? AND id=?", (account, mailbox))
    note_change(db, account, mailbox, modseq, KIND_DELETED, name, context)
    return Done(modseq)


def rename_mailbox(db: Database, value: RenameMailbox, context: Context) -> Done:
    """Ids, UIDs and UIDVALIDITY stay. RFC 3501 6.3.5"""
    account, mailbox, name = value.account, value.mailbox, value.name
    old, _ = _named(db, account, mailbox)
    taken = db.execute("SELECT 1 FROM mailbox WHERE account=? AND name=?", (account, name)).get
    if taken is not None:
        raise StoreFailure(Why.EXISTS, f"mailbox {name!r} exists")
    if mailbox == INBOX:
        return _rename_inbox(db, value, context)
    if name.startswith(old + "/"):
        raise StoreFailure(Why.FORBIDDEN, f"{name!r} lies within {old!r}")
    modseq = next_modseq(db, account, context)
    make_superiors(db, account, name, modseq, context)
    inferiors = db.execute(
        f"SELECT id, name FROM mailbox WHERE account=? AND {INFERIORS} ORDER BY name",
        (account, old, old),
    ).fetchall()
    for found, found_name in [(mailbox, old), *inferiors]:
        new = name + found_name[len(old) :]
        exists = db.execute("SELECT 1 FROM mailbox WHERE account=? AND name=?", (account, new)).get
        if exists is not None:
            raise StoreFailure(Why.EXISTS, f"mailbox {new!r} exists")
        db.execute("UPDATE mailbox SET name=? WHERE account=? AND id=?", (new, account, found))
        note_change(db, account, found, modseq, KIND_RENAMED, found_name, context)
    return Done(modseq)


def subscribe(db: Database, value: Subscribe, context: Context) -> Done:
    """The name need not exist. RFC 3501 6.3.6"""
    del context
    known = db.execute(
        "SELECT 1 FROM account WHERE id=? AND address NOT NULL", (value.account,)
    ).get
    if known is None:
        raise StoreFailure(Why.GONE, f"no account {value.account}")
    statement = (
        "INSERT OR IGNORE INTO subscription VALUES (?,?)"
        if value.subscribed
        else "DELETE FROM subscription WHERE account=? AND name=?"
    )
    db.execute(statement, (value.account, value.name))
    return Done()


def make_mailbox(
    db: Database,
    account: int,
    name: str,
    special_use: str,
    modseq: int,
    context: Context,
) -> tuple[int, int]:
    """A new mailbox: id and UIDVALIDITY. Fails: LIMIT."""
    existing: int = db.execute("SELECT count(*) FROM mailbox WHERE account=?", (account,)).get
    if existing >= context.settings.mailboxes_max:
        raise StoreFailure(Why.LIMIT, f"account {account} has {existing} mailboxes")
    mailbox: int = db.execute(
        "UPDATE account SET mailbox=mailbox+1 WHERE id=? RETURNING mailbox", (account,)
    ).get
    uidvalidity = next_uidvalidity(db, context)
    db.execute(
        "INSERT INTO mailbox (account, id, name, special_use, uidvalidity, highest_modseq)"
        " VALUES (?,?,?,?,?,?)",
        (account, mailbox, name, special_use, uidvalidity, modseq),
    )
    note_change(db, account, mailbox, modseq, KIND_MADE, "", context)
    return mailbox, uidvalidity


def make_superiors(db: Database, account: int, name: str, modseq: int, context: Context) -> None:
    """Makes the names above that are missing."""
    end = name.find("/")
    while end > 0:
        above = name[:end]
        found = db.execute("SELECT 1 FROM mailbox WHERE account=? AND name=?", (account, above)).get
        if found is None:
            make_mailbox(db, account, above, "", modseq, context)
        end = name.find("/", end + 1)


def _rename_inbox(db: Database, value: RenameMailbox, context: Context) -> Done:
    """INBOX's letters move to the new mailbox, INBOX stays and is empty; its inferiors stay too."""
    account, name = value.account, value.name
    letters = letters_in(db, account, INBOX, ALL_UIDS)
    modseq = next_modseq(db, account, context)
    make_superiors(db, account, name, modseq, context)
    mailbox, _ = make_mailbox(db, account, name, "", modseq, context)
    if letters:
        take_out(db, account, INBOX, letters, modseq, context)
        place_letters(db, account, mailbox, letters, modseq, context)
    return Done(modseq)


def _named(db: Database, account: int, mailbox: int) -> tuple[str, int]:
    row: tuple[str, int] | None = db.execute(
        "SELECT name, selectable FROM mailbox WHERE account=? AND id=?", (account, mailbox)
    ).get
    if row is None:
        raise StoreFailure(Why.NO_MAILBOX, f"account {account} has no mailbox {mailbox}")
    return row
