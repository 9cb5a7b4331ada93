"""FETCH and UID FETCH. RFC 3501 6.4.5, 7.4.2; 7162 3.1.4

Slices of letters become octets at a time, other sessions get their turn between, and a client that
reads slowly is waited for. A letter too large to be held goes out in pieces.
"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap import binary
from posthouse.read.imap.fetch_items import Plan
from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.ports import breathe
from posthouse.read.imap.resync import tell_vanished
from posthouse.read.imap.sections import Place, place_of
from posthouse.read.imap.view import View
from posthouse.store.contract import Condition, Row, StoreFailure
from posthouse.store.values import SEEN, FlagChange, FlagsSet, Ranges, SetFlags
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import EXPUNGEISSUED, UNKNOWN_CTE, Bad, Done, No, Ok
from posthouse.wire.imap.commands import BinarySection, BodySection, FetchItem

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

PIECE_OCTETS: Final = 128 * 1024
"""A large letter is read and sent so many octets at a time."""
SECTIONS_A_SLICE: Final = 256
"""Sections of letters put together at a time: a client may ask for many of each letter."""
OUTPUT_OCTETS: Final = 64 * 1024
"""So much output is put together before it goes out and others have their turn."""
_UNSEEN: Final = (Condition("flags", "bits_off", SEEN),)
_DONE: Final = Ok("Fetched")
_NEEDS_QRESYNC: Final = Bad("VANISHED comes after ENABLE QRESYNC")
_UNKNOWN_ENCODING: Final = No("The encoding of a part is not known", UNKNOWN_CTE)
_SOME_GONE: Final = No("Some of these messages were just deleted", EXPUNGEISSUED)


async def fetch(visit: "ImapVisit", question: commands.Fetch) -> Done:
    """FETCH, UID FETCH."""
    view, store = visit.selected, visit.house.store
    if question.vanished and not visit.qresync:
        return _NEEDS_QRESYNC  # RFC 7162 3.2.6
    chosen = await view.chosen(store, question.numbers, uid=question.uid)
    if question.changed_since is not None or "MODSEQ" in question.items:
        turn_on_condstore(visit)
    if question.vanished:
        assert question.changed_since is not None, "the grammar wants both"
        await tell_vanished(visit, view, question.changed_since, question.numbers)
    if not chosen:
        return _DONE
    items = list(question.items)
    uids = await view.load(store)
    if not view.read_only and _sets_seen(items) and await _mark_seen(visit, view, chosen):
        # RFC 3501 6.4.5: the flags that changed are part of the answer.
        items += [name for name in _changed_items(visit) if name not in items]
    wanted = sum([end - start for start, end in sets.spans(list(chosen), uids)])
    plan = Plan(items, view)
    told = await _send(visit, view, chosen, plan, question.changed_since or 0)
    if plan.has_unknown_encoding:
        return _UNKNOWN_ENCODING  # RFC 3516 4.3
    if told < wanted and not question.uid and question.changed_since is None:
        return _SOME_GONE  # RFC 5530 3
    return _DONE


def _sets_seen(items: list[FetchItem]) -> bool:
    return any(not isinstance(item, str) and not item.peek for item in items)


def _changed_items(visit: "ImapVisit") -> tuple[str, ...]:
    named = ("UID",) if visit.names_uids else ()
    return (*named, "FLAGS", "MODSEQ") if visit.condstore else (*named, "FLAGS")


async def _mark_seen(visit: "ImapVisit", view: View, chosen: Ranges) -> bool:
    """Sets \\Seen where it is not set. Mail can be read also when nothing can be written."""
    store = visit.house.store
    unseen: list[int] = []
    async for piece in store.find(view.account, view.mailbox, chosen, _UNSEEN):
        unseen += piece
    if not unseen:
        return False
    change = SetFlags(
        view.account, view.mailbox, tuple(sets.ranges_of(unseen)), FlagChange.ADD, SEEN, ""
    )
    try:
        (result,) = await store.commit(change)
    except StoreFailure as failure:
        visit.house.log.warning("imap.seen_not_kept", why=failure.why.name, text=failure.text)
        return False
    assert isinstance(result, FlagsSet)
    view.did(result.modseq)
    return bool(result.changed)


async def _send(
    visit: "ImapVisit", view: View, chosen: Ranges, plan: Plan, changed_since: int
) -> int:
    """Puts out the answers, slice by slice; gives how many."""
    core, store = visit.core, visit.house.store
    told = waiting = 0
    step = max(1, SECTIONS_A_SLICE // max(1, plan.sections))
    fields = tuple(plan.fields)
    octets = fields.index("octets") if plan.sections else 0
    async for slice_ in store.letters(view.account, view.mailbox, chosen, fields, changed_since):
        for start in range(0, len(slice_), step):
            rows = slice_[start : start + step] if len(slice_) > step else slice_
            if waiting >= OUTPUT_OCTETS:
                await breathe(visit.line)
                waiting = 0
            told += len(rows)
            numbers = view.numbers_of([row[0] for row in rows])
            if plan.sections and any(row[octets] is None for row in rows):
                await _send_mixed(visit, plan, list(zip(numbers, rows, strict=True)))
            else:
                lines = plan.lines(numbers, rows)
                waiting += len(lines)
                core.untagged(lines)
    return told


# ---- letters too large to be held


async def _send_mixed(visit: "ImapVisit", plan: Plan, rows: list[tuple[int, Row]]) -> None:
    place = plan.at("octets")
    for number, row in rows:
        if row[place] is None:
            await _send_large(visit, plan, number, row)
        else:
            visit.core.untagged(plan.lines((number,), [row]))


async def _send_large(visit: "ImapVisit", plan: Plan, number: int, row: Row) -> None:
    """One answer whose sections are read piece by piece, with the client's pace."""
    core = visit.core
    core.untagged(b"* %d FETCH (" % number)
    columns = [(value,) for value in row]
    space = b""
    for item, template, make in zip(plan.items, plan.templates, plan.makers, strict=True):
        if isinstance(item, BodySection):
            core.untagged(space + item.label + b" ")
            await _send_section(visit, plan, item, row)
        elif isinstance(item, BinarySection):
            core.untagged(space + item.label + b" ")
            await _send_binary(visit, plan, item, row)
        else:
            (value,) = make(columns)
            core.untagged(space + template % value)
        space = b" "
    core.untagged(b")\r\n")


async def _send_section(visit: "ImapVisit", plan: Plan, section: BodySection, row: Row) -> None:
    body, size, header = (row[plan.at(name)] for name in ("body", "size", "header_octets"))
    parts = row[plan.at("parts")] if section.part else b""
    place = place_of(section, size, header, parts)
    store, core = visit.house.store, visit.core
    if place is None:
        core.untagged(b"NIL")
        return
    if place.filter is not None:
        octets = await store.octets(body, place.start, place.end - place.start)
        octets = place.filter(octets, len(octets))
        if section.partial is not None:
            origin, count = section.partial
            octets = octets[origin : origin + count]
        core.untagged(b"{%d}\r\n" % len(octets))
        core.raw(octets)
        return
    core.untagged(b"{%d}\r\n" % (place.end - place.start))
    await _send_pieces(visit, body, place)


async def _send_binary(visit: "ImapVisit", plan: Plan, section: BinarySection, row: Row) -> None:
    body, size, parts = (row[plan.at(name)] for name in ("body", "size", "parts"))
    core = visit.core
    coded = binary.coded_of(section, size, parts)
    if coded is None or not coded.is_known:
        plan.has_unknown_encoding = plan.has_unknown_encoding or coded is not None
        core.untagged(binary.nothing(section))
        return

    async def read(start: int, count: int) -> bytes:
        octets = await _octets(visit, body, start, count)
        await breathe(visit.line)
        return octets

    try:
        head, wanted = await binary.announced(section, coded, read)
        core.untagged(head)
        if wanted:
            async for octets in binary.chosen(coded, read, wanted):
                core.raw(octets)
    except EOFError:
        visit.line.abort()


async def _octets(visit: "ImapVisit", body: bytes, start: int, count: int) -> bytes:
    """Raises EOFError when they cannot be read, which is told to the log."""
    try:
        octets = await visit.house.store.octets(body, start, count)
    except (KeyError, OSError):
        octets = b""
    if len(octets) != count:
        visit.house.row.add("faults_total")
        visit.house.log.error("imap.body_unreadable", body=body.hex(), at=start)
        raise EOFError
    return octets


async def _send_pieces(visit: "ImapVisit", body: bytes, place: Place) -> None:
    """The promised octets; when they cannot be read only the end of the connection is honest."""
    start = place.start
    while start < place.end:
        count = min(PIECE_OCTETS, place.end - start)
        try:
            visit.core.raw(await _octets(visit, body, start, count))
        except EOFError:
            visit.line.abort()
            return
        start += count
        await breathe(visit.line)
