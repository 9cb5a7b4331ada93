"""EXPUNGE and UID EXPUNGE. RFC 3501 6.4.3, 4315 2.1"""

from typing import TYPE_CHECKING

from posthouse.read.imap import news
from posthouse.read.imap.store_flags import READ_ONLY
from posthouse.read.imap.view import View
from posthouse.store import values
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import Done, Ok, code_highestmodseq

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
    await forget(visit, view, result.uids)
    view.did(result.modseq)
    return Ok("Expunged", await highest_code(visit, view, result.modseq))


async def forget(visit: "ImapVisit", view: View, uids: values.Ranges) -> None:
    """Tells that these messages are gone, by this session's own doing."""
    if not uids:
        return
    await view.load(visit.house.store)
    news.tell_gone(visit, view, uids)


async def highest_code(visit: "ImapVisit", view: View, modseq: int) -> bytes | None:
    """HIGHESTMODSEQ after messages were removed as `modseq`; 0: none was. RFC 7162 3.2.7"""
    if not modseq or not visit.condstore:
        return None
    if view.synced < modseq:
        # Others changed the account in between: a client that keeps the number must have heard it.
        await news.tell(visit, view, expunge=True)
    return code_highestmodseq(view.highest)
