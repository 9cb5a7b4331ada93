"""What the client hears when the store did not keep a change: one table. RFC 5530"""

from typing import Final

from posthouse.base.errors import Blame, Refusal
from posthouse.base.log import Log
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from posthouse.wire.imap.answers import (
    ALREADYEXISTS,
    AUTHENTICATIONFAILED,
    CANNOT,
    EXPUNGEISSUED,
    HASCHILDREN,
    INUSE,
    LIMIT,
    NONEXISTENT,
    OVERQUOTA,
    SERVERBUG,
    TRYCREATE,
    UNAVAILABLE,
    No,
)

NO_MAILBOX: Final = No("There is no mailbox with this name", NONEXISTENT)
NO_TARGET: Final = No("There is no mailbox with this name, create it first", TRYCREATE)
NOT_SELECTABLE: Final = No("This name holds other mailboxes but no messages", NONEXISTENT)

_ANSWERS: Final[dict[Why, No]] = {
    Why.NO_MAILBOX: NO_MAILBOX,
    Why.EXISTS: No("There is a mailbox with this name already", ALREADYEXISTS),
    Why.HAS_CHILDREN: No("Delete the mailboxes below it first", HASCHILDREN),
    Why.FORBIDDEN: No("This mailbox cannot be changed so", CANNOT),
    Why.OVER_QUOTA: No("No room left in this account, delete something first", OVERQUOTA),
    Why.GONE: No("This account is not there any more", UNAVAILABLE),
    Why.IN_USE: No("Somebody else is using it just now", INUSE),
    Why.NO_DOMAIN: No("This account is not there any more", UNAVAILABLE),
    Why.LIMIT: No("This would be more than the server keeps", LIMIT),
    Why.NO_LETTER: No("This message was just deleted", EXPUNGEISSUED),
    Why.FULL: No("The server has no room just now, please try again later", UNAVAILABLE),
    Why.AWAY: No("The storage is away just now, please try again in a moment", UNAVAILABLE),
    Why.OURS: No("The server failed, please try again later", SERVERBUG),
}


def refused(failure: StoreFailure, log: Log) -> No:
    """The answer; what is not the client's business goes to the log."""
    if failure.why in (Why.FULL, Why.AWAY):
        log.warning("imap.store_refused", why=failure.why.name, text=failure.text)
    elif failure.why is Why.OURS:
        log.error("imap.store_failed", text=failure.text)
    return _ANSWERS[failure.why]


def refused_target(failure: StoreFailure, log: Log) -> No:
    """The same for commands that put letters into a mailbox: the client may create it. RFC 3501
    7.1"""
    return NO_TARGET if failure.why is Why.NO_MAILBOX else refused(failure, log)


def refused_login(refusal: Refusal) -> No:
    """A log-in that did not work."""
    text = refusal.say[:1].upper() + refusal.say[1:]
    if refusal.blame is Blame.PEER:
        return No(text, AUTHENTICATIONFAILED)
    return No(text, UNAVAILABLE)
