"""Tells a session what others did to its mailbox: EXISTS, RECENT, FETCH, EXPUNGE. RFC 3501 5.2,
7.4.1

A word from the store only marks the view. The store is looked at when a command ends, and at the
next turn of the loop while the client idles, however many words came until then.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posthouse.read.imap.ports import breathe
from posthouse.read.imap.view import NOTHING, MailboxLost, View
from posthouse.store.contract import Changes, Field, Mailbox, Store, StoreFailure
from posthouse.store.values import Claimed, ClaimRecent, Range, Ranges, Why
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    exists_line,
    expunge_line,
    fetch_flags_line,
    flag_list,
    flags_line,
    recent_line,
    vanished_line,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_ASKS_ALWAYS: Final = (commands.Noop, commands.Check, commands.IdleStarted, commands.IdleEnded)
_FLAG_FIELDS: Final[tuple[Field, ...]] = ("uid", "flags", "keywords", "modseq")
_NUMBERED: Final = (
    commands.Fetch,
    commands.Store,
    commands.Search,
    commands.Sort,
    commands.Thread,
    commands.ReplaceOffered,
)


async def tell_after(visit: "ImapVisit", view: View, question: object) -> None:
    """At the end of a command: what has changed, if it is worth looking."""
    # RFC 3501 7.4.1: no EXPUNGE while the client counts on the numbers it just used.
    expunge = not (isinstance(question, _NUMBERED) and not question.uid)
    if view.is_behind or isinstance(question, _ASKS_ALWAYS):
        await tell(visit, view, expunge=expunge)
    if view.claimed < view.uidnext and not view.read_only:
        await _claim(visit, view)
    if view.recent:
        await view.load(visit.house.store)
        recent = view.recent_count()
        if recent != view.recent_told:
            view.recent_told = recent
            visit.core.untagged(recent_line(recent))


async def tell(visit: "ImapVisit", view: View, *, expunge: bool) -> None:
    """Brings the view up to date and says what is new. Raises MailboxLost."""
    store = visit.house.store
    account = await store.account(view.account)
    if account is None or not account.enabled:
        raise MailboxLost("This account is not there any more")
    box = await store.mailbox(view.account, view.mailbox)
    if box is None or not box.selectable or box.uidvalidity != view.uidvalidity:
        raise MailboxLost("The selected mailbox was deleted")
    if box.highest_modseq > view.synced:
        await _take_in(visit, view, box, expunge=expunge)
    elif expunge and view.gone:
        _expunge(visit, view, NOTHING)
    # Read before everything else: what was committed meanwhile is looked at again next time.
    view.synced = max(view.synced, account.modseq)
    view.own = frozenset(modseq for modseq in view.own if modseq > view.synced)
    view.noticed = max(view.noticed, view.synced) if view.own else view.synced


async def _take_in(visit: "ImapVisit", view: View, box: Mailbox, *, expunge: bool) -> None:
    store = visit.house.store
    changes = await store.changes(view.account, view.mailbox, view.synced)
    if changes is None:
        changes = await _compare(store, view)
    known = view.uidnext
    if changes.vanished or changes.flags:
        await view.load(store)
    vanished = _below(changes.vanished, known)
    if vanished:
        if expunge:
            _expunge(visit, view, vanished)
        else:
            view.gone = _merged(view.gone, vanished)
    elif expunge and view.gone:
        _expunge(visit, view, NOTHING)
    if box.uidnext > known and await view.grow(store, box.uidnext):
        visit.core.untagged(exists_line(view.count))
    await _tell_flags(visit, view, _below(changes.flags, known))
    view.highest = max(view.highest, changes.highest_modseq)


def _expunge(visit: "ImapVisit", view: View, vanished: Ranges) -> None:
    ranges = _merged(view.gone, vanished)
    view.gone = NOTHING
    tell_gone(visit, view, ranges)


def tell_gone(visit: "ImapVisit", view: View, uids: Ranges) -> None:
    """Takes these messages out of the view, whose UIDs are loaded, and tells it."""
    numbers, known = view.forget(uids)
    if not numbers:
        return
    if visit.qresync:
        visit.core.untagged(vanished_line(known, earlier=False))  # RFC 7162 3.2.10
        return
    # From the last one down, so that each number is still the one the client has.
    visit.core.untagged(b"".join([expunge_line(number) for number in reversed(numbers)]))


async def _tell_flags(visit: "ImapVisit", view: View, uids: Ranges) -> None:
    if not uids:
        return
    core = visit.core
    told = 0
    async for rows in visit.house.store.letters(
        view.account, view.mailbox, uids, _FLAG_FIELDS, view.synced
    ):
        if told:
            await breathe(visit.line)
        told += 1
        lines = []
        for uid, bits, keywords, modseq in rows:
            number = view.number_of(uid)
            if not number or modseq in view.own:
                continue
            if keywords and not view.keywords.issuperset(keywords.split()):
                await tell_keywords(visit, view)
            flags = flag_list(bits, keywords, recent=view.is_recent(uid))
            named = uid if visit.names_uids else None
            lines.append(
                fetch_flags_line(number, named, flags, modseq if visit.condstore else None)
            )
        core.untagged(b"".join(lines))


async def tell_keywords(visit: "ImapVisit", view: View) -> tuple[str, ...]:
    """`* FLAGS` with the keywords of the mailbox; before a keyword the client has not heard of."""
    words = await visit.house.store.keywords(view.account, view.mailbox)
    view.keywords = frozenset(words)
    visit.core.untagged(flags_line(" ".join(words)))
    return words


async def _claim(visit: "ImapVisit", view: View) -> None:
    """The letters that came since are \\Recent for us if nobody else was told of them before."""
    store = visit.house.store
    box = await store.mailbox(view.account, view.mailbox)
    if box is None or box.first_recent >= view.uidnext:
        view.claimed = view.uidnext
        return
    await claim(store, view)


async def claim(store: Store, view: View) -> None:
    """Asks that letters are \\Recent for this session only."""
    claimed = await claim_recent(store, view.account, view.mailbox)
    if claimed is None:
        return
    if claimed.first_uid < claimed.next_uid:
        view.recent = _merged(view.recent, ((claimed.first_uid, claimed.next_uid - 1),))
    view.claimed = max(view.claimed, claimed.next_uid)


async def claim_recent(store: Store, account: int, mailbox: int) -> Claimed | None:
    """From now on these are \\Recent for nobody else; durable when this returns. None: nothing can
    be written just now, and mail is read all the same."""
    try:
        (claimed,) = await store.commit(ClaimRecent(account, mailbox))
    except StoreFailure as failure:
        if failure.why in (Why.FULL, Why.AWAY):
            return None
        raise
    assert isinstance(claimed, Claimed)
    return claimed


async def _compare(store: Store, view: View) -> Changes:
    """The log does not reach back: the letters themselves tell what happened."""
    uids = await view.load(store)
    there: list[int] = []
    changed: list[int] = []
    highest = view.highest
    async for rows in store.letters(view.account, view.mailbox, view.known, ("uid", "modseq")):
        for uid, modseq in rows:
            there.append(uid)
            if modseq > view.synced:
                changed.append(uid)
                highest = max(highest, modseq)
    left = sorted(set(uids).difference(there))
    return Changes(highest, _as_ranges(changed), _as_ranges(left))


def _as_ranges(numbers: Sequence[int]) -> Ranges:
    return tuple([(number, number) for number in numbers])


def _below(ranges: Ranges, uidnext: int) -> Ranges:
    """Of these UIDs, those the client may know."""
    return tuple([(first, min(last, uidnext - 1)) for first, last in ranges if first < uidnext])


def _merged(some: Ranges, more: Ranges) -> Ranges:
    """Both, sorted, apart."""
    if not some or not more:
        return some or more
    merged: list[Range] = []
    for first, last in sorted([*some, *more]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
