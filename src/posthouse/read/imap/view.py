"""What one session knows of the mailbox it has selected: its messages in order, up to which change.

A view is right as of the account's MODSEQ `synced`; `news` carries it on. UIDs are read when they
are first needed: a mailbox of which nothing was ever removed is a `range` and never read. A list of
UIDs is never changed in place, so that sessions can share it. RFC 3501 2.3.1, 7.3, 7.4.1
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from posthouse.store.contract import Mailbox, Store
from posthouse.store.values import Ranges
from posthouse.wire.imap import sets
from posthouse.wire.imap.sets import STAR, NumberSet

Uids = Sequence[int]
"""Ascending: an `array("I")` or a `range`, not to be changed."""

NOTHING: Final[Ranges] = ()


class MailboxLost(Exception):
    """The selected mailbox cannot be shown any more: deleted, or changed beyond what the log
    tells."""


class NoSuchMessage(Exception):
    """A message number beyond the last one: the client is wrong. RFC 3501 9 seq-number"""


class View:
    """The selected mailbox of one session."""

    __slots__ = (
        "_uids",
        "account",
        "claimed",
        "count",
        "gone",
        "highest",
        "keywords",
        "mailbox",
        "noticed",
        "own",
        "read_only",
        "recent",
        "recent_told",
        "saved",
        "synced",
        "uidnext",
        "uidvalidity",
    )

    def __init__(self, account: int, box: Mailbox, synced: int, *, read_only: bool) -> None:
        self.account = account
        self.mailbox = box.id
        self.uidvalidity = box.uidvalidity
        self.uidnext = box.uidnext
        """UIDs below it are known or gone; those from here on are news."""
        self.count = box.messages
        """How many messages the client believes there are."""
        self.synced = synced
        """All changes of the account up to this MODSEQ are in this view."""
        self.noticed = synced
        """The newest MODSEQ the store told of; beyond `synced` it is worth looking."""
        self.highest = box.highest_modseq
        self.read_only = read_only
        self.recent: Ranges = NOTHING
        """UIDs that are \\Recent for this session."""
        self.recent_told = 0
        self.claimed = box.uidnext
        """\\Recent was asked for all UIDs below."""
        self.gone: Ranges = NOTHING
        """Expunged, but the client may not be told yet: they keep their numbers."""
        self.own: frozenset[int] = frozenset()
        """MODSEQs of this session's changes that lie beyond `synced`: the client knows them."""
        self.saved: Ranges = NOTHING
        """UIDs that SEARCH RETURN (SAVE) kept. RFC 5182"""
        self.keywords: frozenset[str] = frozenset()
        """Those the client was told of by `* FLAGS`."""
        self._uids: Uids | None = None
        if box.messages in (0, box.uidnext - 1):
            self._uids = range(1, box.messages + 1)

    # ---- the list of UIDs

    @property
    def uids(self) -> Uids:
        """In the order of message numbers; `load` comes before."""
        assert self._uids is not None
        return self._uids

    @property
    def known(self) -> Ranges:
        """All UIDs that may be in this view."""
        return ((1, self.uidnext - 1),) if self.uidnext > 1 else NOTHING

    @property
    def is_loaded(self) -> bool:
        return self._uids is not None

    async def load(self, store: Store) -> Uids:
        """Reads the UIDs if they are not there yet. Raises MailboxLost when they cannot be
        known."""
        if self._uids is None:
            there = await _existing(store, self.account, self.mailbox, 1, self.uidnext - 1)
            if len(there) != self.count:
                # Some left since the client was told the number; the order of the two reads makes
                # sure that a letter which goes in between is in the second.
                changes = await store.changes(self.account, self.mailbox, self.synced)
                if changes is None:
                    raise MailboxLost("Mailbox changed too much, please select it again")
                left = [u for u in numbers_in(changes.vanished) if u < self.uidnext]
                there = array("I", sorted({*there, *left}))
            if len(there) != self.count:
                raise MailboxLost("Mailbox changed too much, please select it again")
            self._uids = _compact(there)
        return self._uids

    async def grow(self, store: Store, uidnext: int) -> int:
        """Takes in the letters that came; gives how many."""
        new = await _existing(store, self.account, self.mailbox, self.uidnext, uidnext - 1)
        if self._uids is not None and new:
            self._uids = _joined(self._uids, new)
        self.count += len(new)
        self.uidnext = uidnext
        return len(new)

    def forget(self, ranges: Ranges) -> tuple[list[int], list[int]]:
        """Takes these UIDs out; gives the numbers they had, ascending, and the UIDs. Those not
        there are passed over."""
        if not self.count or not ranges:
            return [], []
        uids = self.uids
        spans = sets.spans(list(ranges), uids)
        numbers = [number for start, end in spans for number in range(start + 1, end + 1)]
        gone = [uids[number - 1] for number in numbers]
        if numbers:
            self._uids = _without(uids, spans)
            self.count = len(self._uids)
        return numbers, gone

    def is_whole(self, box: Mailbox) -> bool:
        """The mailbox has these letters now, all of them and no others: below UIDNEXT letters only
        go, so as many as there were are the same."""
        return (box.uidvalidity, box.uidnext, box.messages) == (
            self.uidvalidity,
            self.uidnext,
            self.count,
        )

    # ---- numbers and UIDs

    async def chosen(self, store: Store, numbers: NumberSet, *, uid: bool) -> Ranges:
        """The UIDs a set means: of known messages only, as ranges that may hold UIDs that are none.

        Raises NoSuchMessage for a number beyond the last message.
        """
        if not numbers:
            return self.saved
        if uid:
            return await self._chosen_by_uid(store, numbers)
        if not self.count and all(STAR in pair for pair in numbers):
            return NOTHING
        ranges = sets.resolve(numbers, self.count)
        if ranges and ranges[-1][1] > self.count:
            raise NoSuchMessage
        if ranges == [(1, self.count)]:
            return self.known
        uids = await self.load(store)
        return tuple([(uids[first - 1], uids[last - 1]) for first, last in ranges])

    async def _chosen_by_uid(self, store: Store, numbers: NumberSet) -> Ranges:
        largest = 0
        if any(STAR in pair for pair in numbers):
            uids = await self.load(store)
            largest = uids[-1] if uids else 0
        last = self.uidnext - 1
        return tuple([(a, min(b, last)) for a, b in sets.resolve(numbers, largest) if a <= last])

    def numbers_of(self, wanted: Sequence[int]) -> Sequence[int]:
        """The message numbers of these UIDs, which are all known and ascending."""
        uids = self.uids
        many = len(wanted)
        first = bisect_left(uids, wanted[0])
        if first + many <= len(uids) and uids[first + many - 1] == wanted[-1]:
            # As many known UIDs as wanted lie between the first and the last: they are the same.
            return range(first + 1, first + many + 1)
        return [bisect_left(uids, uid) + 1 for uid in wanted]

    def number_of(self, uid: int) -> int:
        """The message number of one UID; 0 when it is not (or no more) known."""
        uids = self.uids
        place = bisect_left(uids, uid)
        return place + 1 if place < len(uids) and uids[place] == uid else 0

    # ---- \Recent

    def tell_no_recent(self) -> None:
        """IMAP4rev2 knows no \\Recent: others may be told of these letters. RFC 9051 E 6"""
        self.recent = NOTHING
        self.recent_told = 0
        self.claimed = sets.NUMBER_MAX + 1

    def is_recent(self, uid: int) -> bool:
        return any(first <= uid <= last for first, last in self.recent)

    def recent_count(self) -> int:
        """How many messages are recent; the UIDs are loaded where any may be."""
        if not self.recent or not self.count:
            return 0
        spans = sets.spans(list(self.recent), self.uids)
        return sum(end - start for start, end in spans)

    # ---- changes

    @property
    def is_behind(self) -> bool:
        return self.noticed > self.synced or self.gone != NOTHING

    def hear(self, modseq: int) -> None:
        """Something was committed as `modseq` that may concern this mailbox."""
        if modseq > self.noticed:
            self.noticed = modseq

    def did_elsewhere(self, modseq: int) -> None:
        """This session changed another mailbox of the account."""
        if modseq == self.synced + 1:
            self.synced = modseq

    def did(self, modseq: int) -> None:
        """This session's own change was committed as `modseq`; 0: it changed nothing."""
        if not modseq:
            return
        self.highest = max(self.highest, modseq)
        if modseq == self.synced + 1:
            self.synced = modseq
        else:
            # Somebody else changed the account in between: `news` has to look.
            self.own |= {modseq}
            self.hear(modseq)


def uids_in(ranges: Ranges) -> Uids:
    """Every UID of some ranges, as a list; one range is not written out."""
    if len(ranges) == 1:
        return range(ranges[0][0], ranges[0][1] + 1)
    return array("I", numbers_in(ranges))


def numbers_in(ranges: Iterable[tuple[int, int]]) -> Iterable[int]:
    """Every number of some ranges."""
    return (number for first, last in ranges for number in range(first, last + 1))


async def _existing(
    store: Store, account: int, mailbox: int, first: int, last: int
) -> "array[int]":
    found = array("I")
    if first <= last:
        async for piece in store.uids(account, mailbox, first, last):
            found += piece
    return found


def _compact(uids: Uids) -> Uids:
    """The same UIDs as a range if they have no gap."""
    if uids and uids[-1] - uids[0] + 1 == len(uids):
        return range(uids[0], uids[-1] + 1)
    return uids or range(0)


def _joined(uids: Uids, new: Uids) -> Uids:
    if not uids:
        return _compact(new)
    if isinstance(uids, range) and new[0] == uids[-1] + 1 and new[-1] - new[0] + 1 == len(new):
        return range(uids[0], new[-1] + 1)
    joined = array("I", uids)
    joined.extend(new)
    return joined


def _without(uids: Uids, spans: list[tuple[int, int]]) -> Uids:
    """A new list without these slices."""
    if len(spans) == 1:  # at an end a range stays a range
        start, end = spans[0]
        if start == 0:
            return uids[end:]
        if end == len(uids):
            return uids[:start]
    kept = array("I")
    place = 0
    for start, end in spans:
        kept.extend(uids[place:start])
        place = end
    kept.extend(uids[place:])
    return _compact(kept)
