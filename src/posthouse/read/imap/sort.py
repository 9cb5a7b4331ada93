"""SORT and THREAD: what a search finds, in another order. RFC 5256, 5267 3, 5957

The keys were made when the letters came; they are read, sorted and joined in slices, between which
others have their turn.
"""

from collections.abc import Generator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from posthouse.mail import display
from posthouse.mail.ordering import in_order
from posthouse.mail.thread_tree import Letter, References, by_subject
from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.search import Searcher, highest_modseq, told
from posthouse.read.imap.search_keys import asks_modseq
from posthouse.read.imap.thread_cache import State, ThreadKey, state_of
from posthouse.read.imap.view import NOTHING, View
from posthouse.store.contract import Field, StoreFailure
from posthouse.store.values import Ranges
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import Done, Ok, esearch_line, sort_line, thread_line
from posthouse.wire.imap.commands import SortKey
from posthouse.wire.imap.search_keys import AllMessages

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

SLICES_A_TURN: Final = 4
"""The store's slices of letters between two turns of the loop."""
_SORTED: Final = Ok("Sorted")
_THREADED: Final = Ok("Threaded")
_FIELDS: Final[dict[str, Field]] = {
    "ARRIVAL": "received",
    "CC": "cc_key",
    "DATE": "sent",
    "DISPLAYFROM": "envelope",
    "DISPLAYTO": "envelope",
    "FROM": "from_key",
    "SIZE": "size",
    "SUBJECT": "subject_key",
    "TO": "to_key",
}
_DISPLAYED: Final = {"DISPLAYFROM": display.FROM, "DISPLAYTO": display.TO}
_THREAD_FIELDS: Final[tuple[Field, ...]] = (
    "sent",
    "subject_key",
    "is_reply",
    "message_id",
    "references",
)

T = TypeVar("T")


async def sort(visit: "ImapVisit", question: commands.Sort) -> Done:
    """SORT, UID SORT, with RETURN or without."""
    view, returns = visit.selected, question.returns
    saves = returns is not None and "SAVE" in returns
    try:
        found = await _found(visit, view, question)
        order = await _sorted(visit, view, found, question)
    except StoreFailure:
        if saves:
            view.saved = NOTHING  # RFC 5182 2.1
        raise
    about = told(order, returns and returns - {"SAVE"})
    uids = sorted(about if question.uid else [view.uids[number - 1] for number in about])
    modseq = None
    if order and asks_modseq(question.key):
        modseq = await highest_modseq(visit, view, uids)
    if returns is None:
        visit.core.untagged(sort_line(order, modseq))
        return _SORTED
    if saves:
        view.saved = tuple(sets.ranges_of(uids))
        returns -= {"SAVE"}
    if returns:
        all_set = sets.format_ranges(sets.ranges_of(order)) if "ALL" in returns else None
        visit.core.untagged(
            esearch_line(
                visit.core.tag,
                uid=question.uid,
                found=order,
                returns=returns,
                modseq=modseq,
                all_set=all_set,
            )
        )
    return _SORTED


async def thread(visit: "ImapVisit", question: commands.Thread) -> Done:
    """THREAD, UID THREAD. Those of all letters are known until a letter comes or goes."""
    view, cache = visit.selected, visit.house.threads
    if not isinstance(question.key, AllMessages):
        visit.core.untagged(thread_line(await _threads(visit, view, question)))
        return _THREADED
    key = ThreadKey(view.account, view.mailbox, question.algorithm, question.uid)
    state = await _state(visit, view)
    threads = cache.get(key, state) if state is not None else None
    if threads is None:
        threads = await _threads(visit, view, question)
        if state is not None and state == await _state(visit, view):
            cache.keep(key, state, threads)
    visit.core.untagged(thread_line(threads))
    return _THREADED


async def _state(visit: "ImapVisit", view: View) -> State | None:
    """The mailbox's state, when this session knows exactly the letters it has."""
    box = await visit.house.store.mailbox(view.account, view.mailbox)
    return state_of(box) if box is not None and view.is_whole(box) else None


async def _threads(visit: "ImapVisit", view: View, question: commands.Thread) -> str:
    found = await _found(visit, view, question)
    references = References()
    letters: list[Letter] = []
    by_references = question.algorithm == "REFERENCES"
    async for rows in _rows(visit, view, found, _THREAD_FIELDS, uid=question.uid):
        if by_references:
            references.add([Letter(*row) for row in rows])
        else:
            letters += [Letter(*row) for row in rows]
    steps = references.thread() if by_references else by_subject(letters)
    return await _carried(visit, steps)


async def _found(
    visit: "ImapVisit", view: View, question: commands.Sort | commands.Thread
) -> Ranges:
    if asks_modseq(question.key):
        turn_on_condstore(visit)
    uids = await Searcher(visit, view).find(question.key, view.known)
    return tuple(sets.ranges_of(uids))


async def _sorted(
    visit: "ImapVisit", view: View, found: Ranges, question: commands.Sort
) -> list[int]:
    """The letters found, as UIDs or numbers, in the order wanted."""
    keys = question.sort_keys
    letters: list[Any] = []
    fields = tuple([_FIELDS[key.name] for key in keys])
    displayed = [
        (place, _DISPLAYED[k.name]) for place, k in enumerate(keys, 1) if k.name in _DISPLAYED
    ]
    async for rows in _rows(visit, view, found, fields, uid=question.uid):
        letters += [_shown(row, displayed) for row in rows] if displayed else rows
    # From the last key to the first: what is equal keeps the order it has by the keys behind, and
    # in the end that of the mailbox. RFC 5256 3
    for place, key in reversed(list(enumerate(_distinct(keys), 1))):
        if key is not None:
            order = in_order(letters, itemgetter(place), reverse=key.reverse)
            letters = await _carried(visit, order)
    return [letter[0] for letter in letters]


def _distinct(keys: tuple[SortKey, ...]) -> list[SortKey | None]:
    """A key that came before, whichever way round, decides nothing any more."""
    names: set[str] = set()
    distinct: list[SortKey | None] = []
    for key in keys:
        distinct.append(None if key.name in names else key)
        names.add(key.name)
    return distinct


def _shown(row: tuple[Any, ...], displayed: list[tuple[int, int]]) -> tuple[Any, ...]:
    """The row with what is shown of an address in place of the envelope. RFC 5957 3"""
    shown = list(row)
    for place, field in displayed:
        shown[place] = display.display_key(row[place], field)
    return tuple(shown)


async def _rows(
    visit: "ImapVisit", view: View, found: Ranges, fields: tuple[Field, ...], *, uid: bool
) -> Any:
    """Slices of letters: how the answer names each, then its fields."""
    store = visit.house.store
    if not uid:
        await view.load(store)
    slices = 0
    async for rows in store.letters(view.account, view.mailbox, found, ("uid", *fields)):
        slices += 1
        if slices % SLICES_A_TURN == 0:
            await visit.line.turn()
        if uid:
            yield rows
        else:
            numbers = view.numbers_of([row[0] for row in rows])
            yield [(number, *row[1:]) for number, row in zip(numbers, rows, strict=True)]


async def _carried(visit: "ImapVisit", steps: Generator[None, None, T]) -> T:
    """Carries a generator on, a turn of the loop between its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
        await visit.line.turn()
