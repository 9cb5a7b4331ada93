"""Where POP3 connections come in: each gets a core that talks and a visit that knows the house."""

from typing import Final

from posthouse.net.connection import Connection
from posthouse.read.pop3.ports import Pop3House
from posthouse.read.pop3.session import Pop3Visit
from posthouse.wire.pop3.server import Pop3Server

NAME: Final = "pop3"


class Pop3Door:
    """Door of `net` for [listen] pop3 and pop3s."""

    __slots__ = ("_house", "name")

    def __init__(self, house: Pop3House, name: str = NAME) -> None:
        self._house = house
        self.name = name

    def open(self, connection: Connection) -> tuple[Pop3Server, Pop3Visit]:
        """One session, not logged in."""
        house = self._house
        facts = connection.facts
        core = Pop3Server(house.offer, house.limits, has_tls=facts.tls is not None)
        house.row.add("pop3_sessions")
        return core, Pop3Visit(house, connection, facts.address)
