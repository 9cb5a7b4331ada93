"""SELECT, EXAMINE, CLOSE and UNSELECT: into a mailbox and out of it. RFC 3501 6.3.1, 6.4.2, 3691,
7162 3.1.2

Nothing here looks at letters: the figures stand in the mailbox's row, UIDs are read when they are
first needed.
"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap.failures import NO_MAILBOX, NOT_SELECTABLE
from posthouse.read.imap.lists import mailbox_id
from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.names import kept_name
from posthouse.read.imap.news import claim_recent
from posthouse.read.imap.resync import catch_up
from posthouse.read.imap.view import View
from posthouse.store import values
from posthouse.store.contract import Condition, Mailbox, Store
from posthouse.store.values import SEEN
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    CLOSED,
    READ_ONLY,
    READ_WRITE,
    Bad,
    Done,
    Ok,
    code_highestmodseq,
    code_mailboxid,
    code_permanentflags,
    code_uidnext,
    code_uidvalidity,
    code_unseen,
    exists_line,
    flags_line,
    list_line,
    recent_line,
    untagged_ok,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

UNSEEN_LOOKED_AT_MAX: Final = 1000
"""UNSEEN is told for mailboxes up to this size, or when it is obvious; a client may not need it.
RFC 3501 7.1"""
_NEEDS_QRESYNC: Final = Bad("The parameter QRESYNC comes after ENABLE QRESYNC")
_CLOSED: Final = untagged_ok("The mailbox before is closed", CLOSED)


async def select(visit: "ImapVisit", question: commands.Select) -> Done:
    """SELECT, EXAMINE."""
    store = visit.house.store
    if question.qresync is not None and not visit.qresync:
        return _NEEDS_QRESYNC  # RFC 7162 3.2.5
    if visit.view is not None:
        visit.leave()
        if visit.hears_closed:
            visit.core.untagged(_CLOSED)  # RFC 7162 3.2.11
    if question.condstore or question.qresync is not None:
        turn_on_condstore(visit)
    box = await store.mailbox_by_name(visit.account, kept_name(question.mailbox))
    if box is None:
        return NO_MAILBOX
    if not box.selectable:
        return NOT_SELECTABLE
    opened = await open_view(
        store, visit.account, box.id, read_only=question.examine, recent=not visit.rev2
    )
    if opened is None:
        return NO_MAILBOX
    view, row = opened
    visit.enter(view)
    await _describe(visit, view, row)
    if visit.rev2:
        old = question.mailbox if question.mailbox != row.name else ""
        visit.core.untagged(list_line((), row.name, old_name=old, utf8=visit.core.utf8))
    if question.qresync is not None:
        await catch_up(visit, view, question.qresync)
    if view.read_only:
        return Ok("Examined, for reading only", READ_ONLY)
    return Ok("Selected", READ_WRITE)


async def open_view(
    store: Store, account: int, mailbox: int, *, read_only: bool, recent: bool = True
) -> tuple[View, Mailbox] | None:
    """A view of the mailbox as it is at one moment, and the row of that moment; None: it is
    gone. `recent`: the client wants to know of \\Recent."""
    claimed: values.Claimed | None = None
    if recent and not read_only:
        box = await store.mailbox(account, mailbox)
        if box is not None and box.first_recent < box.uidnext:
            claimed = await claim_recent(store, account, mailbox)
    while True:
        # In this order, and again if the row is the younger one: `news` looks for all that was
        # committed after the account's MODSEQ, and nothing younger may be in the row already.
        owner = await store.account(account)
        row = await store.mailbox(account, mailbox)
        if owner is None or row is None or not row.selectable:
            return None
        if row.highest_modseq <= owner.modseq:
            break
    view = View(account, row, owner.modseq, read_only=read_only)
    if not recent:
        view.tell_no_recent()
        return view, row
    if claimed is None and read_only:
        claimed = values.Claimed(row.first_recent, row.uidnext)
    if claimed is not None and claimed.first_uid < claimed.next_uid:
        view.recent = ((claimed.first_uid, claimed.next_uid - 1),)
    if not read_only:
        view.claimed = claimed.next_uid if claimed is not None else row.first_recent
    return view, row


async def _describe(visit: "ImapVisit", view: View, box: Mailbox) -> None:
    """All that RFC 3501 6.3.1 wants to be told."""
    store = visit.house.store
    words = await store.keywords(view.account, view.mailbox)
    view.keywords = frozenset(words)
    keywords = " ".join(words)
    if view.recent:
        await view.load(store)
        view.recent_told = view.recent_count()
    bits = 0 if view.read_only else values.SYSTEM_FLAGS
    kept = code_permanentflags(
        "" if view.read_only else keywords, new_keywords=not view.read_only, bits=bits
    )
    lines = [
        flags_line(keywords),
        untagged_ok("Nothing is kept" if view.read_only else "These are kept", kept),
        exists_line(view.count),
        b"" if visit.rev2 else recent_line(view.recent_told),  # RFC 9051 E 6
        untagged_ok("UIDs are valid", code_uidvalidity(view.uidvalidity)),
        untagged_ok("Next UID", code_uidnext(view.uidnext)),
        untagged_ok("Highest", code_highestmodseq(view.highest)),
    ]
    unseen = 0 if visit.rev2 else await _first_unseen(store, view, box)  # RFC 9051 E 12
    if unseen:
        lines.append(untagged_ok("First unseen", code_unseen(unseen)))
    if "OBJECTID" in visit.house.offer.extensions:
        lines.append(untagged_ok("Mailbox id", code_mailboxid(mailbox_id(view.mailbox))))
    visit.core.untagged(b"".join(lines))


async def _first_unseen(store: Store, view: View, box: Mailbox) -> int:
    """The number of the first unseen message; 0 where there is none or it would cost much."""
    if not box.unseen:
        return 0
    if box.unseen == box.messages:
        return 1
    if box.messages > UNSEEN_LOOKED_AT_MAX:
        return 0
    await view.load(store)
    async for piece in store.find(
        view.account, view.mailbox, view.known, (Condition("flags", "bits_off", SEEN),)
    ):
        for uid in piece:
            number = view.number_of(uid)
            if number:
                return number
    return 0


async def close(visit: "ImapVisit", question: commands.Close) -> Done:  # noqa: ARG001
    """CLOSE: what is marked deleted goes, silently; EXAMINEd mailboxes keep it. RFC 3501 6.4.2"""
    view, store = visit.selected, visit.house.store
    if not view.read_only:
        box = await store.mailbox(view.account, view.mailbox)
        if box is not None and box.deleted:
            await store.commit(values.Expunge(view.account, view.mailbox))
    visit.leave()
    return Ok("Closed")


async def unselect(visit: "ImapVisit", question: commands.Unselect) -> Done:  # noqa: ARG001
    """UNSELECT: out of the mailbox, nothing goes."""
    visit.leave()
    return Ok("Unselected")
