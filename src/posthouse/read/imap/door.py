"""Where IMAP connections come in: each gets a core that talks and a visit that knows the house."""

from typing import Final

from posthouse.net.connection import Connection
from posthouse.read.imap.ports import ImapHouse
from posthouse.read.imap.session import ImapVisit
from posthouse.wire.imap.server import ImapServer

NAME: Final = "imap"


class ImapDoor:
    """Door of `net` for [listen] imap and imaps."""

    __slots__ = ("_house", "name")

    def __init__(self, house: ImapHouse, name: str = NAME) -> None:
        self._house = house
        self.name = name

    def open(self, connection: Connection) -> tuple[ImapServer, ImapVisit]:
        """One session, not logged in."""
        house = self._house
        facts = connection.facts
        core = ImapServer(house.offer, house.limits, has_tls=facts.tls is not None)
        house.row.add("imap_sessions")
        return core, ImapVisit(house, core, connection, facts.address)
