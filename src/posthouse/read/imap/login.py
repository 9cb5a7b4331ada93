"""Who the client is and what it can: LOGIN, AUTHENTICATE, ENABLE, ID. RFC 3501 6.2, 4959, 5161,
2971

The checks, and the waits for those who guess, are `authenticate`'s; here they only get IMAP's
answers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from posthouse.authenticate.caller import caller_at
from posthouse.authenticate.user import LoggedIn
from posthouse.base.errors import Refusal
from posthouse.proofs import sasl
from posthouse.read.imap.failures import refused_login
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    CANNOT,
    Bad,
    Challenge,
    Done,
    No,
    Ok,
    code_highestmodseq,
    enabled_line,
    id_line,
    untagged_ok,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

ENABLES: Final = {
    "CONDSTORE": "CONDSTORE",
    "QRESYNC": "QRESYNC",
    "IMAP4REV2": "IMAP4rev2",
    "UTF8=ACCEPT": "UTF8=ACCEPT",
}
"""What ENABLE can turn on here, and its name as it is written."""
DOOR: Final = "imap"
_MALFORMED: Final = 501


class Exchange(Protocol):
    """A SASL exchange of `authenticate`."""

    async def first(self, initial: bytes | None) -> sasl.Challenge | LoggedIn: ...

    async def next(self, octets: bytes) -> sasl.Challenge | LoggedIn: ...


class Finished:
    """Stands for an exchange that is through but for the client's empty answer to the last data.

    RFC 4422 3.6: IMAP has no other place for the data that comes with success.
    """

    __slots__ = ("_user",)

    def __init__(self, user: LoggedIn) -> None:
        self._user = user

    async def first(self, initial: bytes | None) -> LoggedIn:  # noqa: ARG002
        raise AssertionError("it began long ago")

    async def next(self, octets: bytes) -> LoggedIn:  # noqa: ARG002
        return LoggedIn(self._user.account, self._user.address)


async def log_in(visit: "ImapVisit", question: commands.Login) -> Done:
    """LOGIN."""
    try:
        caller = caller_at(DOOR, visit.line.facts)
        user = await visit.house.users.check_password(
            question.user, question.password, caller, "LOGIN"
        )
    except Refusal as refusal:
        return refused_login(refusal)
    return _welcome(visit, user)


async def start_exchange(visit: "ImapVisit", question: commands.AuthStarted) -> Done | Challenge:
    """AUTHENTICATE. An exchange that was open is forgotten."""
    visit.exchange = visit.house.users.start(question.mechanism, caller_at(DOOR, visit.line.facts))
    if visit.exchange is None:
        return No("This way to log in is not offered", CANNOT)
    return await _step(visit, visit.exchange, question.initial, is_first=True)


async def go_on(visit: "ImapVisit", question: commands.AuthData) -> Done | Challenge:
    """The client's next message."""
    assert visit.exchange is not None, "data comes only after a challenge"
    return await _step(visit, visit.exchange, question.octets, is_first=False)


async def _step(
    visit: "ImapVisit", exchange: Exchange, octets: bytes | None, *, is_first: bool
) -> Done | Challenge:
    try:
        if is_first:
            step = await exchange.first(octets)
        else:
            step = await exchange.next(octets or b"")
    except Refusal as refusal:
        visit.exchange = None
        return Bad(refusal.say) if refusal.code == _MALFORMED else refused_login(refusal)
    if isinstance(step, sasl.Challenge):
        return Challenge(step.octets)
    if step.final:
        visit.exchange = Finished(step)
        return Challenge(step.final)
    visit.exchange = None
    return _welcome(visit, step)


def _welcome(visit: "ImapVisit", user: LoggedIn) -> Ok:
    visit.user = user
    return Ok("Welcome")


async def unauthenticate(visit: "ImapVisit", question: commands.Unauthenticate) -> Ok:  # noqa: ARG001
    """UNAUTHENTICATE: nothing stays that belongs to the one who was logged in. RFC 8437 3"""
    visit.leave()
    visit.user = visit.exchange = None
    visit.condstore = visit.qresync = visit.rev2 = False
    return Ok("Nobody is logged in")


async def enable(visit: "ImapVisit", question: commands.Enable) -> Ok:
    """ENABLE. Only what is not on already is named. RFC 5161 3.2"""
    enabled = [name for name in question.extensions if name in ENABLES and not is_on(visit, name)]
    had_modseqs = visit.condstore
    for name in enabled:
        _TURN_ON[name](visit)
    visit.core.untagged(enabled_line([ENABLES[name] for name in enabled]))
    view = visit.view
    if view is not None and visit.condstore and not had_modseqs:
        # From here on the client keeps MODSEQs of a mailbox it has selected already. RFC 7162 3.1.8
        visit.core.untagged(untagged_ok("Highest", code_highestmodseq(view.highest)))
    return Ok("Enabled")


def is_on(visit: "ImapVisit", name: str) -> bool:
    """What is on stays on and is not named again."""
    states = {
        "CONDSTORE": visit.condstore,
        "QRESYNC": visit.qresync,
        "IMAP4REV2": visit.rev2,
        "UTF8=ACCEPT": visit.core.bans_charset,
    }
    return states[name]


def turn_on_condstore(visit: "ImapVisit") -> None:
    """From now on FETCH data carries MODSEQ. RFC 7162 3.1.8 names the commands that do this."""
    visit.condstore = True


def _turn_on_qresync(visit: "ImapVisit") -> None:
    visit.condstore = visit.qresync = True  # RFC 7162 3.2.3


def _turn_on_rev2(visit: "ImapVisit") -> None:
    visit.rev2 = True
    if visit.view is not None:
        visit.view.tell_no_recent()


_TURN_ON: Final[dict[str, Callable[["ImapVisit"], None]]] = {
    "CONDSTORE": turn_on_condstore,
    "QRESYNC": _turn_on_qresync,
    "IMAP4REV2": _turn_on_rev2,
    "UTF8=ACCEPT": lambda _visit: None,  # the core knows
}


async def identify(visit: "ImapVisit", question: commands.Id) -> Ok:
    """ID: both sides say what they are; what the client says goes to the log."""
    fields = {name: value for name, value in question.fields if value}
    visit.house.log.info(
        "imap.id", name=fields.get("name", ""), version=fields.get("version", ""), peer=visit.peer
    )
    visit.core.untagged(id_line(visit.house.identity))
    return Ok("Pleased to meet you")
