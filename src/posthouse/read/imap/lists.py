"""LIST, LSUB and STATUS: which mailboxes there are and what is in them. RFC 3501 6.3.8 to 6.3.10,
5258, 5819, 6154"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from posthouse.read.imap.failures import NO_MAILBOX, NOT_SELECTABLE
from posthouse.read.imap.login import turn_on_condstore
from posthouse.read.imap.names import composed, kept_name
from posthouse.store.contract import Condition, Mailbox, Store
from posthouse.store.values import DELETED
from posthouse.wire.imap import commands, sets
from posthouse.wire.imap.answers import Done, Ok, delimiter_line, list_line, status_line
from posthouse.wire.imap.match import DELIMITER, Matcher

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_LISTED: Final = Ok("Listed")
_DELETED: Final = (Condition("flags", "bits_on", DELETED),)


def mailbox_id(mailbox: int) -> str:
    """MAILBOXID; a letter before the number, so that nobody takes it for a number. RFC 8474 5.1"""
    return f"f{mailbox}"


class Names:
    """The account's mailboxes and subscriptions, as one LIST command sees them."""

    __slots__ = ("boxes", "parents", "subscribed")

    def __init__(self, boxes: Iterable[Mailbox], subscribed: Iterable[str]) -> None:
        self.boxes = {box.name: box for box in boxes}
        self.subscribed = set(subscribed)
        self.parents = {above for name in self.boxes for above in superiors(name)}

    def attributes(self, name: str, asked: commands.List) -> list[str]:
        """RFC 5258 3.2, 3348, 6154 2"""
        box = self.boxes.get(name)
        found = []
        if box is None:
            found.append("\\NonExistent")
        elif not box.selectable:
            found.append("\\Noselect")
        found.append("\\HasChildren" if name in self.parents else "\\HasNoChildren")
        wants_subscribed = asked.return_subscribed or asked.select_subscribed
        if wants_subscribed and name in self.subscribed:
            found.append("\\Subscribed")
        if box is not None and box.special_use:
            found.append(box.special_use)
        return found

    def selected(self, asked: commands.List) -> set[str]:
        """The names that the selection options mean, whatever the pattern is."""
        names = self.subscribed if asked.select_subscribed else set(self.boxes)
        if asked.select_special_use:
            names = {n for n in names if n in self.boxes and self.boxes[n].special_use}
        return names


def superiors(name: str) -> Iterable[str]:
    """The names above a name, the highest first."""
    place = name.find(DELIMITER)
    while place >= 0:
        yield name[:place]
        place = name.find(DELIMITER, place + 1)


async def list_mailboxes(visit: "ImapVisit", question: commands.List) -> Done:
    """LIST."""
    core, store = visit.core, visit.house.store
    if question.patterns == ("",) and not question.is_extended:
        core.untagged(delimiter_line())
        return _LISTED
    wants_subscriptions = question.select_subscribed or question.return_subscribed
    subscribed = await store.subscriptions(visit.account) if wants_subscriptions else ()
    names = Names(await store.mailboxes(visit.account), subscribed)
    matcher = Matcher(composed(question.reference), tuple(map(composed, question.patterns)))
    selected = names.selected(question)
    returned = {name for name in selected if matcher.matches(name)}
    children: dict[str, tuple[str, ...]] = {}
    if question.select_recursive:
        children = _with_children(question, matcher, selected, returned)
    for name in sorted(returned | children.keys()):
        attributes = names.attributes(name, question)
        core.untagged(
            list_line(attributes, name, child_info=children.get(name, ()), utf8=core.utf8)
        )
        box = names.boxes.get(name)
        if question.return_status and box is not None and box.selectable:
            await _tell_status(visit, box, question.return_status)
    return _LISTED


def _with_children(
    asked: commands.List, matcher: Matcher, selected: set[str], returned: set[str]
) -> dict[str, tuple[str, ...]]:
    """Names that the pattern means above selected ones that are not told themselves. RFC 5258
    3.5"""
    criteria = []
    if asked.select_subscribed:
        criteria.append("SUBSCRIBED")
    if asked.select_special_use:
        criteria.append("SPECIAL-USE")
    return {
        above: tuple(criteria)
        for name in selected
        if name not in returned
        for above in matcher.ancestors(name)
    }


async def list_subscribed(visit: "ImapVisit", question: commands.Lsub) -> Done:
    """LSUB. With `%`, a name stands for subscribed ones below it. RFC 3501 6.3.9"""
    core, store = visit.core, visit.house.store
    matcher = Matcher(composed(question.reference), (composed(question.pattern),))
    subscribed = await store.subscriptions(visit.account)
    listed: dict[str, list[str]] = {}
    for name in subscribed:
        if matcher.matches(name):
            listed[name] = []
        else:
            for above in matcher.ancestors(name):
                listed.setdefault(above, ["\\Noselect"])
    core.untagged(
        b"".join(
            [
                list_line(attributes, name, kind=b"LSUB", utf8=core.utf8)
                for name, attributes in sorted(listed.items())
            ]
        )
    )
    return _LISTED


async def status(visit: "ImapVisit", question: commands.Status) -> Done:
    """STATUS."""
    box = await visit.house.store.mailbox_by_name(visit.account, kept_name(question.mailbox))
    if box is None:
        return NO_MAILBOX
    if not box.selectable:
        return NOT_SELECTABLE
    await _tell_status(visit, box, question.items)
    return Ok("That is the status")


async def _tell_status(visit: "ImapVisit", box: Mailbox, items: tuple[str, ...]) -> None:
    if "HIGHESTMODSEQ" in items:
        turn_on_condstore(visit)  # RFC 7162 3.1.8
    found: dict[str, int | str] = {}
    for item in items:
        match item:
            case "RECENT":
                found[item] = await _recent(visit.house.store, visit.account, box)
            case "DELETED-STORAGE":
                found[item] = await _deleted_octets(visit, box)
            case "MAILBOXID":
                found[item] = mailbox_id(box.id)
            case "APPENDLIMIT":
                found[item] = visit.house.limits.letter_octets_max
            case _:
                figure: int = getattr(box, _FIGURES[item])
                found[item] = figure
    visit.core.untagged(status_line(box.name, found, utf8=visit.core.utf8))


_FIGURES: Final = {
    "MESSAGES": "messages",
    "UIDNEXT": "uidnext",
    "UIDVALIDITY": "uidvalidity",
    "UNSEEN": "unseen",
    "HIGHESTMODSEQ": "highest_modseq",
    "SIZE": "octets",  # RFC 8438 2
    "DELETED": "deleted",
}


async def _deleted_octets(visit: "ImapVisit", box: Mailbox) -> int:
    """What an EXPUNGE would give back. RFC 9208 4.1.4"""
    if not box.deleted:
        return 0
    store, found = visit.house.store, 0
    everything = ((1, box.uidnext - 1),)
    async for uids in store.find(visit.account, box.id, everything, _DELETED):
        ranges = tuple(sets.ranges_of(uids))
        async for rows in store.letters(visit.account, box.id, ranges, ("size",)):
            found += sum([row[0] for row in rows])
        await visit.line.turn()
    return found


async def _recent(store: Store, account: int, box: Mailbox) -> int:
    """How many letters nobody was told of yet."""
    if box.first_recent >= box.uidnext:
        return 0
    found = 0
    async for piece in store.uids(account, box.id, box.first_recent, box.uidnext - 1):
        found += len(piece)
    return found
