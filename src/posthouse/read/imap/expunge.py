"""EXPUNGE and UID EXPUNGE. RFC 3501 6.4.3, 4315 2.1"""

from typing import TYPE_CHECKING

from posthouse.read.imap.store_flags import READ_ONLY
from posthouse.read.imap.view import View
from posthouse.store import values
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import Done, Ok, code_highestmodseq, expunge_line

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit


async def expunge(visit: "ImapVisit", question: commands.Expunge) -> Done:
    """What is marked deleted goes for good, also what the client has not heard of yet."""
    view, store = visit.selected, visit.house.store
    if view.read_only:
        return READ_ONLY
    uids = None
    if question.uids is not None:
        uids = await view.chosen(store, question.uids, uid=True)
        if not uids:
            return Ok("Nothing to expunge")
    (result,) = await store.commit(values.Expunge(view.account, view.mailbox, uids))
    assert isinstance(result, values.Expunged)
    followed = result.modseq == view.synced + 1
    await forget(visit, view, result.uids)
    view.did(result.modseq)
    if followed and visit.condstore:
        # Only when there is nothing between that the client has not heard of. RFC 7162 3.2.7
        return Ok("Expunged", code_highestmodseq(result.modseq))
    return Ok("Expunged")


async def forget(visit: "ImapVisit", view: View, uids: values.Ranges) -> None:
    """Tells that these messages are gone, by this session's own doing."""
    if not uids:
        return
    await view.load(visit.house.store)
    numbers = view.forget(uids)
    visit.core.untagged(b"".join([expunge_line(number) for number in reversed(numbers)]))
