"""New letters: Deliver, Append, and who is told that they are recent.

The way of every letter into the database, so few statements: account, thread, email, mailbox,
placement, body. What can fail is asked before the first write, so that a unit that fails seldom
needs to be taken back.
"""

from typing import Final

from posthouse.mail.rendered import Rendered
from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.context import UINT32_MAX, Context
from posthouse.store.sqlite.database import Database
from posthouse.store.values import (
    DELETED,
    INBOX,
    SEEN,
    Append,
    Appended,
    AppendLetter,
    Claimed,
    ClaimRecent,
    Deliver,
    Delivered,
    NewBody,
    Place,
    Placed,
    Why,
)

KEY_SHIFT: Final = 40
"""email.key = account << KEY_SHIFT | number."""

# The quota is part of the condition: no row means that nothing was written.
_ENTER_ACCOUNT: Final = (
    "UPDATE account SET modseq=modseq+1, email=email+?, letters=letters+?, octets=octets+?"
    " WHERE id=? AND address NOT NULL AND (quota_octets=0 OR octets+?<=quota_octets)"
    " AND (quota_letters=0 OR letters+?<=quota_letters)"
    " RETURNING modseq, email"
)
_ENTER_MAILBOX: Final = (
    "UPDATE mailbox SET uidnext=uidnext+?, messages=messages+?, unseen=unseen+?,"
    " deleted=deleted+?, octets=octets+?, highest_modseq=?"
    " WHERE account=? AND id=? AND selectable RETURNING uidnext, uidvalidity"
)
_PLACE: Final = "INSERT INTO placement VALUES (?,?,?,?,?,?,?,?,?)"
_BODY: Final = (
    "INSERT INTO body (id, digest, size, octets) VALUES (?,?,?,?) ON CONFLICT (id) DO NOTHING"
)
_EMAIL: Final = (
    "INSERT INTO email (key, thread, body, size, received, render_version, header_octets, sent,"
    " sent_day, is_reply, has_attachment, from_key, to_key, cc_key, subject_key, from_text,"
    ' to_text, cc_text, bcc_text, subject_text, subject, message_id, "references", preview,'
    " envelope, bodystructure, parts)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_JOIN_THREAD: Final = (
    "INSERT INTO thread_key VALUES (?,?,?) ON CONFLICT DO UPDATE SET thread=thread RETURNING thread"
)


def deliver(db: Database, value: Deliver, context: Context) -> Delivered:
    """One email row an account, one placement a place; the body once for all."""
    body = value.body
    by_account: dict[int, list[int]] = {}
    for index, place in enumerate(value.places):
        by_account.setdefault(place.account, []).append(index)
    columns = _email_columns(body, value.rendered, value.received)
    found: list[Placed | None] = [None] * len(value.places)
    for account, indexes in by_account.items():
        copies = len(indexes)
        modseq, number = enter_account(
            db, account, emails=1, letters=copies, octets=copies * body.size, context=context
        )
        _keep_email(db, account, number, value.rendered, columns)
        for index in indexes:
            found[index] = _place(db, value.places[index], number, modseq, body.size, context)
    db.execute(_BODY, (body.id, body.digest, body.size, body.octets))
    places = tuple(placed for placed in found if placed is not None)
    assert len(places) == len(value.places)
    return Delivered(places)


def append(db: Database, value: Append, context: Context) -> Appended:
    """All letters get one MODSEQ and consecutive UIDs. RFC 3502"""
    account, mailbox, letters = value.account, value.mailbox, value.letters
    require_mailbox(db, account, mailbox)
    total = sum(letter.body.size for letter in letters)
    count = len(letters)
    modseq, last_number = enter_account(
        db, account, emails=count, letters=count, octets=total, context=context
    )
    uidvalidity, first = place_new(
        db, account, mailbox, letters, modseq, last_number - count + 1, context
    )
    return Appended(uidvalidity, first, first + count - 1, modseq)


def place_new(
    db: Database,
    account: int,
    mailbox: int,
    letters: tuple[AppendLetter, ...],
    modseq: int,
    number: int,
    context: Context,
) -> tuple[int, int]:
    """Letters that are new in the account, with email numbers from `number` on: UIDVALIDITY and
    the first UID."""
    count = len(letters)
    entered = db.execute(
        _ENTER_MAILBOX,
        (
            count,
            count,
            sum(1 for letter in letters if not letter.flags & SEEN),
            sum(1 for letter in letters if letter.flags & DELETED),
            sum(letter.body.size for letter in letters),
            modseq,
            account,
            mailbox,
        ),
    ).get
    uidnext, uidvalidity = entered
    check_uids(uidnext)
    uid = uidnext - count
    for letter in letters:
        columns = _email_columns(letter.body, letter.rendered, letter.received)
        _keep_email(db, account, number, letter.rendered, columns)
        row = (account, mailbox, uid, number, modseq, letter.flags, in_order(letter.keywords))
        db.execute(_PLACE, (*row, context.now, modseq))
        body = letter.body
        db.execute(_BODY, (body.id, body.digest, body.size, body.octets))
        uid += 1
        number += 1
    add_keywords(db, account, mailbox, {letter.keywords for letter in letters})
    return uidvalidity, uidnext - count


def claim_recent(db: Database, value: ClaimRecent, context: Context) -> Claimed:
    """Writes nothing when nothing is recent, so that a SELECT costs no sync."""
    del context  # tells nobody: \\Recent is between a session and the mailbox
    row = db.execute(
        "SELECT first_recent, uidnext FROM mailbox WHERE account=? AND id=? AND selectable",
        (value.account, value.mailbox),
    ).get
    if row is None:
        raise StoreFailure(Why.NO_MAILBOX, f"no mailbox {value.mailbox}")
    first, uidnext = row
    if first < uidnext:
        db.execute(
            "UPDATE mailbox SET first_recent=uidnext WHERE account=? AND id=?",
            (value.account, value.mailbox),
        )
    return Claimed(first, uidnext)


def enter_account(
    db: Database, account: int, *, emails: int, letters: int, octets: int, context: Context
) -> tuple[int, int]:
    """Takes MODSEQ, email numbers and room in the quota: (MODSEQ, last number). Fails: GONE,
    OVER_QUOTA.
    """
    entered: tuple[int, int] | None = db.execute(
        _ENTER_ACCOUNT, (emails, letters, octets, account, octets, letters)
    ).get
    if entered is None:
        exists = db.execute("SELECT 1 FROM account WHERE id=? AND address NOT NULL", (account,)).get
        if exists is None:
            raise StoreFailure(Why.GONE, f"no account {account}")
        text = f"account {account} has no room for {letters} letters of {octets} octets"
        raise StoreFailure(Why.OVER_QUOTA, text)
    context.touched[account] = entered[0]
    return entered


def require_mailbox(db: Database, account: int, mailbox: int) -> tuple[int, int]:
    """UIDVALIDITY and HIGHESTMODSEQ of a mailbox that can be selected. Fails: NO_MAILBOX."""
    row: tuple[int, int] | None = db.execute(
        "SELECT uidvalidity, highest_modseq FROM mailbox WHERE account=? AND id=? AND selectable",
        (account, mailbox),
    ).get
    if row is None:
        raise StoreFailure(Why.NO_MAILBOX, f"account {account} has no mailbox {mailbox}")
    return row


def check_uids(uidnext: int) -> None:
    """UIDs end at 2**32 - 1. RFC 3501 2.3.1.1"""
    if uidnext - 1 > UINT32_MAX:
        raise StoreFailure(Why.LIMIT, "the mailbox has used up its UIDs")


def in_order(keywords: str) -> str:
    """The words sorted, as they are kept."""
    return " ".join(sorted(keywords.split())) if " " in keywords else keywords


def add_keywords(db: Database, account: int, mailbox: int, used: set[str]) -> None:
    """The mailbox remembers every keyword that its letters had."""
    words = {word for keywords in used for word in keywords.split()}
    if not words:
        return
    known: str = db.execute(
        "SELECT keywords FROM mailbox WHERE account=? AND id=?", (account, mailbox)
    ).get
    folded = {word.lower() for word in known.split()}
    new = {word.lower(): word for word in sorted(words) if word.lower() not in folded}
    if new:
        joined = " ".join(sorted([*known.split(), *new.values()]))
        db.execute(
            "UPDATE mailbox SET keywords=? WHERE account=? AND id=?", (joined, account, mailbox)
        )


def _place(
    db: Database, place: Place, number: int, modseq: int, octets: int, context: Context
) -> Placed:
    account, mailbox, flags = place.account, place.mailbox, place.flags
    unseen, deleted = 0 if flags & SEEN else 1, 1 if flags & DELETED else 0
    entered = db.execute(
        _ENTER_MAILBOX, (1, 1, unseen, deleted, octets, modseq, account, mailbox)
    ).get
    if entered is None:  # gone while the letter was on its way
        mailbox = INBOX
        entered = db.execute(
            _ENTER_MAILBOX, (1, 1, unseen, deleted, octets, modseq, account, mailbox)
        ).get
        assert entered is not None, "an account has an INBOX"
    uidnext = entered[0]
    check_uids(uidnext)
    uid = uidnext - 1
    keywords = in_order(place.keywords)
    db.execute(
        _PLACE, (account, mailbox, uid, number, modseq, flags, keywords, context.now, modseq)
    )
    if keywords:
        add_keywords(db, account, mailbox, {keywords})
    return Placed(account, mailbox, uid, modseq, number)


def _keep_email(
    db: Database, account: int, number: int, rendered: Rendered, columns: tuple[object, ...]
) -> None:
    thread = _thread(db, account, rendered.thread_keys, number)
    db.execute(_EMAIL, (account << KEY_SHIFT | number, thread, *columns))


def _thread(db: Database, account: int, hashes: tuple[int, ...], number: int) -> int:
    """The thread that the first known hash leads to, else a new one named after the letter."""
    if len(hashes) == 1:
        joined: int = db.execute(_JOIN_THREAD, (account, hashes[0], number)).get
        return joined
    if not hashes:
        return number
    marks = ",".join("?" * len(hashes))
    known: dict[int, int] = dict(
        db.execute(
            f"SELECT hash, thread FROM thread_key WHERE account=? AND hash IN ({marks})",
            (account, *hashes),
        ).fetchall()
    )
    thread = next((known[found] for found in hashes if found in known), number)
    if len(known) == len(hashes):
        return thread
    db.executemany(
        "INSERT OR IGNORE INTO thread_key VALUES (?,?,?)",
        [(account, found, thread) for found in hashes],
    )
    return thread


def _email_columns(body: NewBody, rendered: Rendered, received: int) -> tuple[object, ...]:
    r = rendered
    return (
        body.id,
        body.size,
        received,
        r.version,
        r.header_octets,
        r.sent,
        r.sent_day,
        r.is_reply,
        r.has_attachment,
        r.from_key,
        r.to_key,
        r.cc_key,
        r.subject_key,
        r.from_text,
        r.to_text,
        r.cc_text,
        r.bcc_text,
        r.subject_text,
        r.subject,
        r.message_id,
        " ".join(r.references),
        r.preview,
        r.envelope,
        r.bodystructure,
        r.parts,
    )
