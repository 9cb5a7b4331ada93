"""Who the client is: USER and PASS, AUTH. Then the drop is locked and looked at, once. RFC 1939 4

The checks, and the waits for those who guess, are `authenticate`'s. Raises Refusal and
StoreFailure.
"""

from array import array
from typing import TYPE_CHECKING, Final

from posthouse.authenticate.caller import caller_at
from posthouse.authenticate.user import LoggedIn
from posthouse.proofs import sasl
from posthouse.read.pop3.lease import Lease
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.values import INBOX, Why
from posthouse.wire.pop3.answers import Challenge, Err, Opened
from posthouse.wire.pop3.drop import Drop
from posthouse.wire.pop3.questions import AuthData, AuthStarted, LogIn

if TYPE_CHECKING:
    from posthouse.read.pop3.ports import Line
    from posthouse.read.pop3.session import Pop3Visit

DOOR: Final = "pop3"
SLICES_A_TURN: Final = 8
"""About a millisecond of reading, then others get their turn."""


async def log_in(visit: "Pop3Visit", question: LogIn) -> Opened | Err:
    """USER and PASS."""
    users = visit.house.users
    caller = caller_at(DOOR, visit.line.facts)
    user = await users.check_password(question.user, question.password, caller, "USER")
    return await _open(visit, user)


async def start_exchange(visit: "Pop3Visit", question: AuthStarted) -> Opened | Challenge | Err:
    """AUTH. An exchange that was open is forgotten."""
    visit.proved = None
    caller = caller_at(DOOR, visit.line.facts)
    visit.exchange = visit.house.users.start(question.mechanism, caller)
    if visit.exchange is None:
        return Err("That mechanism is not offered here")
    return await _went(visit, await visit.exchange.first(question.initial))


async def go_on(visit: "Pop3Visit", question: AuthData) -> Opened | Challenge | Err:
    """The client's next message."""
    if visit.proved is not None:
        return await _open(visit, visit.proved)
    assert visit.exchange is not None, "data comes only after a challenge"
    return await _went(visit, await visit.exchange.next(question.octets))


async def _went(visit: "Pop3Visit", step: sasl.Challenge | LoggedIn) -> Opened | Challenge | Err:
    if isinstance(step, sasl.Challenge):
        return Challenge(step.octets)
    if step.final:
        # RFC 5034 4: POP3 has no other place for data that comes with success
        visit.proved = step
        return Challenge(step.final)
    return await _open(visit, step)


async def _open(visit: "Pop3Visit", user: LoggedIn) -> Opened:
    visit.exchange = visit.proved = None
    house = visit.house
    lease = visit.lease = Lease(house, user.account)
    try:
        await lease.take()
        drop = await snapshot(house.store, user.account, visit.line)
    except StoreFailure:
        visit.leave()  # the client may try again on this connection
        raise
    visit.enter(user, drop)
    return Opened(drop)


async def snapshot(store: Store, account: int, line: "Line") -> Drop:
    """The INBOX as it is now. Of 100,000 letters only two columns are read, in slices."""
    inbox = await store.mailbox(account, INBOX)
    if inbox is None:
        raise StoreFailure(Why.GONE, f"account {account} has no INBOX")
    uids, sizes = array("I"), array("I")
    slices = 0
    async for rows in store.letters(account, INBOX, ((1, inbox.uidnext),), ("uid", "size")):
        found = tuple(zip(*rows, strict=True))
        uids.extend(found[0])
        sizes.extend(found[1])
        slices += 1
        if slices % SLICES_A_TURN == 0:
            await line.turn()
    return Drop(inbox.uidvalidity, uids, sizes)
