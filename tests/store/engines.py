"""The engines under test behind one plain face: no `await`, no slices, short words."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from posthouse.base.clock import SetClock
from posthouse.store.contract import Condition, Field, Mailbox, Store, StoreFailure
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    AccountAdded,
    AddAccount,
    AddDomain,
    AnyResult,
    AnyValue,
    CreateMailbox,
    Ranges,
    Why,
)

ALL: Ranges = ((1, 2**32 - 1),)
DOMAIN = "example.org"


class Inside(Protocol):
    """What no one may do by the contract, but a test needs: reach into the engine."""

    def raise_log_floor(self, account: int, modseq: int) -> None:
        """As if everything up to this MODSEQ had been forgotten."""

    def set_uidnext(self, account: int, mailbox: int, uidnext: int) -> None:
        """As if so many UIDs had been given."""


class Engine:
    """A store, its clock and its loop."""

    def __init__(self, store: Store, clock: SetClock, inside: Inside) -> None:
        self.store = store
        self.clock = clock
        self.inside = inside
        self.loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine returns."""
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 20))

    def settle(self, met: Callable[[], bool] = lambda: True, seconds: float = 5) -> None:
        """Lets the loop turn until the condition is met, so that words on their way arrive."""

        async def wait() -> None:
            end = self.loop.time() + seconds
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            while not met():
                assert self.loop.time() < end, "it never came"
                await asyncio.sleep(0.002)

        self.run(wait())

    # ---- writes

    def do(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        """One unit; it must succeed."""
        results: tuple[AnyResult, ...] = self.run(self.store.commit(*values))
        assert len(results) == len(values)
        return results

    def one(self, value: AnyValue) -> Any:
        """A unit of one value; it must succeed."""
        return self.do(value)[0]

    def refused(self, *values: AnyValue) -> Why:
        """One unit; it must fail."""
        try:
            results = self.run(self.store.commit(*values))
        except StoreFailure as failure:
            return failure.why
        raise AssertionError(f"should have failed, but: {results}")

    def account(
        self, name: str = "ann", *, quota: int = 0, mailboxes: tuple[tuple[str, str], ...] = ()
    ) -> int:
        """A new account NAME@example.org."""
        address = f"{name}@{DOMAIN}"
        if not self.run(self.store.has_domain(DOMAIN)):
            self.one(AddDomain(DOMAIN))
        added: AccountAdded = self.one(AddAccount(address, address, quota, (), mailboxes))
        return added.account

    def create(self, account: int, name: str) -> int:
        """A new mailbox."""
        mailbox: int = self.one(CreateMailbox(account, name)).mailbox
        return mailbox

    # ---- reads

    def mailbox(self, account: int, mailbox: int) -> Mailbox:
        """A mailbox that must exist."""
        found = self.run(self.store.mailbox(account, mailbox))
        assert found is not None
        assert found.id == mailbox
        return found

    def names(self, account: int) -> list[str]:
        """Of all mailboxes, in the order given."""
        return [mailbox.name for mailbox in self.run(self.store.mailboxes(account))]

    def uids(self, account: int, mailbox: int, *limits: int) -> list[int]:
        """All UIDs."""
        slices = self._all(self.store.uids(account, mailbox, *limits))
        assert all(part.typecode == "I" for part in slices)
        return [uid for part in slices for uid in part]

    def rows(
        self,
        account: int,
        mailbox: int,
        *fields: Field,
        uids: Ranges = ALL,
        changed_since: int = 0,
    ) -> list[Any]:
        """Fields of letters; where one field is asked for, its values without the tuple."""
        slices = self._all(self.store.letters(account, mailbox, uids, fields, changed_since))
        rows = [row for part in slices for row in part]
        assert all(isinstance(row, tuple) for row in rows)
        return [row[0] for row in rows] if len(fields) == 1 else rows

    def find(
        self, account: int, mailbox: int, *conditions: Condition, uids: Ranges = ALL
    ) -> list[int]:
        """UIDs that meet all conditions."""
        slices = self._all(self.store.find(account, mailbox, uids, conditions))
        return [uid for part in slices for uid in part]

    def everything(self, accounts: range = range(1, 9)) -> Any:
        """All that can be read, for saying that nothing changed."""
        store = self.store
        seen: list[Any] = [self.run(store.epoch()), self.run(store.domains())]
        seen += [self.run(store.accounts()), self.run(store.aliases())]
        for account in accounts:
            seen.append(self.run(store.credentials(account)))
            seen.append(self.run(store.subscriptions(account)))
            seen.append(self.run(store.logins(account)))
            for box in self.run(store.mailboxes(account)):
                seen.append(box)
                seen.append(self.run(store.keywords(account, box.id)))
                seen.append(self.run(store.changes(account, box.id, 1)))
                seen.append(
                    self.rows(
                        account, box.id, "uid", "email", "modseq", "flags", "keywords", "saved",
                        "body", "thread", "octets",
                    )
                )  # fmt: skip
        return seen

    def _all(self, slices: Any) -> list[Any]:
        async def collect() -> list[Any]:
            return [part async for part in slices]

        collected: list[Any] = self.run(collect())
        return collected


def expanded(ranges: Ranges) -> list[int]:
    """The UIDs, after a look whether the ranges are sorted and disjoint."""
    uids = [uid for first, last in ranges for uid in range(first, last + 1)]
    assert all(first <= last for first, last in ranges)
    assert uids == sorted(set(uids))
    return uids


class InsideMemory:
    """Of the twin."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def raise_log_floor(self, account: int, modseq: int) -> None:
        self._store._site.residents[account].log_floor = modseq

    def set_uidnext(self, account: int, mailbox: int, uidnext: int) -> None:
        self._store._site.residents[account].boxes[mailbox].uidnext = uidnext


@contextmanager
def memory(folder: Path) -> Iterator[Engine]:
    """The in-memory twin."""
    clock = SetClock()
    store = MemoryStore(clock, body_path=lambda body: folder / body.hex())
    yield Engine(store, clock, InsideMemory(store))
    store.close()


def sqlite(folder: Path) -> Any:
    """The embedded engine: a scribe in a thread, a worker's store beside it."""
    from tests.store.sqlite import engine  # it imports this module

    return engine.sqlite(folder)


ENGINES: dict[str, Callable[[Path], Any]] = {"memory": memory, "sqlite": sqlite}
"""Name, and what opens it in an empty folder."""
