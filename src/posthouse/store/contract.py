"""The contract of the store: all that stations may ask, whatever the engine. One suite tests every
engine.

Reads are `async`, but on an engine that need not wait they finish in the same turn (design.md 3).
Sliced reads return at
most `SLICE_ROWS` rows a step and stop between; whoever loops over them gives the loop a turn now
and then.
"""

from array import array
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Literal, Protocol

import msgspec

from posthouse.store.values import AnyResult, AnyValue, Credential, Noted, Ranges, Why
from posthouse.store.values_queue import QueueCounts, QueueDestination, QueueLetter

SLICE_ROWS: Final = 256
"""Most rows that one step of a sliced read returns."""

PlacementField = Literal["uid", "email", "modseq", "flags", "keywords", "saved"]
EmailField = Literal[
    "body", "size", "received", "header_octets", "envelope", "bodystructure", "parts", "sent",
    "sent_day",
    "from_key", "to_key", "cc_key", "subject_key", "is_reply", "from_text", "to_text", "cc_text",
    "bcc_text",
    "subject_text", "subject", "message_id", "references", "thread", "preview", "has_attachment",
    "render_version",
]  # fmt: skip
Field = PlacementField | EmailField | Literal["octets"]
"""Columns of a letter. `references` is a str, ids joined by a space. `octets` is bytes, or None
when the body is
larger than BODY_INLINE_OCTETS_MAX (then `Store.octets` reads it in pieces). `saved` is when it
came into this mailbox."""

PLACEMENT_FIELDS: Final[frozenset[str]] = frozenset(
    {"uid", "email", "modseq", "flags", "keywords", "saved"}
)

Row = tuple[Any, ...]
"""One letter's fields, in the order asked for."""


class StoreFailure(Exception):
    """A unit that was not kept. `why` decides the answer to the peer; `text` is for the log."""

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(f"{why.name}: {text}")
        self.why = why
        self.text = text


class Condition(msgspec.Struct, frozen=True):
    """What `find` can ask of one field. `value` has the field's type.

    contains: substring (of *_text fields; value in `mail.text.search_form`). equal, less,
    at_least: comparison.
    bits_on, bits_off: all of these flag bits set, none of them set. word: the keyword (ASCII
    case-insensitively) is set.
    """

    field: str
    test: Literal["contains", "equal", "less", "at_least", "bits_on", "bits_off", "word", "no_word"]
    value: str | int


class Mailbox(msgspec.Struct, frozen=True):
    """One mailbox as it is now."""

    id: int
    name: str
    selectable: bool
    special_use: str
    uidvalidity: int
    uidnext: int
    highest_modseq: int
    """At least 1, also when nothing ever changed. RFC 7162 3.1.2.1"""
    messages: int
    unseen: int
    deleted: int
    """Letters with \\Deleted."""
    octets: int
    first_recent: int
    """UIDs from here on are \\Recent for the next session that claims them."""


class Account(msgspec.Struct, frozen=True):
    """One account of the directory."""

    id: int
    address: str
    """Key form."""
    shown: str
    enabled: bool
    quota_octets: int
    octets: int
    letters: int
    modseq: int
    created: int
    quota_letters: int = 0

    def has_room(self, octets: int) -> bool:
        """Whether one letter more of so many octets would not pass a limit."""
        is_long = 0 < self.quota_octets < self.octets + octets
        return not is_long and not 0 < self.quota_letters <= self.letters


class Domain(msgspec.Struct, frozen=True):
    """One domain of the directory."""

    name: str
    accounts: int
    aliases: int


class Alias(msgspec.Struct, frozen=True):
    """One alias of the directory; local part "" is the catch-all."""

    address: str
    targets: tuple[str, ...]


class Changes(msgspec.Struct, frozen=True):
    """What happened in a mailbox after some MODSEQ, net: a UID that vanished is not in `flags`.

    New letters are not in it: their UIDs are those from the UIDNEXT known before.
    """

    highest_modseq: int
    flags: Ranges
    vanished: Ranges


class TraceRow(msgspec.Struct, frozen=True):
    """A row of `Note`, as kept."""

    letter: bytes
    written: int
    message_id: str
    stations: bytes


class LoginRow(msgspec.Struct, frozen=True):
    """Log-ins that were alike: `count` of them, the first and the last at these times."""

    first: int
    last: int
    count: int
    door: str
    peer: str
    mechanism: str
    tls: str
    refused: str


class StoreSizes(msgspec.Struct, frozen=True):
    """For `status`: figures that cost little to get."""

    accounts: int
    letters: int
    body_octets: int
    database_octets: int
    log_octets: int


class Watch(Protocol):
    """A running watch of one account."""

    def cancel(self) -> None:
        """No call comes after this returns."""


class Store(Protocol):
    """The whole of what is kept. One object a process."""

    # ---- writes

    async def commit(self, *values: AnyValue) -> tuple[AnyResult, ...]:
        """One unit of work: all values or none. Durable when this returns: the caller may say 250.
        RFC 5321 6.1

        Results in the order of the values. Waits for one sync, shared with all units that wait at
        that moment.
        Raises StoreFailure; then nothing of the unit was kept.
        """

    def note(self, note: Noted) -> None:
        """Keeps a row with the next commit, at most a second later; may be dropped when there are
        too many. One that fails is lost."""

    # ---- the bus

    def watch(self, account: int, changed: Callable[[int], None]) -> Watch:
        """Calls `changed(modseq)` on this process's loop after each commit, by anybody, that
        touched the account.

        A word may be lost or come twice or late; it only says that it is worth looking.
        """

    # ---- directory

    async def epoch(self) -> int:
        """Grows with each change of the directory, before the one who changed it is answered."""

    async def domains(self) -> list[Domain]: ...

    async def has_domain(self, name: str) -> bool: ...

    async def account(self, account: int) -> Account | None: ...

    async def account_by_address(self, address: str) -> Account | None: ...

    async def accounts(self, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        """Ordered by address, those after `after`, of one domain or of all."""

    async def alias(self, address: str) -> Alias | None: ...

    async def aliases(
        self, domain: str = "", after: str = "", limit: int = 1000
    ) -> list[Alias]: ...

    async def credentials(self, account: int) -> tuple[Credential, ...]: ...

    # ---- mailboxes

    async def mailboxes(self, account: int) -> list[Mailbox]:
        """All, ordered by name."""

    async def mailbox(self, account: int, mailbox: int) -> Mailbox | None: ...

    async def mailbox_by_name(self, account: int, name: str) -> Mailbox | None: ...

    async def subscriptions(self, account: int) -> list[str]:
        """Names, sorted; they need not exist."""

    async def keywords(self, account: int, mailbox: int) -> tuple[str, ...]:
        """Every keyword used in the mailbox (it may name some used no more), sorted."""

    # ---- letters

    def uids(
        self, account: int, mailbox: int, first: int = 1, last: int = 2**32 - 1
    ) -> AsyncIterator["array[int]"]:
        """UIDs that exist, ascending, in slices (array "I") of any length."""

    def letters(
        self,
        account: int,
        mailbox: int,
        uids: Ranges,
        fields: tuple[Field, ...],
        changed_since: int = 0,
    ) -> AsyncIterator[list[Row]]:
        """Letters with these UIDs, ascending, only those with MODSEQ > changed_since; missing UIDs
        are passed over."""

    def find(
        self, account: int, mailbox: int, uids: Ranges, conditions: tuple[Condition, ...]
    ) -> AsyncIterator["array[int]"]:
        """UIDs of letters that meet all conditions, ascending, in slices; there may be empty
        slices."""

    async def changes(self, account: int, mailbox: int, since: int) -> Changes | None:
        """What happened after MODSEQ `since`. None: the log does not reach back so far, look at
        everything."""

    async def vanished(self, account: int, mailbox: int, since: int, uids: Ranges) -> Ranges | None:
        """Of these UIDs, those expunged after `since` (RFC 7162 3.2.5). None: the tombstones do
        not reach back."""

    async def octets(self, body: bytes, first: int = 0, count: int = -1) -> bytes:
        """Octets of a body; -1: to the end. Raises KeyError when there is no such body (any
        more)."""

    # ---- the queue

    async def queue_list(self, after: bytes = b"", limit: int = 100) -> list[QueueLetter]:
        """Letters with all their recipients, oldest first (by id), those after a letter."""

    async def queue_letter(self, letter: bytes) -> QueueLetter | None: ...

    async def queue_due(
        self, now: int, after: tuple[int, str] = (-1, ""), limit: int = 100
    ) -> list[QueueDestination]:
        """Destinations worth claiming from, longest due first, those after (wake, destination)."""

    async def queue_next(self, after: int) -> int | None:
        """The first time after this one at which a destination or a letter is due; None: never."""

    async def queue_is_aged(self, now: int) -> bool:
        """Whether `ClaimAged` would find a letter."""

    async def queue_destination(self, destination: str) -> QueueDestination | None: ...

    async def queue_counts(self) -> QueueCounts:
        """Looks at every row: for people and for a metric now and then."""

    # ---- trace and figures

    async def trace(self, letter: bytes) -> list[TraceRow]: ...

    async def trace_by_message_id(self, message_id: str, limit: int = 100) -> list[TraceRow]:
        """Newest first. Scans the days that are kept; for people, not for the way of a letter."""

    async def logins(self, account: int) -> list[LoginRow]:
        """Newest first: as many as are kept."""

    async def sizes(self) -> StoreSizes: ...

    def close(self) -> None: ...
