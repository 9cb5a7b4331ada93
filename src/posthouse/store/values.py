"""The writes, as frozen values with a result each (design.md 3). A write is never a closure.

The same value goes over a socket to the scribe, into a PostgreSQL transaction, into the in-memory
twin, into a replay. Every engine has one function a kind. All integers fit in 63 bits; times are
seconds since 1970 UTC.
"""

from enum import IntEnum
from typing import Final, NewType

import msgspec

from posthouse.mail.rendered import Rendered
from posthouse.store.values_base import Done as Done
from posthouse.store.values_base import NewBody as NewBody
from posthouse.store.values_base import Result as Result
from posthouse.store.values_base import Value as Value
from posthouse.store.values_logins import RecordLogin as RecordLogin
from posthouse.store.values_queue import QueueResult, QueueValue

AccountId = NewType("AccountId", int)
"""Given by the store, from 1, never again after the account is gone."""
MailboxId = NewType("MailboxId", int)
"""Within an account, from 1, never again; a rename keeps it."""
Uid = NewType("Uid", int)
"""1 to 2**32 - 1 within a mailbox and its UIDVALIDITY, strictly growing. RFC 3501 2.3.1.1"""
ModSeq = NewType("ModSeq", int)
"""From 1 within an account; every unit that changes the account's mail takes the next. RFC 7162
3.1"""
EmailNumber = NewType("EmailNumber", int)
"""A letter in an account, from 1, never again."""
BodyId = NewType("BodyId", bytes)
"""16 octets, `base.ids`; also the letter's trace id."""

INBOX: Final = MailboxId(1)
"""Every account's INBOX, from its first moment; it can be neither deleted nor lose its id."""

Range = tuple[int, int]
"""First and last UID, both included."""
Ranges = tuple[Range, ...]
"""Sorted, disjoint."""

SEEN: Final = 1
ANSWERED: Final = 2
FLAGGED: Final = 4
DELETED: Final = 8
DRAFT: Final = 16
SYSTEM_FLAGS: Final = 31
"""System flags are bits; keywords are one str: atoms sorted and joined by a space, "" when none."""

BODY_INLINE_OCTETS_MAX: Final = 65_536
"""Up to this a body stands in the database; larger ones are files that the caller has synced
before."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """One mailbox that a letter shall be in. A mailbox that is gone means the account's INBOX."""

    account: int
    mailbox: int
    flags: int = 0
    keywords: str = ""


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """Where it is now."""

    account: int
    mailbox: int
    uid: int
    modseq: int
    email: int


class Deliver(Value, frozen=True, array_like=True, tag=True):
    """Puts one letter into mailboxes of one or more accounts, all or nothing. Result: `Delivered`.

    Fails with GONE when an account does not exist any more, OVER_QUOTA when one has no room.
    """

    body: NewBody
    rendered: Rendered
    received: int
    places: tuple[Place, ...]


class Delivered(Result, frozen=True, array_like=True, tag=True):
    """In the order of `places`."""

    places: tuple[Placed, ...]


class AppendLetter(msgspec.Struct, frozen=True, array_like=True):
    """One letter of an APPEND."""

    body: NewBody
    rendered: Rendered
    received: int
    flags: int
    keywords: str


class Append(Value, frozen=True, array_like=True, tag=True):
    """Adds letters to one mailbox, all or none (RFC 3502). Result: `Appended`. Fails: NO_MAILBOX,
    OVER_QUOTA."""

    account: int
    mailbox: int
    letters: tuple[AppendLetter, ...]


class Appended(Result, frozen=True, array_like=True, tag=True):
    """UIDs are consecutive, in the order of the letters."""

    uidvalidity: int
    first_uid: int
    last_uid: int
    modseq: int


class Replace(Value, frozen=True, array_like=True, tag=True):
    """Adds a letter and removes for good the one it replaces, both or none (RFC 8508). Result:
    `Replaced`. The old one's room counts for the new. Fails: NO_MAILBOX, NO_LETTER, OVER_QUOTA."""

    account: int
    mailbox: int
    uid: int
    """The letter that goes."""
    to_mailbox: int
    letter: AppendLetter


class Replaced(Result, frozen=True, array_like=True, tag=True):
    """Where the new letter is; the old one went with the same MODSEQ."""

    uidvalidity: int
    uid: int
    modseq: int


class FlagChange(IntEnum):
    """What STORE does. RFC 3501 6.4.6"""

    REPLACE = 0
    ADD = 1
    REMOVE = 2


class SetFlags(Value, frozen=True, array_like=True, tag=True):
    """Changes flags of the letters with these UIDs; those that do not exist are passed over.
    Result: `FlagsSet`.

    Letters whose flags are already so keep their MODSEQ. With `unchanged_since` (RFC 7162 3.1.3;
    -1: without) letters changed after it are left alone and named in `modified`.
    """

    account: int
    mailbox: int
    uids: Ranges
    change: FlagChange
    flags: int
    keywords: str
    unchanged_since: int = -1


class FlagsSet(Result, frozen=True, array_like=True, tag=True):
    """`modseq` is 0 when nothing changed."""

    modseq: int
    changed: Ranges
    modified: Ranges


class Copy(Value, frozen=True, array_like=True, tag=True):
    """Copies letters with flags and received date; all or nothing. Result: `Copied`. Fails:
    NO_MAILBOX, OVER_QUOTA."""

    account: int
    mailbox: int
    uids: Ranges
    to_mailbox: int


class Move(Value, frozen=True, array_like=True, tag=True):
    """Copies and expunges in one step (RFC 6851). Result: `Copied`. Fails: NO_MAILBOX."""

    account: int
    mailbox: int
    uids: Ranges
    to_mailbox: int


class Copied(Result, frozen=True, array_like=True, tag=True):
    """`from_uids` are those that existed, ascending; the n-th of them is now the n-th of
    `to_uids`."""

    uidvalidity: int
    from_uids: Ranges
    to_uids: Ranges
    modseq: int


class Expunge(Value, frozen=True, array_like=True, tag=True):
    """Removes for good letters with \\Deleted, of all (uids None) or of these UIDs. Result:
    `Expunged`.

    With `any_flag` the letters go whatever their flags are (POP3, JMAP destroy).
    """

    account: int
    mailbox: int
    uids: Ranges | None = None
    any_flag: bool = False


class Expunged(Result, frozen=True, array_like=True, tag=True):
    """`modseq` is 0 when nothing was removed."""

    modseq: int
    uids: Ranges


class ClaimRecent(Value, frozen=True, array_like=True, tag=True):
    """This session is told \\Recent for all UIDs up to now, no later one is. RFC 3501 2.3.2.
    Result: `Claimed`."""

    account: int
    mailbox: int


class Claimed(Result, frozen=True, array_like=True, tag=True):
    """UIDs from `first_uid` to `next_uid` - 1 are recent for the one who asked."""

    first_uid: int
    next_uid: int


# ---- mailboxes


class CreateMailbox(Value, frozen=True, array_like=True, tag=True):
    """Makes a mailbox and its missing superiors (RFC 3501 6.3.3). Result: `Created`. Fails:
    EXISTS, LIMIT.

    A name that exists but is not selectable becomes selectable, with a new UIDVALIDITY.
    """

    account: int
    name: str
    """Decoded, "/" between levels, no "/" at the end; INBOX in upper case."""
    special_use: str = ""
    """"" or one attribute of RFC 6154 such as "\\Sent"."""


class Created(Result, frozen=True, array_like=True, tag=True):
    """The new mailbox."""

    mailbox: int
    uidvalidity: int
    modseq: int


class DeleteMailbox(Value, frozen=True, array_like=True, tag=True):
    """Removes a mailbox and what is in it. Result: `Done`. Fails: NO_MAILBOX, FORBIDDEN (INBOX),
    HAS_CHILDREN.

    With inferiors the name stays, not selectable; when it is so already, it fails with
    HAS_CHILDREN. RFC 3501 6.3.4
    """

    account: int
    mailbox: int


class RenameMailbox(Value, frozen=True, array_like=True, tag=True):
    """Gives a mailbox and its inferiors a new name; ids, UIDs and UIDVALIDITY stay. Result: `Done`.

    Fails: NO_MAILBOX, EXISTS, FORBIDDEN (into its own inferior). INBOX: its letters move to a new
    mailbox with the new name, INBOX stays empty (RFC 3501 6.3.5).
    """

    account: int
    mailbox: int
    name: str


class Subscribe(Value, frozen=True, array_like=True, tag=True):
    """Adds a name to the subscriptions or takes it off; the name need not exist. RFC 3501 6.3.6.
    Result: `Done`."""

    account: int
    name: str
    subscribed: bool


# ---- directory; every one of these raises the site's directory epoch


class Credential(msgspec.Struct, frozen=True, array_like=True):
    """One way to prove who one is. `data` is what the method needs, never the password."""

    method: str
    """"argon2id" (PHC string) or "scram-sha-256" (iterations,salt,StoredKey,ServerKey as in RFC
    5803)."""
    data: str


class AddDomain(Value, frozen=True, array_like=True, tag=True):
    """Mail for this domain is for us. Name: A-labels, lower case. Result: `Done`. Fails: EXISTS."""

    name: str


class RenameDomain(Value, frozen=True, array_like=True, tag=True):
    """Accounts, aliases and alias targets in it follow. Result: `Done`. Fails: GONE, EXISTS."""

    name: str
    new_name: str


class RemoveDomain(Value, frozen=True, array_like=True, tag=True):
    """Result: `Done`. Fails: GONE, IN_USE while it has accounts or aliases."""

    name: str


class AddAccount(Value, frozen=True, array_like=True, tag=True):
    """A new account with INBOX and the special-use mailboxes named. Result: `AccountAdded`.

    Fails: EXISTS (account or alias of this address), NO_DOMAIN.
    """

    address: str
    """Key form of `mail.address`: local part NFC and case-folded, domain in A-labels."""
    shown: str
    """As the administrator wrote it."""
    quota_octets: int
    """0: no limit."""
    credentials: tuple[Credential, ...]
    mailboxes: tuple[tuple[str, str], ...] = ()
    """Name and special use."""
    quota_letters: int = 0
    """0: no limit."""


class AccountAdded(Result, frozen=True, array_like=True, tag=True):
    """The new account."""

    account: int


class SetAccount(Value, frozen=True, array_like=True, tag=True):
    """Changes what is not None. Result: `Done`. Fails: GONE."""

    account: int
    quota_octets: int | None = None
    enabled: bool | None = None
    credentials: tuple[Credential, ...] | None = None
    quota_letters: int | None = None


class RenameAccount(Value, frozen=True, array_like=True, tag=True):
    """The mail stays, the address changes. Result: `Done`. Fails: GONE, EXISTS, NO_DOMAIN."""

    account: int
    address: str
    shown: str


class RemoveAccount(Value, frozen=True, array_like=True, tag=True):
    """Account, credentials and all its mail. Result: `Done`. Fails: GONE."""

    account: int


class PutAlias(Value, frozen=True, array_like=True, tag=True):
    """Mail for this address goes to the targets; replaces an alias of the same address. Result:
    `Done`.

    Local part "" is the domain's catch-all. Fails: EXISTS (an account has the address), NO_DOMAIN.
    """

    address: str
    targets: tuple[str, ...]


class RemoveAlias(Value, frozen=True, array_like=True, tag=True):
    """Result: `Done`. Fails: GONE."""

    address: str


# ---- leases and trace


class TakeLease(Value, frozen=True, array_like=True, tag=True):
    """The name is the holder's until then, if it is free, over or already the holder's. Result:
    `Done`. Fails: IN_USE."""

    name: str
    holder: str
    until: int


class DropLease(Value, frozen=True, array_like=True, tag=True):
    """Gives it back; nothing happens when it is somebody else's. Result: `Done`."""

    name: str
    holder: str


class Note(Value, frozen=True, array_like=True, tag=True):
    """What the stations wrote about one letter, one packed row (design.md 5). Result: `Done`."""

    letter: bytes
    written: int
    """Seconds since 1970; its day is the day of the row."""
    message_id: str
    stations: bytes
    """msgpack: a list of `queue.trace.Station`."""


AnyValue = (
    Deliver
    | Append
    | Replace
    | SetFlags
    | Copy
    | Move
    | Expunge
    | ClaimRecent
    | CreateMailbox
    | DeleteMailbox
    | RenameMailbox
    | Subscribe
    | AddDomain
    | RenameDomain
    | RemoveDomain
    | AddAccount
    | SetAccount
    | RenameAccount
    | RemoveAccount
    | PutAlias
    | RemoveAlias
    | TakeLease
    | DropLease
    | Note
    | RecordLogin
    | QueueValue
)

AnyResult = (
    Done
    | Delivered
    | Appended
    | FlagsSet
    | Copied
    | Expunged
    | Claimed
    | Replaced
    | Created
    | AccountAdded
    | QueueResult
)


Noted = Note | RecordLogin
"""What may ride on the commits of others (`Store.note`)."""


class Why(IntEnum):
    """Why a unit failed. Nothing of it was kept."""

    NO_MAILBOX = 1
    EXISTS = 2
    HAS_CHILDREN = 3
    FORBIDDEN = 4
    OVER_QUOTA = 5
    GONE = 6
    """Account, domain or alias is not there (any more)."""
    IN_USE = 7
    NO_DOMAIN = 8
    LIMIT = 9
    """A named limit of the store would be passed (UIDs used up, too many mailboxes)."""
    FULL = 10
    """No disk; blame WORLD, try again later."""
    AWAY = 11
    """The writer cannot be reached now; blame WORLD."""
    OURS = 12
    """A fault of ours."""
    NO_LETTER = 13
    """The letter is not in the mailbox (any more)."""
