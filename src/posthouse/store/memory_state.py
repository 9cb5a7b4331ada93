"""What the in-memory twin keeps, and the copy that one unit of work changes.

Nothing is changed in place: a unit works on copies of the accounts it touches, and they replace
the old ones only when all its values succeeded. Slow for large mailboxes, but plain to see that a
failed unit leaves no trace.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from posthouse.mail.rendered import Rendered
from posthouse.store.contract import LoginRow, StoreFailure
from posthouse.store.values import Credential, NewBody, Note, Ranges, Why
from posthouse.store.values_queue import QueueDestination, QueueLetter


@dataclass(frozen=True, slots=True)
class Email:
    """A letter in an account, whatever mailboxes it is in."""

    number: int
    body: bytes
    size: int
    received: int
    thread: int
    rendered: Rendered


@dataclass(frozen=True, slots=True)
class Placement:
    """A letter in a mailbox."""

    uid: int
    email: Email
    modseq: int
    flags: int
    keywords: str
    saved: int
    created_modseq: int


@dataclass(slots=True)
class Box:
    """A mailbox. UIDs are given in growing order, so `letters` is always ordered by UID."""

    id: int
    name: str
    uidvalidity: int
    special_use: str = ""
    selectable: bool = True
    uidnext: int = 1
    highest_modseq: int = 1
    first_recent: int = 1
    keywords: tuple[str, ...] = ()
    letters: dict[int, Placement] = field(default_factory=dict)
    vanished: dict[int, int] = field(default_factory=dict)
    """UID and the MODSEQ at which it was expunged."""


@dataclass(slots=True)
class Resident:
    """An account with all its mail."""

    id: int
    address: str
    shown: str
    created: int
    quota_octets: int = 0
    enabled: bool = True
    credentials: tuple[Credential, ...] = ()
    modseq: int = 1
    last_email: int = 0
    last_mailbox: int = 0
    log_floor: int = 1
    """`changes` and `vanished` are complete after this MODSEQ."""
    boxes: dict[int, Box] = field(default_factory=dict)
    threads: dict[int, int] = field(default_factory=dict)
    subscriptions: frozenset[str] = frozenset()
    quota_letters: int = 0
    logins: tuple[LoginRow, ...] = ()
    """Oldest first."""

    def letters(self) -> int:
        """How many letters there are; one that is in two mailboxes counts twice."""
        return sum(len(box.letters) for box in self.boxes.values())

    def octets(self) -> int:
        """Octets of all letters; one that is in two mailboxes counts twice, as a user sees it."""
        return sum(p.email.size for box in self.boxes.values() for p in box.letters.values())

    def box_by_name(self, name: str) -> Box | None:
        """The mailbox with exactly this name."""
        return next((box for box in self.boxes.values() if box.name == name), None)


@dataclass(slots=True)
class Site:
    """Everything but the octets and the trace."""

    epoch: int = 1
    last_account: int = 0
    last_uidvalidity: int = 0
    domains: frozenset[str] = frozenset()
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    residents: dict[int, Resident] = field(default_factory=dict)
    leases: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name, then holder and until."""
    queue: dict[bytes, QueueLetter] = field(default_factory=dict)
    destinations: dict[str, QueueDestination] = field(default_factory=dict)
    """Those that have rows."""


class Work:
    """One unit of work in progress: `site` is what will be true if all values succeed."""

    __slots__ = ("_modseqs", "_told", "_touched", "bodies", "notes", "now", "site")

    def __init__(self, site: Site, now: int) -> None:
        self.site = replace(
            site,
            aliases=dict(site.aliases),
            residents=dict(site.residents),
            leases=dict(site.leases),
            queue=dict(site.queue),
            destinations=dict(site.destinations),
        )
        self.now = now
        self.bodies: list[NewBody] = []
        self.notes: list[Note] = []
        self._touched: set[int] = set()
        self._modseqs: dict[int, int] = {}
        self._told: dict[int, int] = {}

    def tell(self, account: int) -> None:
        """Whoever watches this shall look, though no mail of an account changed."""
        self._told[account] = self.now

    def resident(self, account: int) -> Resident:
        """This unit's own copy of the account. Fails with GONE."""
        resident = self.site.residents.get(account)
        if resident is None:
            raise StoreFailure(Why.GONE, f"no account {account}")
        if account not in self._touched:
            self._touched.add(account)
            boxes = {
                number: replace(box, letters=dict(box.letters), vanished=dict(box.vanished))
                for number, box in resident.boxes.items()
            }
            resident = replace(resident, boxes=boxes, threads=dict(resident.threads))
            self.site.residents[account] = resident
        return resident

    def box(self, account: int, mailbox: int) -> Box:
        """This unit's own copy of a mailbox that can hold letters. Fails with NO_MAILBOX."""
        if account not in self.site.residents:
            raise StoreFailure(Why.NO_MAILBOX, f"no account {account}")
        box = self.resident(account).boxes.get(mailbox)
        if box is None or not box.selectable:
            raise StoreFailure(Why.NO_MAILBOX, f"no mailbox {mailbox} in account {account}")
        return box

    def modseq(self, account: int) -> int:
        """The MODSEQ of this unit in this account: one for all its values. RFC 7162 3.1"""
        if account not in self._modseqs:
            resident = self.resident(account)
            resident.modseq += 1
            self._modseqs[account] = resident.modseq
        return self._modseqs[account]

    def changed_accounts(self) -> dict[int, int]:
        """Accounts whose mail this unit changed, with their MODSEQ, and what else was told."""
        return self._modseqs | self._told

    def new_uidvalidity(self) -> int:
        """Never the same again, also when the clock jumps back. RFC 3501 2.3.1.1"""
        self.site.last_uidvalidity = max(self.now, self.site.last_uidvalidity + 1)
        return self.site.last_uidvalidity


def chosen(box: Box, uids: Ranges) -> list[int]:
    """UIDs of the mailbox that are in the ranges, ascending."""
    firsts = [first for first, _ in uids]
    found = []
    for uid in box.letters:
        place = bisect_right(firsts, uid) - 1
        if place >= 0 and uid <= uids[place][1]:
            found.append(uid)
    return found


def ranges_of(uids: Iterable[int]) -> Ranges:
    """Ascending UIDs as ranges."""
    ranges: list[tuple[int, int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], uid)
        else:
            ranges.append((uid, uid))
    return tuple(ranges)
