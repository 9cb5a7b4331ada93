"""The in-memory twin of the store: the whole contract, simple and plainly right.

Nothing outlives the process. Stations are tested against it and other engines are compared with it.
A commit finishes in the same turn. It fails as the contract says; it is never away and never full.
"""

import asyncio
import contextlib
from array import array
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

from posthouse.base.clock import Clock
from posthouse.store.contract import (
    SLICE_ROWS,
    Account,
    Alias,
    Changes,
    Condition,
    Domain,
    Field,
    LoginRow,
    Mailbox,
    Row,
    StoreFailure,
    StoreSizes,
    TraceRow,
    Watch,
)
from posthouse.store.memory_queue import QueueReads
from posthouse.store.memory_state import Box, Placement, Resident, Site, Work, chosen, ranges_of
from posthouse.store.memory_writes import apply
from posthouse.store.values import (
    BODY_INLINE_OCTETS_MAX,
    DELETED,
    SEEN,
    AnyResult,
    AnyValue,
    Credential,
    NewBody,
    Note,
    Noted,
    Range,
    Ranges,
)


class MemoryStore(QueueReads):
    """See `store.contract.Store`. `body_path`: where a large body's file is (`BodyFiles.path`)."""

    def __init__(self, clock: Clock, body_path: Callable[[bytes], Path] | None = None) -> None:
        self._clock = clock
        self._body_path = body_path
        super().__init__(Site())
        self._bodies: dict[bytes, NewBody] = {}
        self._notes: list[Note] = []
        self._watches: list[_MemoryWatch] = []

    # ---- writes

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        work = Work(self._site, int(self._clock.now()))
        results = tuple([apply(work, value) for value in values])
        # Only here, when every value succeeded, becomes any of it true.
        self._site = work.site
        self._notes += work.notes
        for body in work.bodies:
            self._bodies.setdefault(body.id, body)
        for account, modseq in work.changed_accounts().items():
            self._tell(account, modseq)
        return results

    def note(self, note: Noted) -> None:
        if isinstance(note, Note):
            self._notes.append(note)
            return
        work = Work(self._site, int(self._clock.now()))
        with contextlib.suppress(StoreFailure):  # the account went meanwhile
            apply(work, note)
            self._site = work.site

    # ---- the bus

    def watch(self, account: int, changed: Callable[[int], None]) -> Watch:
        watch = _MemoryWatch(self._watches, account, changed)
        self._watches.append(watch)
        return watch

    def _tell(self, account: int, modseq: int) -> None:
        for watch in [watch for watch in self._watches if watch.account == account]:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                watch.call(modseq)
            else:
                loop.call_soon(watch.call, modseq)

    # ---- directory

    async def epoch(self) -> int:
        return self._site.epoch

    async def domains(self) -> list[Domain]:
        addresses = [resident.address for resident in self._site.residents.values()]
        return [
            Domain(name, _count_in(name, addresses), _count_in(name, list(self._site.aliases)))
            for name in sorted(self._site.domains)
        ]

    async def has_domain(self, name: str) -> bool:
        return name in self._site.domains

    async def account(self, account: int) -> Account | None:
        resident = self._site.residents.get(account)
        return None if resident is None else _account_of(resident)

    async def account_by_address(self, address: str) -> Account | None:
        for resident in self._site.residents.values():
            if resident.address == address:
                return _account_of(resident)
        return None

    async def accounts(self, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        found = [
            resident
            for resident in self._site.residents.values()
            if resident.address > after and _is_in(domain, resident.address)
        ]
        found.sort(key=lambda resident: resident.address)
        return [_account_of(resident) for resident in found[:limit]]

    async def alias(self, address: str) -> Alias | None:
        targets = self._site.aliases.get(address)
        return None if targets is None else Alias(address, targets)

    async def aliases(self, domain: str = "", after: str = "", limit: int = 1000) -> list[Alias]:
        found = [
            Alias(address, targets)
            for address, targets in sorted(self._site.aliases.items())
            if address > after and _is_in(domain, address)
        ]
        return found[:limit]

    async def credentials(self, account: int) -> tuple[Credential, ...]:
        resident = self._site.residents.get(account)
        return () if resident is None else resident.credentials

    # ---- mailboxes

    async def mailboxes(self, account: int) -> list[Mailbox]:
        resident = self._site.residents.get(account)
        boxes = [] if resident is None else list(resident.boxes.values())
        return [_mailbox_of(box) for box in sorted(boxes, key=lambda box: box.name)]

    async def mailbox(self, account: int, mailbox: int) -> Mailbox | None:
        box = self._box(account, mailbox)
        return None if box is None else _mailbox_of(box)

    async def mailbox_by_name(self, account: int, name: str) -> Mailbox | None:
        resident = self._site.residents.get(account)
        box = None if resident is None else resident.box_by_name(name)
        return None if box is None else _mailbox_of(box)

    async def subscriptions(self, account: int) -> list[str]:
        resident = self._site.residents.get(account)
        return [] if resident is None else sorted(resident.subscriptions)

    async def keywords(self, account: int, mailbox: int) -> tuple[str, ...]:
        box = self._box(account, mailbox)
        return () if box is None else box.keywords

    # ---- letters

    async def uids(
        self, account: int, mailbox: int, first: int = 1, last: int = 2**32 - 1
    ) -> AsyncIterator["array[int]"]:
        found = [
            placement.uid for placement in self._placements(account, mailbox, ((first, last),))
        ]
        for start in range(0, len(found), SLICE_ROWS):
            yield array("I", found[start : start + SLICE_ROWS])

    async def letters(
        self,
        account: int,
        mailbox: int,
        uids: Ranges,
        fields: tuple[Field, ...],
        changed_since: int = 0,
    ) -> AsyncIterator[list[Row]]:
        found = [
            placement
            for placement in self._placements(account, mailbox, uids)
            if placement.modseq > changed_since
        ]
        for start in range(0, len(found), SLICE_ROWS):
            yield [
                tuple([self._value(placement, name) for name in fields])
                for placement in found[start : start + SLICE_ROWS]
            ]

    async def find(
        self, account: int, mailbox: int, uids: Ranges, conditions: tuple[Condition, ...]
    ) -> AsyncIterator["array[int]"]:
        found = [
            placement.uid
            for placement in self._placements(account, mailbox, uids)
            if all(_meets(self._value(placement, c.field), c) for c in conditions)
        ]
        for start in range(0, len(found), SLICE_ROWS):
            yield array("I", found[start : start + SLICE_ROWS])

    async def changes(self, account: int, mailbox: int, since: int) -> Changes | None:
        box = self._box(account, mailbox)
        if box is None or since < self._site.residents[account].log_floor:
            return None
        flags = [
            placement.uid
            for placement in box.letters.values()
            if placement.created_modseq <= since < placement.modseq
        ]
        vanished = sorted(uid for uid, modseq in box.vanished.items() if modseq > since)
        return Changes(box.highest_modseq, ranges_of(flags), ranges_of(vanished))

    async def vanished(self, account: int, mailbox: int, since: int, uids: Ranges) -> Ranges | None:
        changes = await self.changes(account, mailbox, since)
        if changes is None:
            return None
        return tuple(_overlap(changes.vanished, uids))

    async def octets(self, body: bytes, first: int = 0, count: int = -1) -> bytes:
        kept = self._bodies[body]
        if kept.octets is not None:
            octets = kept.octets
        else:
            assert self._body_path is not None, "a body in a file needs `body_path`"
            octets = self._body_path(body).read_bytes()
        return octets[first:] if count < 0 else octets[first : first + count]

    # ---- trace and figures

    async def trace(self, letter: bytes) -> list[TraceRow]:
        return [_trace_of(note) for note in self._notes if note.letter == letter]

    async def trace_by_message_id(self, message_id: str, limit: int = 100) -> list[TraceRow]:
        found = [_trace_of(note) for note in self._notes if note.message_id == message_id]
        found.sort(key=lambda row: row.written, reverse=True)
        return found[:limit]

    async def logins(self, account: int) -> list[LoginRow]:
        resident = self._site.residents.get(account)
        return [] if resident is None else sorted(resident.logins, key=_last, reverse=True)

    async def sizes(self) -> StoreSizes:
        residents = self._site.residents.values()
        return StoreSizes(
            accounts=len(residents),
            letters=sum(resident.letters() for resident in residents),
            body_octets=sum(body.size for body in self._bodies.values()),
            database_octets=0,
            log_octets=0,
        )

    def close(self) -> None:
        self._watches.clear()

    # ---- private

    def _box(self, account: int, mailbox: int) -> Box | None:
        resident = self._site.residents.get(account)
        return None if resident is None else resident.boxes.get(mailbox)

    def _placements(self, account: int, mailbox: int, uids: Ranges) -> list[Placement]:
        box = self._box(account, mailbox)
        return [] if box is None else [box.letters[uid] for uid in chosen(box, uids)]

    def _value(self, placement: Placement, name: str) -> Any:
        special = _SPECIAL_FIELDS.get(name)
        if special is not None:
            return special(placement)
        if name == "octets":
            body = self._bodies[placement.email.body]
            return body.octets if body.size <= BODY_INLINE_OCTETS_MAX else None
        return getattr(placement.email.rendered, name)


class _MemoryWatch:
    def __init__(
        self, among: list["_MemoryWatch"], account: int, changed: Callable[[int], None]
    ) -> None:
        self._among = among
        self.account = account
        self._changed = changed

    def call(self, modseq: int) -> None:
        if self in self._among:  # it may have been cancelled while the word was on its way
            self._changed(modseq)

    def cancel(self) -> None:
        if self in self._among:
            self._among.remove(self)


_SPECIAL_FIELDS: Final[dict[str, Callable[[Placement], Any]]] = {
    "uid": lambda p: p.uid,
    "email": lambda p: p.email.number,
    "modseq": lambda p: p.modseq,
    "flags": lambda p: p.flags,
    "keywords": lambda p: p.keywords,
    "saved": lambda p: p.saved,
    "body": lambda p: p.email.body,
    "size": lambda p: p.email.size,
    "received": lambda p: p.email.received,
    "thread": lambda p: p.email.thread,
    "references": lambda p: " ".join(p.email.rendered.references),
    "render_version": lambda p: p.email.rendered.version,
}


def _meets(found: Any, condition: Condition) -> bool:
    wanted: Any = condition.value
    if condition.test in ("word", "no_word"):
        is_set = wanted.lower() in found.lower().split()
        return is_set is (condition.test == "word")
    return bool(_TESTS[condition.test](found, wanted))


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "contains": lambda found, wanted: wanted in found,
    "equal": lambda found, wanted: found == wanted,
    "less": lambda found, wanted: found < wanted,
    "at_least": lambda found, wanted: found >= wanted,
    "bits_on": lambda found, wanted: found & wanted == wanted,
    "bits_off": lambda found, wanted: found & wanted == 0,
}


def _overlap(ranges: Ranges, uids: Ranges) -> list[Range]:
    return [
        (max(a, first), min(b, last))
        for a, b in ranges
        for first, last in uids
        if max(a, first) <= min(b, last)
    ]


def _is_in(domain: str, address: str) -> bool:
    return not domain or address.rpartition("@")[2] == domain


def _count_in(domain: str, addresses: list[str]) -> int:
    return sum(_is_in(domain, address) for address in addresses)


def _account_of(resident: Resident) -> Account:
    return Account(
        id=resident.id,
        address=resident.address,
        shown=resident.shown,
        enabled=resident.enabled,
        quota_octets=resident.quota_octets,
        quota_letters=resident.quota_letters,
        octets=resident.octets(),
        letters=resident.letters(),
        modseq=resident.modseq,
        created=resident.created,
    )


def _last(row: LoginRow) -> int:
    return row.last


def _mailbox_of(box: Box) -> Mailbox:
    letters = box.letters.values()
    return Mailbox(
        id=box.id,
        name=box.name,
        selectable=box.selectable,
        special_use=box.special_use,
        uidvalidity=box.uidvalidity,
        uidnext=box.uidnext,
        highest_modseq=box.highest_modseq,
        messages=len(letters),
        unseen=sum(not p.flags & SEEN for p in letters),
        deleted=sum(bool(p.flags & DELETED) for p in letters),
        octets=sum(p.email.size for p in letters),
        first_recent=box.first_recent,
    )


def _trace_of(note: Note) -> TraceRow:
    return TraceRow(note.letter, note.written, note.message_id, note.stations)
