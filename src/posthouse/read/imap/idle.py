"""NOOP, CHECK and IDLE: the commands that do nothing but let news through. RFC 3501 6.1.2, 2177"""

from typing import TYPE_CHECKING, Final

from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import Ok

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_NOOP: Final = Ok("Nothing to do, done")
_IDLE: Final = Ok("Idle ended")


async def noop(visit: "ImapVisit", question: commands.Noop | commands.Check) -> Ok:  # noqa: ARG001
    """The session looks at the store at the end of each of these."""
    return _NOOP


async def begin(visit: "ImapVisit", question: commands.IdleStarted) -> None:  # noqa: ARG001
    """From here on the store's words are told at once; what came before is told now."""
    return


async def end(visit: "ImapVisit", question: commands.IdleEnded) -> Ok:  # noqa: ARG001
    """DONE."""
    return _IDLE
