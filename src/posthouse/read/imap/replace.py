"""REPLACE and UID REPLACE: a letter comes and the message it stands for goes, in one step. RFC 8508

A draft is saved again this way without a moment in which there are two of it, or none.
"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap import append
from posthouse.read.imap.copy import target_of
from posthouse.read.imap.expunge import forget, highest_code
from posthouse.read.imap.failures import NO_TARGET
from posthouse.read.imap.store_flags import READ_ONLY
from posthouse.read.imap.view import NoSuchMessage, View
from posthouse.store import values
from posthouse.store.contract import Mailbox
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    NONEXISTENT,
    Done,
    No,
    Ok,
    code_appenduid,
    exists_line,
    untagged_ok,
)
from posthouse.wire.imap.sets import STAR

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_NO_SUCH_UID: Final = No("There is no message with this UID", NONEXISTENT)


async def offered(visit: "ImapVisit", question: commands.ReplaceOffered) -> Done | None:
    """A letter is announced: is there what it shall replace, and room for it?"""
    await append.aborted(visit, None)
    view, store = visit.selected, visit.house.store
    if view.read_only:
        return READ_ONLY
    uid = await _uid(visit, view, question)
    if not uid:
        return _NO_SUCH_UID
    freed = 0
    async for rows in store.letters(view.account, view.mailbox, ((uid, uid),), ("size",)):
        freed = rows[0][0]
    visit.upload = append.Upload()
    return await append.prepare(visit, visit.upload, question.mailbox, question.octets, freed=freed)


async def replace(visit: "ImapVisit", question: commands.Replace) -> Done:
    """All octets are here. Durable when Ok is answered."""
    view = visit.selected
    uid = await _uid(visit, view, question)
    box = await target_of(visit, question.mailbox)
    if not uid or box is None:
        return append.failed(visit, _NO_SUCH_UID if not uid else NO_TARGET)
    mailbox = box.id
    result = await append.keep(
        visit,
        (question.letter,),
        lambda letters: values.Replace(view.account, view.mailbox, uid, mailbox, *letters),
    )
    if isinstance(result, No):
        return result
    assert isinstance(result, values.Replaced)
    # RFC 8508 3.5: where the new one is, that it is there, and that the old one is not
    code = code_appenduid(result.uidvalidity, (result.uid,))
    visit.core.untagged(untagged_ok("The replacement is kept", code))
    await _take_in(visit, view, box)
    await forget(visit, view, ((uid, uid),))
    view.did(result.modseq)
    return Ok("Replaced", await highest_code(visit, view, result.modseq))


async def _uid(
    visit: "ImapVisit", view: View, asked: commands.Replace | commands.ReplaceOffered
) -> int:
    """The UID of the message that goes; 0: no message has the UID that was named. Raises
    NoSuchMessage for a number that is none."""
    uids = await view.load(visit.house.store)
    if asked.uid:
        return asked.number if view.number_of(asked.number) else 0
    number = len(uids) if asked.number == STAR else asked.number
    if not 1 <= number <= len(uids):
        raise NoSuchMessage
    return uids[number - 1]


async def _take_in(visit: "ImapVisit", view: View, box: Mailbox) -> None:
    """The new letter, where it came into the selected mailbox, and others that came before it."""
    if box.id != view.mailbox:
        return
    row = await visit.house.store.mailbox(view.account, view.mailbox)
    if row is not None and await view.grow(visit.house.store, row.uidnext):
        visit.core.untagged(exists_line(view.count))
