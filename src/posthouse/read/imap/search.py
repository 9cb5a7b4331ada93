"""SEARCH: follows."""

from typing import TYPE_CHECKING

from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import Done, No

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit


async def search(visit: "ImapVisit", question: commands.Search) -> Done:
    return No("not yet")
