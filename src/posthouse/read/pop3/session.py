"""One POP3 session, the house's side: log-in, octets of letters, and the end. RFC 1939 3, 6

What QUIT deletes goes in one unit with the lock: all letters or none, durable before +OK. A
session that ends in any other way deletes nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from posthouse.authenticate.user import LoggedIn, SaslLogin
from posthouse.read.pop3 import login
from posthouse.read.pop3.failures import EXPUNGED, refused
from posthouse.read.pop3.lease import Lease
from posthouse.read.pop3.ports import Line, Pop3House
from posthouse.store.contract import Field, StoreFailure
from posthouse.store.values import INBOX, SEEN, AnyValue, Expunge, FlagChange, SetFlags
from posthouse.wire.pop3.answers import Answer, Err, Ok, Piece
from posthouse.wire.pop3.drop import Drop
from posthouse.wire.pop3.questions import (
    AuthData,
    AuthStarted,
    Breath,
    Leave,
    LetterWanted,
    LogIn,
)

Handler = Callable[["Pop3Visit", Any], Awaitable[Answer]]
FIELDS: Final[tuple[Field, ...]] = ("octets", "body", "size", "header_octets")


class Pop3Visit:
    """Answers the questions of one connection."""

    __slots__ = (
        "_large",
        "drop",
        "exchange",
        "house",
        "lease",
        "line",
        "peer",
        "proved",
        "user",
    )

    def __init__(self, house: Pop3House, line: Line, peer: str) -> None:
        self.house = house
        self.line = line
        self.peer = peer
        self.exchange: SaslLogin | None = None
        self.proved: LoggedIn | None = None
        """Proved but for the client's empty answer to the last data."""
        self.user: LoggedIn | None = None
        self.drop: Drop | None = None
        self.lease: Lease | None = None
        self._large: tuple[bytes, int, int] | None = None
        """Body, size and header octets of the large letter that is on its way."""

    async def answer(self, question: Any) -> Answer:
        """The answer to one question of the core."""
        try:
            return await _HANDLERS[type(question)](self, question)
        except StoreFailure as failure:
            return refused(failure, self.house.log)

    def ended(self) -> None:
        """The connection is gone; no letter is deleted. RFC 1939 6"""
        self.leave()
        self.house.row.add("pop3_sessions", -1)

    def enter(self, user: LoggedIn, drop: Drop) -> None:
        """The drop is open."""
        self.user, self.drop = user, drop
        self.house.log.info("pop3.opened", peer=self.peer, account=user.address, letters=len(drop))

    def leave(self) -> None:
        """Gives the lock back, if it is held, without waiting."""
        lease, self.lease = self.lease, None
        if lease is not None:
            lease.release(*self._marks())

    def _marks(self) -> list[AnyValue]:
        """What was fetched is \\Seen, where the house wants it so."""
        if not self.house.settings.mark_seen or self.drop is None or self.user is None:
            return []
        seen = self.drop.seen()
        add = FlagChange.ADD
        return [SetFlags(self.user.account, INBOX, seen, add, SEEN, "")] if seen else []

    # ---- letters

    async def letter(self, question: LetterWanted) -> Piece | Err:
        """The first piece is all of a letter that stands in the database."""
        assert self.user is not None
        if question.first:
            return await self._next_piece(question)
        found = None
        only = ((question.uid, question.uid),)
        async for rows in self.house.store.letters(self.user.account, INBOX, only, FIELDS):
            found = rows[0]
        if found is None:
            return EXPUNGED
        octets, body, size, header_octets = found
        self.house.row.add("pop3_letters_total")
        if octets is not None:
            return Piece(octets, size, header_octets)
        self._large = body, size, header_octets
        return await self._piece(question)

    async def _next_piece(self, question: LetterWanted) -> Piece | Err:
        """Not before the client has read enough of those before."""
        self.line.flush()
        await self.line.drained()
        await self.line.turn()
        return await self._piece(question)

    async def _piece(self, question: LetterWanted) -> Piece | Err:
        assert self._large is not None, "the first piece told where the others are"
        body, size, header_octets = self._large
        try:
            octets = await self.house.store.octets(body, question.first, question.count)
        except KeyError:
            octets = b""
        if not octets and question.first < size:
            self.house.log.error("pop3.body_lost", body=body.hex(), at=question.first)
            return EXPUNGED
        return Piece(octets, size, header_octets)

    async def breath(self, _question: Breath) -> None:
        """Lets the client read and others go on."""
        self.line.flush()
        await self.line.drained()
        await self.line.turn()

    # ---- the end

    async def quit(self, question: Leave) -> Ok | Err:
        """UPDATE: deleted and free for the next one, in one unit. RFC 1939 6"""
        assert self.user is not None
        assert self.drop is not None
        assert self.lease is not None
        changes = self._marks()
        if question.gone:
            changes.append(Expunge(self.user.account, INBOX, question.gone, any_flag=True))
        if changes:
            # A drop that went to another session, since we slept too long, is not ours to change.
            changes.insert(0, self.lease.held())
        self.lease.end()
        await self.house.store.commit(*changes, self.lease.dropped())
        self.lease = None
        deleted = len(self.drop) - self.drop.count
        self.house.row.add("pop3_deleted_total", deleted)
        self.house.log.info("pop3.left", peer=self.peer, account=self.user.address, deleted=deleted)
        return Ok(f"Good-bye, {deleted} deleted" if deleted else "Good-bye")


_HANDLERS: Final[dict[type, Handler]] = {
    LetterWanted: Pop3Visit.letter,
    LogIn: login.log_in,
    AuthStarted: login.start_exchange,
    AuthData: login.go_on,
    Breath: Pop3Visit.breath,
    Leave: Pop3Visit.quit,
}
