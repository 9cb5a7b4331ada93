"""STORE and UID STORE. RFC 3501 6.4.6, 7162 3.1.3

The client hears what the flags are now, not what it asked for: another session may have been
faster.
"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap import news
from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.ports import breathe
from posthouse.read.imap.view import View, numbers_in
from posthouse.store.values import FlagChange, FlagsSet, Ranges, SetFlags
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import (
    EXPUNGEISSUED,
    Done,
    No,
    Ok,
    code_modified,
    fetch_flags_line,
    fetch_modseq_line,
    flag_list,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

READ_ONLY: Final = No("The mailbox is open for reading only")
_CHANGES: Final = {
    "replace": FlagChange.REPLACE,
    "add": FlagChange.ADD,
    "remove": FlagChange.REMOVE,
}
_DONE: Final = Ok("Stored")
_SOME_GONE: Final = No("Some of these messages were just deleted", EXPUNGEISSUED)


async def store(visit: "ImapVisit", question: commands.Store) -> Done:
    """STORE, UID STORE."""
    view, kept = visit.selected, visit.house.store
    if view.read_only:
        return READ_ONLY
    chosen = await view.chosen(kept, question.numbers, uid=question.uid)
    if question.unchanged_since is not None:
        turn_on_condstore(visit)
    if not chosen:
        return _DONE
    change = SetFlags(
        view.account,
        view.mailbox,
        chosen,
        _CHANGES[question.action],
        question.flags.bits,
        question.flags.keywords,
        -1 if question.unchanged_since is None else question.unchanged_since,
    )
    (result,) = await kept.commit(change)
    assert isinstance(result, FlagsSet)
    followed = result.modseq in (0, view.synced + 1)
    view.did(result.modseq)
    if result.changed and not view.keywords.issuperset(question.flags.keywords.split()):
        await news.tell_keywords(visit, view)
    told = await _tell(visit, view, question, chosen, result, followed=followed)
    return await _answer(view, question, chosen, result, told)


async def _tell(
    visit: "ImapVisit",
    view: View,
    question: commands.Store,
    chosen: Ranges,
    result: FlagsSet,
    *,
    followed: bool,
) -> int:
    """FETCH data. With .SILENT only what the client cannot know; gives how many messages there
    are."""
    store = visit.house.store
    only_modseq = question.silent
    if question.silent and not followed:
        # Others changed the account just before us, maybe these messages: then silence would hide
        # it.
        only_modseq = False
    elif question.silent and not visit.condstore:
        return -1
    await view.load(store)
    with_modseq, core = visit.condstore, visit.core
    told = 0
    wanted = result.changed if question.silent else chosen
    async for rows in store.letters(
        view.account, view.mailbox, wanted, ("uid", "flags", "keywords", "modseq")
    ):
        if told:
            await breathe(visit.line)
        lines = []
        numbers = view.numbers_of([row[0] for row in rows])
        for number, (uid, bits, keywords, modseq) in zip(numbers, rows, strict=True):
            named = uid if question.uid or visit.names_uids else None
            if only_modseq:
                lines.append(fetch_modseq_line(number, named, modseq))
            else:
                flags = flag_list(bits, keywords, recent=view.is_recent(uid))
                lines.append(
                    fetch_flags_line(number, named, flags, modseq if with_modseq else None)
                )
        told += len(rows)
        core.untagged(b"".join(lines))
    return -1 if question.silent else told


async def _answer(
    view: View, question: commands.Store, chosen: Ranges, result: FlagsSet, told: int
) -> Done:
    if result.modified:
        # RFC 7162 3.1.3: UIDs for UID STORE, message numbers for STORE.
        uids = list(numbers_in(result.modified))
        numbers = uids if question.uid else [n for n in map(view.number_of, uids) if n]
        return Ok("Some messages were changed before", code_modified(numbers))
    if told >= 0 and not question.uid:
        wanted = sum([end - start for start, end in sets.spans(list(chosen), view.uids)])
        if told < wanted:
            return _SOME_GONE
    return _DONE
