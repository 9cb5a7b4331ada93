"""A client that comes back with what it knew: what is gone since, what changed. RFC 7162 3.2.5,
3.2.6

What is gone is told from tombstones. Where they do not reach back, all that is not there counts as
gone; a message that both sides know by number and UID proves that nothing before it is missing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from posthouse.read.imap.ports import breathe
from posthouse.read.imap.view import View, numbers_in
from posthouse.store.contract import Field
from posthouse.store.values import Ranges
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import fetch_flags_line, flag_list, vanished_ranges_line
from posthouse.wire.imap.sets import NumberSet

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_FIELDS: Final[tuple[Field, ...]] = ("uid", "flags", "keywords", "modseq")


async def catch_up(visit: "ImapVisit", view: View, known: commands.Qresync) -> None:
    """The end of SELECT with QRESYNC. For another UIDVALIDITY there is nothing to say: all is new.
    RFC 7162 3.2.5.1"""
    if known.uidvalidity != view.uidvalidity:
        return
    since = known.modseq
    if since >= view.highest:
        return
    numbers = known.known_uids or ((1, sets.STAR),)
    proven = 0
    if known.known_sequences is not None and known.known_sequence_uids is not None:
        uids = await view.load(visit.house.store)
        proven = _proven(uids, known.known_sequences, known.known_sequence_uids)
    await tell_vanished(visit, view, since, numbers, proven=proven)
    await _tell_changed(visit, view, _bounded(view, numbers), since)


async def tell_vanished(
    visit: "ImapVisit", view: View, since: int, numbers: NumberSet, *, proven: int = 0
) -> None:
    """`* VANISHED (EARLIER)` for these UIDs, `*` being the last one ever given. `proven`: up to
    this UID the client misses none."""
    store = visit.house.store
    asked = _bounded(view, numbers)
    gone = await store.vanished(view.account, view.mailbox, since, asked)
    uids = await view.load(store)
    if gone is None:
        gone = _after(asked, proven)
    # What the client still counts is told by a VANISHED that counts. RFC 7162 3.2.10
    gone = _not_in(gone, uids)
    if gone:
        visit.core.untagged(vanished_ranges_line(gone, earlier=True))


async def _tell_changed(visit: "ImapVisit", view: View, uids: Ranges, since: int) -> None:
    told = 0
    async for rows in visit.house.store.letters(view.account, view.mailbox, uids, _FIELDS, since):
        if told:
            await breathe(visit.line)
        told += 1
        numbers = view.numbers_of([row[0] for row in rows])
        lines = [
            fetch_flags_line(
                number, uid, flag_list(bits, keywords, recent=view.is_recent(uid)), modseq
            )
            for number, (uid, bits, keywords, modseq) in zip(numbers, rows, strict=True)
        ]
        visit.core.untagged(b"".join(lines))


def _bounded(view: View, numbers: NumberSet) -> Ranges:
    """The UIDs meant, of those that were given so far."""
    if not numbers:
        return view.saved
    last = view.uidnext - 1
    return tuple([(a, min(b, last)) for a, b in sets.resolve(numbers, last) if a <= last])


def _proven(uids: Sequence[int], numbers: NumberSet, known: NumberSet) -> int:
    """The highest UID that has the number the client knows it by. RFC 7162 3.2.5.2"""
    proven = 0
    pairs = zip(
        numbers_in(sets.resolve(numbers, 0)), numbers_in(sets.resolve(known, 0)), strict=True
    )
    for number, uid in pairs:
        if number <= len(uids) and uids[number - 1] == uid:
            proven = uid
    return proven


def _after(ranges: Ranges, uid: int) -> Ranges:
    return tuple([(max(first, uid + 1), last) for first, last in ranges if last > uid])


def _not_in(ranges: Ranges, uids: Sequence[int]) -> Ranges:
    """Of these UIDs those that are not in a view; in the time of what both have in common."""
    left: list[tuple[int, int]] = []
    for first, last in ranges:
        at = first
        for start, end in sets.spans([(first, last)], uids):
            for uid in uids[start:end]:
                if at < uid:
                    left.append((at, uid - 1))
                at = uid + 1
        if at <= last:
            left.append((at, last))
    return tuple(left)
