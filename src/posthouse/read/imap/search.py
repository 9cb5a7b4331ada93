"""SEARCH and UID SEARCH. RFC 3501 6.4.4, 4731, 5182, 7162 3.1.5

A search is worked out as sets of UIDs: what the store can tell by its columns is asked in one
question and narrows the rest; only what is left has its octets read, a slice at a time. That all
letters are meant, or none, the mailbox's counters know.
"""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.search_keys import (
    Conditions,
    all_of,
    asks_modseq,
    conditions_of,
    cost_of,
    number_that_meet,
)
from posthouse.read.imap.search_scan import SCAN_FIELDS, ScanKey, only_header, test_of
from posthouse.read.imap.view import NOTHING, View
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Ranges
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import Done, No, Ok, esearch_line, search_line
from posthouse.wire.imap.search_keys import (
    AllMessages,
    And,
    InBody,
    InHeader,
    InSet,
    InText,
    IsRecent,
    Not,
    Or,
    SaveDateSupported,
    SearchKey,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

Found = Sequence[int]
"""UIDs, ascending."""
SLICES_A_TURN: Final = 4
"""The store's slices of answers between two turns of the loop."""
_ALL: Final = frozenset({"ALL"})
_DONE: Final = Ok("Searched")


async def search(visit: "ImapVisit", question: commands.Search) -> Done:
    """SEARCH, UID SEARCH."""
    view, returns = visit.selected, question.returns
    if returns is None and visit.rev2:
        returns = _ALL  # RFC 9051 6.4.4: there is only ESEARCH
    saves = returns is not None and "SAVE" in returns
    if asks_modseq(question.key):
        turn_on_condstore(visit)
    try:
        found = await Searcher(visit, view).find(question.key, view.known)
    except StoreFailure:
        if saves:
            view.saved = NOTHING  # RFC 5182 2.1
        raise
    modseq = None
    if found and asks_modseq(question.key):
        modseq = await highest_modseq(visit, view, told(found, returns))
    if returns is not None and saves:
        view.saved = tuple(sets.ranges_of(told(found, returns - {"SAVE"})))
        returns -= {"SAVE"}
        if not returns:
            return _DONE
    numbers = found
    if not question.uid and found:
        await view.load(visit.house.store)
        numbers = view.numbers_of(found)
    if returns is None:
        visit.core.untagged(search_line(numbers, modseq))
    else:
        visit.core.untagged(
            esearch_line(
                visit.core.tag, uid=question.uid, found=numbers, returns=returns, modseq=modseq
            )
        )
    return _DONE


async def declined(visit: "ImapVisit", question: commands.SearchDeclined) -> No:
    """A search that should have been saved and cannot be done. RFC 5182 2.1"""
    visit.selected.saved = NOTHING
    return No(question.text, question.code)


def told(found: Found, returns: frozenset[str] | None) -> Found:
    """The messages an answer is about: with MIN and MAX only, these. RFC 4731 3.1, 5182 2.1"""
    if not returns or not found or not returns <= {"MIN", "MAX"}:
        return found
    ends = [found[0]] if "MIN" in returns else []
    if "MAX" in returns and (not ends or found[-1] != found[0]):
        ends.append(found[-1])
    return ends


async def highest_modseq(visit: "ImapVisit", view: View, uids: Found) -> int:
    highest = 0
    async for rows in visit.house.store.letters(
        view.account, view.mailbox, tuple(sets.ranges_of(uids)), ("modseq",)
    ):
        highest = max(highest, *[row[0] for row in rows])
    return highest


class Searcher:
    """Works one search out."""

    __slots__ = ("_now", "_slices", "_view", "_visit")

    def __init__(self, visit: "ImapVisit", view: View) -> None:
        self._visit = visit
        self._view = view
        self._now = visit.house.clock.now()
        self._slices = 0

    async def find(self, key: SearchKey, among: Ranges) -> Found:
        """The UIDs among these that meet the key. `among` may name UIDs that no letter has."""
        conditions: Conditions = ()
        rest: list[SearchKey] = []
        for part in all_of(key):
            if isinstance(part, AllMessages | SaveDateSupported):
                continue
            allowed = await self._allowed(part)
            if allowed is not None:
                among = common(among, allowed)
                continue
            simple = conditions_of(part, self._now)
            if simple is None:
                rest.append(part)
            else:
                conditions += simple
        if not among:
            return ()
        if not conditions and rest:
            # The first of the rest looks at what is there anyway.
            rest.sort(key=cost_of)
            found = await self._other(rest.pop(0), among)
        else:
            found = await self._by_columns(among, conditions)
            rest.sort(key=cost_of)
        for part in rest:
            if not found:
                return ()
            found = await self._other(part, tuple(sets.ranges_of(found)))
        return found

    async def _allowed(self, key: SearchKey) -> Ranges | None:
        """Keys that are sets of UIDs by themselves, or say which UIDs are left out."""
        view, store = self._view, self._visit.house.store
        match key:
            case InSet(numbers, uid):
                return await view.chosen(store, numbers, uid=uid)
            case IsRecent(is_set):
                return view.recent if is_set else without(view.known, view.recent)
            case Not(InSet(numbers, uid)):
                chosen = await view.chosen(store, numbers, uid=uid)
                return without(view.known, chosen)
            case _:
                return None

    async def _counted(self, among: Ranges, conditions: Conditions) -> Found | None:
        """All letters or none of them, where the mailbox's counters say so; None: look at each."""
        view, store = self._view, self._visit.house.store
        if among != view.known:
            return None
        box = await store.mailbox(view.account, view.mailbox)
        if box is None or not view.is_whole(box):
            return None
        met = number_that_meet(conditions, box)
        if met == 0:
            return ()
        return await view.load(store) if met == box.messages else None

    async def _by_columns(self, among: Ranges, conditions: Conditions) -> Found:
        counted = await self._counted(among, conditions)
        if counted is not None:
            return counted
        view, found = self._view, array("I")
        async for piece in self._visit.house.store.find(
            view.account, view.mailbox, among, conditions
        ):
            found += piece
            await self._breathe()
        return found

    async def _other(self, key: SearchKey, among: Ranges) -> Found:
        match key:
            case Or(left, right):
                first = await self.find(left, among)
                # What the left side found need not be tried again.
                second = await self.find(right, without(among, sets.ranges_of(first)))
                return sorted([*first, *second])
            case Not(inner):
                there = await self._by_columns(among, ())
                left_out = set(await self.find(inner, among))
                return [uid for uid in there if uid not in left_out]
            case And():
                return await self.find(key, among)
            case InBody() | InText() | InHeader():
                return await self._scan(key, among)
            case _:
                raise AssertionError(f"{key} has a column")

    async def _scan(self, key: ScanKey, among: Ranges) -> Found:
        """Reads the octets of all these letters."""
        store, view, line = self._visit.house.store, self._view, self._visit.line
        test = test_of(key)
        is_short = only_header(key)
        found = []
        async for rows in store.letters(view.account, view.mailbox, among, SCAN_FIELDS):
            for uid, octets, body, header, parts in rows:
                if octets is None:
                    octets = await self._octets(body, header if is_short else -1)
                if test(octets, header, parts):
                    found.append(uid)
            await line.turn()
        return found

    async def _octets(self, body: bytes, count: int) -> bytes:
        """A large letter's; one whose octets are gone has no words."""
        try:
            octets = await self._visit.house.store.octets(body, 0, count)
        except (KeyError, OSError):
            return b""
        await self._visit.line.turn()
        return octets

    async def _breathe(self) -> None:
        self._slices += 1
        if self._slices % SLICES_A_TURN == 0:
            await self._visit.line.turn()


# ---- sets of UIDs as ranges


def common(some: Ranges, others: Ranges) -> Ranges:
    """What is in both; in the time of their lengths."""
    found = []
    mine, theirs = iter(some), iter(others)
    a, b = next(mine, None), next(theirs, None)
    while a is not None and b is not None:
        first, last = max(a[0], b[0]), min(a[1], b[1])
        if first <= last:
            found.append((first, last))
        if a[1] < b[1]:
            a = next(mine, None)
        else:
            b = next(theirs, None)
    return tuple(found)


def without(some: Ranges, left_out: Sequence[tuple[int, int]]) -> Ranges:
    """What is in the first and not in the second."""
    found = []
    place = 0
    for first, last in some:
        start = first
        while place < len(left_out) and left_out[place][1] < start:
            place += 1
        at = place
        while at < len(left_out) and left_out[at][0] <= last:
            if start < left_out[at][0]:
                found.append((start, left_out[at][0] - 1))
            start = max(start, left_out[at][1] + 1)
            at += 1
        if start <= last:
            found.append((start, last))
    return tuple(found)
