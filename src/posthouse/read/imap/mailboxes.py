"""Making, removing, renaming and subscribing mailboxes. RFC 3501 6.3.3 to 6.3.7, 2342, 6154 5.3"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap.failures import NO_MAILBOX
from posthouse.read.imap.lists import mailbox_id
from posthouse.read.imap.names import kept_name, trouble
from posthouse.store import values
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    CANNOT,
    CLOSED,
    USEATTR,
    Done,
    No,
    Ok,
    code_mailboxid,
    list_line,
    namespace_line,
    untagged_ok,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

SPECIAL_USES: Final = {
    name.lower(): name for name in ("\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash")
}
"""RFC 6154 2. \\All and \\Flagged are no mailboxes of their own here."""


async def namespace(visit: "ImapVisit", question: commands.Namespace) -> Done:  # noqa: ARG001
    """NAMESPACE: there is one, the person's own."""
    visit.core.untagged(namespace_line())
    return Ok("That is all")


async def create(visit: "ImapVisit", question: commands.Create) -> Done:
    """CREATE. A trailing "/" says that more will be made below, which needs nothing here."""
    name = kept_name(question.mailbox)
    reason = trouble(name)
    if reason is not None:
        return No(reason, CANNOT)
    use = ""
    if question.uses:
        use = SPECIAL_USES.get(question.uses[0].lower(), "")
        if not use or len(question.uses) > 1:
            uses = " ".join(SPECIAL_USES.values())
            return No(f"A mailbox can have one special use of {uses}", USEATTR)
    (made,) = await visit.house.store.commit(values.CreateMailbox(visit.account, name, use))
    assert isinstance(made, values.Created)
    _tell_name(visit, name, question.mailbox.removesuffix("/"))
    if "OBJECTID" in visit.house.offer.extensions:
        return Ok("Created", code_mailboxid(mailbox_id(made.mailbox)))
    return Ok("Created")


async def delete(visit: "ImapVisit", question: commands.Delete) -> Done:
    """DELETE. Who deletes the mailbox that is selected is in none afterwards."""
    store = visit.house.store
    box = await store.mailbox_by_name(visit.account, kept_name(question.mailbox))
    if box is None:
        return NO_MAILBOX
    await store.commit(values.DeleteMailbox(visit.account, box.id))
    if visit.view is not None and visit.view.mailbox == box.id:
        visit.leave()
        visit.core.set_state(selected=False)
        visit.core.untagged(untagged_ok("The selected mailbox was deleted", CLOSED))
    return Ok("Deleted")


async def rename(visit: "ImapVisit", question: commands.Rename) -> Done:
    """RENAME. INBOX stays and gives its messages away; that comes as EXPUNGE to those who are in
    it."""
    store = visit.house.store
    name = kept_name(question.to)
    reason = trouble(name)
    if reason is not None:
        return No(reason, CANNOT)
    box = await store.mailbox_by_name(visit.account, kept_name(question.mailbox))
    if box is None:
        return NO_MAILBOX
    (done,) = await store.commit(values.RenameMailbox(visit.account, box.id, name))
    if visit.view is not None and isinstance(done, values.Done):
        visit.view.hear(done.modseq)
    _tell_name(visit, name, question.to.removesuffix("/"))
    return Ok("Renamed")


def _tell_name(visit: "ImapVisit", name: str, written: str) -> None:
    """The mailbox is called otherwise than the client wrote it. RFC 9051 6.3.4"""
    if visit.rev2 and name != written:
        visit.core.untagged(list_line((), name, old_name=written, utf8=visit.core.utf8))


async def subscribe(visit: "ImapVisit", question: commands.Subscribe) -> Done:
    """SUBSCRIBE: the name need not exist, so that a mailbox can be made later. RFC 3501 6.3.6"""
    name = kept_name(question.mailbox)
    reason = trouble(name)
    if reason is not None:
        return No(reason, CANNOT)
    await visit.house.store.commit(values.Subscribe(visit.account, name, True))
    return Ok("Subscribed")


async def unsubscribe(visit: "ImapVisit", question: commands.Unsubscribe) -> Done:
    """UNSUBSCRIBE: also of names that are not subscribed, nobody is harmed."""
    name = kept_name(question.mailbox)
    await visit.house.store.commit(values.Subscribe(visit.account, name, False))
    return Ok("Unsubscribed")
