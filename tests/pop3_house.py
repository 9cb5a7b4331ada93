"""A POP3 house in memory: the house of `imap_house` with another door, and its clients."""

from pathlib import Path
from typing import Any

from imap_house import PASSWORD, Client, House
from imap_station_talk import Fickle
from posthouse.net.connection import Entrance
from posthouse.net.steps import one_turn
from posthouse.read.pop3.door import Pop3Door
from posthouse.read.pop3.ports import Pop3House
from posthouse.read.pop3.settings import Pop3Settings
from posthouse.store.contract import StoreFailure
from posthouse.store.values import INBOX, DropLease, TakeLease
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.pop3.offer import Offer
from turn import run_now

SHORT = b"From: ann@example.org\r\nSubject: %s\r\n\r\n.one\r\ntwo\r\n"


class Pop3World(House):
    """ann@example.org is account 1. `settings` are those of [pop3]."""

    def __init__(
        self, folder: Path, *, slow: bool = False, limits: Pop3Limits | None = None, **settings: Any
    ) -> None:
        super().__init__(folder, wrap=lambda inner: Fickle(inner, slow=slow))
        self.fickle: Fickle = self.store
        self.pauses: list[float] = []
        self.after_pause = lambda: None
        self.pop3 = Pop3House(
            store=self.store,
            users=self.imap.users,
            ids=self.ids,
            clock=self.clock,
            log=self.log,
            row=self.row,
            loop=self.loop,
            pause=self._pause,
            offer=Offer(
                "mail.example.org",
                mechanisms=self.imap.users.mechanisms(),
                stls=True,
                plaintext_auth=True,
            ),
            limits=limits or Pop3Limits(),
            settings=Pop3Settings(**{"busy_seconds_max": 0.0, **settings}),
        )
        old = self.entrance
        self.entrance = Entrance(Pop3Door(self.pop3), old.loop, old.log, old.row, old.census)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.after_pause()
        await one_turn()

    def opened(self, name: str = "ann") -> Client:
        """A client that has logged in."""
        client = self.client()
        assert client.say(f"USER {name}@example.org").startswith(b"+OK mail.example.org")
        assert client.say(f"PASS {PASSWORD}").startswith(b"+OK Welcome")
        return client

    def letters(self, count: int) -> None:
        for number in range(1, count + 1):
            self.letter(SHORT % str(number).encode())

    def is_free(self) -> bool:
        """Nobody has ann's drop."""
        self.settle()
        try:
            self.keep("another", seconds=1)
        except StoreFailure:
            return False
        run_now(self.memory.commit(DropLease("pop3/1", "another")))
        return True

    def keep(self, holder: str, *, seconds: float = 60) -> None:
        """Another session has ann's drop."""
        until = int(self.clock.now() + seconds)
        run_now(self.memory.commit(TakeLease("pop3/1", holder, until)))

    def uids(self) -> list[int]:
        """Of the letters in ann's INBOX now."""

        async def read() -> list[int]:
            return [uid async for found in self.memory.uids(1, INBOX) for uid in found]

        return run_now(read())
