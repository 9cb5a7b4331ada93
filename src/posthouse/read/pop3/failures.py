"""What the client hears when the store said no: one table. RFC 2449 8.1, 3206 3"""

from typing import Final

from posthouse.base.log import Log
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from posthouse.wire.pop3.answers import IN_USE, SYS_PERM, SYS_TEMP, Err

EXPUNGED: Final = Err("This message was removed by another program meanwhile")
_GONE: Final = Err("This account is not there any more", SYS_PERM)
_AGAIN: Final = Err("The server failed, please try again later", SYS_TEMP)
_ANSWERS: Final[dict[Why, Err]] = {
    Why.IN_USE: Err("Another session has this maildrop", IN_USE),
    Why.GONE: _GONE,
    Why.NO_MAILBOX: _GONE,
    Why.FULL: Err("The server has no room just now, please try again later", SYS_TEMP),
    Why.AWAY: Err("The storage is away just now, please try again in a moment", SYS_TEMP),
}


def refused(failure: StoreFailure, log: Log) -> Err:
    """The answer; what is not the client's business goes to the log."""
    answer = _ANSWERS.get(failure.why, _AGAIN)
    if answer is _AGAIN:
        log.error("pop3.store_failed", why=failure.why.name, text=failure.text)
    elif failure.why in (Why.FULL, Why.AWAY):
        log.warning("pop3.store_refused", why=failure.why.name, text=failure.text)
    return answer
