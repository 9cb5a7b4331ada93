"""The embedded engine in one process: reads as a worker does, commits as the scribe does.

For tests of stations that shall also hold on the real thing, without processes and sockets.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from posthouse.base.clock import Clock
from posthouse.base.log import Level, Log
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.ledger import Kept, Ledger
from posthouse.store.sqlite.migrate import prepare
from posthouse.store.sqlite.reader import Reader
from posthouse.store.values import AnyResult, AnyValue, Note


class LocalStore(Reader):
    """See `store.contract.Store`; `data` is made ready."""

    def __init__(self, data: Path, clock: Clock) -> None:
        prepare(data, clock)
        super().__init__(data)
        self.lines: list[bytes] = []
        log = Log(clock, self.lines.append, Level.WARNING)
        self.ledger = Ledger(data, clock=clock, log=log, settings=StoreSettings())
        self._watches: list[LocalWatch] = []

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        (outcome,) = self.ledger.commit([list(values)])
        if not isinstance(outcome, Kept):
            raise StoreFailure(outcome.why, outcome.text)
        for watch in list(self._watches):
            account = await self.account(watch.account)
            modseq = 2**62 if account is None else account.modseq
            try:
                asyncio.get_running_loop().call_soon(watch.call, modseq)
            except RuntimeError:
                watch.call(modseq)
        return tuple(outcome.results)

    def note(self, note: Note) -> None:
        """Nobody reads it here."""

    def watch(self, account: int, changed: Callable[[int], None]) -> "LocalWatch":
        watch = LocalWatch(self._watches, account, changed)
        self._watches.append(watch)
        return watch


class LocalWatch:
    """Told after each commit, whoever's it was: a word may come twice."""

    def __init__(
        self, among: list["LocalWatch"], account: int, changed: Callable[[int], None]
    ) -> None:
        self._among = among
        self.account = account
        self._changed = changed

    def call(self, modseq: int) -> None:
        if self in self._among:
            self._changed(modseq)

    def cancel(self) -> None:
        if self in self._among:
            self._among.remove(self)
