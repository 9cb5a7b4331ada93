"""A scripted day of a store: some hundred batches of units of every kind, the same for one seed.

Every batch is also done by the in-memory twin, which so becomes the model: `view` of the twin after
each batch is what must be found, no more and no less.
"""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from typing import Any

from tests.letters import RECEIVED, letter, new_body

from posthouse.base.clock import SetClock
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    BODY_INLINE_OCTETS_MAX,
    DELETED,
    FLAGGED,
    INBOX,
    SEEN,
    AddAccount,
    AddDomain,
    AnyValue,
    Append,
    ClaimRecent,
    Copy,
    CreateMailbox,
    Credential,
    DeleteMailbox,
    Deliver,
    Expunge,
    FlagChange,
    Move,
    NewBody,
    Place,
    PutAlias,
    RemoveAccount,
    RemoveAlias,
    RenameAccount,
    RenameMailbox,
    SetAccount,
    SetFlags,
    Subscribe,
    TakeLease,
)

Unit = tuple[AnyValue, ...]
ACCOUNTS = (1, 2, 3)
"""Those that stay; bob (2) has a small quota, so that some units are refused."""


def first_units() -> list[Unit]:
    """The site before its day begins."""
    boxes = (("Sent", "\\Sent"), ("Work", ""))
    return [
        (AddDomain("example.org"),),
        (AddAccount("ann@example.org", "ann@example.org", 0, (), boxes),),
        (AddAccount("bob@example.org", "bob@example.org", 9000, (), boxes),),
        (AddAccount("cid@example.org", "cid@example.org", 0, (), boxes),),
    ]


class Day:
    """Makes the batches. Large bodies become files, synced, before their unit is handed out."""

    def __init__(self, seed: int, files: BodyFiles, twin: MemoryStore) -> None:
        self._chance = random.Random(seed)
        self._files = files
        self._twin = twin
        self._serial = 0

    def batches(self, count: int) -> Iterator[list[Unit]]:
        """So many, mostly of one unit, some shared by several as when sessions wait at once."""
        makers = [self._deliver] * 6 + [
            self._large, self._append, self._append, self._flags, self._flags, self._flags,
            self._expunge, self._move, self._copy, self._mailboxes, self._rename,
            self._directory, self._directory, self._small, self._several, self._refused,
        ]  # fmt: skip
        for number in range(count):
            if number < len(makers):
                yield [makers[number]()]  # every kind at least once
            else:
                together = self._chance.choice([1, 1, 1, 2, 4])
                yield [self._chance.choice(makers)() for _ in range(together)]

    def _account(self) -> int:
        return self._chance.choice(ACCOUNTS)

    def _box(self, account: int) -> int:
        boxes = now(self._twin.mailboxes(account))
        return int(self._chance.choice([box.id for box in boxes if box.selectable]))

    def _uids(self) -> tuple[tuple[int, int], ...]:
        first = self._chance.randrange(1, 12)
        return ((first, first + self._chance.randrange(4)), (first + 6, first + 7))

    def _deliver(self) -> Unit:
        account = self._account()
        places = [Place(account, self._box(account), self._chance.choice([0, SEEN]))]
        if self._chance.random() < 0.3:
            places = [Place(each, INBOX) for each in ACCOUNTS]
        size = self._chance.choice([0, 700, 3000, 20_000])
        if any(place.account == 2 for place in places):
            size = min(size, 700)
        return (letter(f"Letter {self._next()}", size=size).deliver(*places),)

    def _large(self) -> Unit:
        octets = self._chance.randbytes(BODY_INLINE_OCTETS_MAX + self._chance.randrange(1, 60_000))
        body = new_body(octets, in_file=True)
        writer = self._files.start(body.id)
        for start in range(0, len(octets), 50_000):
            writer.write(octets[start : start + 50_000])
        writer.finish()
        assert writer.digest == body.digest
        made = NewBody(body.id, body.digest, body.size, None)
        places = tuple(Place(account, INBOX) for account in (1, 3))
        return (Deliver(made, letter(f"Large {self._next()}").rendered, RECEIVED, places),)

    def _append(self) -> Unit:
        account = self._account()
        count = self._chance.choice([1, 1, 2, 5])
        letters = [letter(f"Append {self._next()}").appended(FLAGGED, "$a") for _ in range(count)]
        return (Append(account, self._box(account), tuple(letters)),)

    def _flags(self) -> Unit:
        account = self._account()
        flags = self._chance.choice([SEEN, DELETED, DELETED | FLAGGED])
        words = self._chance.choice(["", "k", "$x k"])
        change = self._chance.choice(list(FlagChange))
        return (SetFlags(account, self._box(account), self._uids(), change, flags, words),)

    def _expunge(self) -> Unit:
        account = self._account()
        any_flag = self._chance.random() < 0.3
        return (Expunge(account, self._box(account), self._uids(), any_flag),)

    def _move(self) -> Unit:
        account = self._account()
        return (Move(account, self._box(account), self._uids(), self._box(account)),)

    def _copy(self) -> Unit:
        account = self._account()
        return (Copy(account, self._box(account), self._uids(), self._box(account)),)

    def _mailboxes(self) -> Unit:
        account = self._account()
        boxes = [box for box in now(self._twin.mailboxes(account)) if box.id > 3]
        if boxes and self._chance.random() < 0.4:
            return (DeleteMailbox(account, self._chance.choice(boxes).id),)
        return (CreateMailbox(account, self._chance.choice(["a", "a/b", "b/c/d", "旅行", "x"])),)

    def _rename(self) -> Unit:
        account = self._account()
        return (RenameMailbox(account, self._box(account), f"new {self._next()}"),)

    def _directory(self) -> Unit:
        number = self._next()
        accounts = [each.id for each in now(self._twin.accounts()) if each.id > 3]
        last = accounts[-1] if accounts else 99
        address = f"user{number}@example.org"
        credential = Credential("argon2id", f"$hash{number}")
        return self._chance.choice(
            [
                (AddAccount(address, address, 0, (credential,)),),
                (SetAccount(self._account(), credentials=(credential,)),),
                (PutAlias(f"alias{number % 3}@example.org", (address, "ann@example.org")),),
                (RemoveAlias(f"alias{number % 3}@example.org"),),
                (RenameAccount(last, address, address),),
                (RemoveAccount(last),),
            ]
        )

    def _small(self) -> Unit:
        account = self._account()
        return self._chance.choice(
            [
                (ClaimRecent(account, self._box(account)),),
                (Subscribe(account, f"name {self._next() % 4}", subscribed=True),),
                (TakeLease("pop3", f"holder {self._next()}", RECEIVED + self._next()),),
            ]
        )

    def _several(self) -> Unit:
        account = self._account()
        return (
            letter(f"Unit {self._next()}").deliver(Place(account, INBOX)),
            SetFlags(account, INBOX, ((1, 99),), FlagChange.ADD, SEEN, ""),
            *self._move(),
        )

    def _refused(self) -> Unit:
        return (*self._deliver(), *self._expunge(), Subscribe(99, "nobody", subscribed=True))

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def now(coroutine: Any) -> Any:
    """What a coroutine returns that does not wait."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    coroutine.close()
    raise AssertionError("it waits")


def tried(store: Store, unit: Unit) -> str:
    """Commits a unit; how it ended: "" or the reason of the failure."""
    try:
        now(store.commit(*unit))
    except StoreFailure as failure:
        return failure.why.name
    return ""


def new_twin(clock: SetClock, files: BodyFiles) -> MemoryStore:
    """The model before the day."""
    return MemoryStore(clock, body_path=files.path)


def view(store: Any) -> dict[str, Any]:
    """All that owners and postmaster can see, but for MODSEQs, whose steps an engine chooses."""
    seen: dict[str, Any] = {
        "domains": now(store.domains()),
        "aliases": now(store.aliases()),
        "epoch": now(store.epoch()),
    }
    for account in now(store.accounts()):
        facts = (account.address, account.quota_octets, account.octets, account.letters)
        credentials = sorted(now(store.credentials(account.id)), key=lambda each: each.method)
        name = f"account {account.id}"
        seen[name] = (facts, credentials, now(store.subscriptions(account.id)))
        for box in now(store.mailboxes(account.id)):
            seen[f"{name} mailbox {box.id}"] = (
                box.name, box.selectable, box.special_use, box.uidvalidity, box.uidnext,
                box.messages, box.unseen, box.deleted, box.octets, box.first_recent,
                now(store.keywords(account.id, box.id)),
            )  # fmt: skip
            seen[f"{name} letters {box.id}"] = asyncio.run(_letters(store, account.id, box.id))
    return seen


async def _letters(store: Any, account: int, mailbox: int) -> list[Any]:
    fields = ("octets", "body", "uid", "email", "flags", "keywords", "received", "saved",
              "subject", "size", "thread")  # fmt: skip
    found = []
    async for rows in store.letters(account, mailbox, ((1, 2**32 - 1),), fields):
        for octets, body, *rest in rows:
            whole = await store.octets(body) if octets is None else octets
            found.append((hashlib.sha256(whole).hexdigest()[:16], *rest))
    return found
