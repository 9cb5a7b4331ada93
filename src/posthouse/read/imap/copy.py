"""COPY, MOVE and their UID forms. RFC 3501 6.4.7, 6851, 4315 3"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap.expunge import forget, highest_code
from posthouse.read.imap.failures import NO_TARGET, refused_target
from posthouse.read.imap.names import kept_name
from posthouse.read.imap.store_flags import READ_ONLY
from posthouse.read.imap.view import uids_in
from posthouse.store import values
from posthouse.store.contract import Mailbox, StoreFailure
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import EXPUNGEISSUED, Done, No, Ok, code_copyuid, untagged_ok

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_NOTHING: Final = Ok("There was nothing to copy")
_GONE: Final = No("These messages were just deleted", EXPUNGEISSUED)


async def copy(visit: "ImapVisit", question: commands.Copy) -> Done:
    """COPY, UID COPY: all or nothing."""
    return await _transfer(visit, question, is_move=False)


async def move(visit: "ImapVisit", question: commands.Move) -> Done:
    """MOVE, UID MOVE: they are there and no more here, in one step."""
    if visit.selected.read_only:
        return READ_ONLY
    return await _transfer(visit, question, is_move=True)


async def _transfer(
    visit: "ImapVisit", question: commands.Copy | commands.Move, *, is_move: bool
) -> Done:
    view, store = visit.selected, visit.house.store
    chosen = await view.chosen(store, question.numbers, uid=question.uid)
    target = await target_of(visit, question.mailbox)
    if target is None:
        return NO_TARGET
    if not chosen:
        return _NOTHING
    if is_move and target.id == view.mailbox:
        return No("The messages are in this mailbox already")
    kind = values.Move if is_move else values.Copy
    try:
        (result,) = await store.commit(kind(view.account, view.mailbox, chosen, target.id))
    except StoreFailure as failure:
        return refused_target(failure, visit.house.log)
    assert isinstance(result, values.Copied)
    if not result.from_uids:
        return _NOTHING if question.uid else _GONE
    code = code_copyuid(result.uidvalidity, uids_in(result.from_uids), uids_in(result.to_uids))
    if not is_move:
        if target.id == view.mailbox:
            view.hear(result.modseq)
        else:
            view.did_elsewhere(result.modseq)
        return Ok("Copied", code)
    # RFC 6851 4.3: COPYUID comes before the EXPUNGEs, that the client can still use the old
    # numbers.
    visit.core.untagged(untagged_ok("Moved", code))
    await forget(visit, view, result.from_uids)
    view.did(result.modseq)
    return Ok("Moved", await highest_code(visit, view, result.modseq))


async def target_of(visit: "ImapVisit", name: str) -> Mailbox | None:
    """The mailbox that letters shall go to, if it can hold any."""
    box = await visit.house.store.mailbox_by_name(visit.account, kept_name(name))
    return box if box is not None and box.selectable else None
