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
from posthouse.store.values_queue import (
    FAR,
    ClaimAged,
    ClaimQueue,
    Enqueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueAction,
    QueueEnvelope,
    QueueTo,
    Settle,
    Settled,
    Settlement,
)

Unit = tuple[AnyValue, ...]
ACCOUNTS = (1, 2, 3)
"""Those that stay; bob (2) has a small quota, so that some units are refused."""
DESTINATIONS = ("far.example", "d.example", "via:smart.example:25")
HOLDERS = ("w0:a", "w1:a")


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
            self._enqueue, self._enqueue, self._enqueue_large, self._enqueue_and_deliver,
            self._claim, self._claim, self._settle, self._settle, self._settle, self._queue_other,
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
        made = self._body_in_file()
        places = tuple(Place(account, INBOX) for account in (1, 3))
        return (Deliver(made, letter(f"Large {self._next()}").rendered, RECEIVED, places),)

    def _body_in_file(self) -> NewBody:
        octets = self._chance.randbytes(BODY_INLINE_OCTETS_MAX + self._chance.randrange(1, 60_000))
        body = new_body(octets, in_file=True)
        writer = self._files.start(body.id)
        for start in range(0, len(octets), 50_000):
            writer.write(octets[start : start + 50_000])
        writer.finish()
        assert writer.digest == body.digest
        return NewBody(body.id, body.digest, body.size, None)

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

    # ---- the queue

    def _enqueue(self) -> Unit:
        return (self._queued(letter(f"Queued {self._next()}", size=3000).body),)

    def _enqueue_large(self) -> Unit:
        return (self._queued(self._body_in_file()),)

    def _enqueue_and_deliver(self) -> Unit:
        made = letter(f"Both {self._next()}")
        return (made.deliver(Place(1, INBOX)), self._queued(made.body, is_kept=True))

    def _queued(self, body: NewBody, *, is_kept: bool = False) -> Enqueue:
        recipients = tuple(
            QueueTo(
                f"r{number}@far.example",
                self._chance.choice(DESTINATIONS),
                RECEIVED + self._chance.choice([0, 0, 100]),
                holder=self._chance.choice(["", *HOLDERS]),
                notify=("SUCCESS",) if number else (),
            )
            for number in range(self._chance.choice([1, 1, 2, 5]))
        )
        return Enqueue(
            letter=body.id, owner=1, body=body.id, size=body.size,
            new_body=None if is_kept else body, sender="ann@example.org",
            message_id=f"<{self._next()}@example.org>", envelope=QueueEnvelope("8BITMIME"),
            accepted=RECEIVED, attend=RECEIVED + self._chance.choice([0, 7200]),
            recipients=recipients,
        )  # fmt: skip

    def _claim(self) -> Unit:
        holder, until = self._chance.choice(HOLDERS), RECEIVED + self._chance.choice([0, 9000])
        if self._chance.random() < 0.2:
            return (ClaimAged(holder, until, 3),)
        return (ClaimQueue(self._chance.choice(DESTINATIONS), holder, until, 4),)

    def _settle(self) -> Unit:
        """Rows of one letter that one holder has, as after an attempt; perhaps with a report."""
        taken = [
            (queued.letter, row)
            for queued in now(self._twin.queue_list(limit=1000))
            for row in queued.recipients
            if row.holder
        ]
        if not taken:
            return self._claim()
        first, row = self._chance.choice(taken)
        rows = tuple(
            Settled(
                first,
                other.number,
                self._chance.choice(list(Settlement)),
                due=RECEIVED + self._chance.choice([0, 50, 5000]),
                attempts=other.attempts + 1,
                answer=f"451 {self._next()}",
                destination=self._chance.choice(["", *DESTINATIONS]),
            )
            for each, other in taken
            if each == first and other.holder == row.holder
        )
        holder = row.holder if self._chance.random() < 0.9 else "w9:a"
        attends = ((first, RECEIVED + 9000),) if self._chance.random() < 0.3 else ()
        report = self._deliver() if self._chance.random() < 0.3 else ()
        return (Settle(holder, rows, attends), *report)

    def _queue_other(self) -> Unit:
        queue = now(self._twin.queue_list(limit=1000))
        rows = tuple((q.letter, row.number) for q in queue[-3:] for row in q.recipients)
        destination, until = self._chance.choice(DESTINATIONS), RECEIVED + 30
        return self._chance.choice(
            [
                (PauseQueue(destination, until, 1, "nobody there"),),
                (PauseQueue(destination, 0, 0),),
                (FreeQueue(self._chance.choice(["w0:", "w1:"])),),
                (QueueAct(self._chance.choice(list(QueueAction)), rows),),
            ]
        )

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
        "queue counts": now(store.queue_counts()),
        "queue next": now(store.queue_next(0)),
        "queue due": now(store.queue_due(FAR - 1, (-1, ""), 100)),
    }
    for queued in now(store.queue_list(limit=1000)):
        digest = hashlib.sha256(now(store.octets(queued.body))).hexdigest()[:16]
        seen[f"queue {queued.letter.hex()}"] = (queued, digest)
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
