"""The reading half of the contract over one connection that only reads.

Every statement is run to its end before anything else happens: a statement left open would hold an
old state of the database and keep the log from being copied back. So a sliced read asks anew for
each slice, by the last UID.
"""

from array import array
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from posthouse.store.bodies_file import BodyFiles
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
    StoreSizes,
    TraceRow,
)
from posthouse.store.sqlite.database import DATABASE_NAME
from posthouse.store.sqlite.letters import find_statement, letters_statement
from posthouse.store.sqlite.ranges import meet, ranges_of, union
from posthouse.store.sqlite.reader_queue import QueueReader
from posthouse.store.sqlite.rows import rows_in
from posthouse.store.sqlite.writes_directory import IN_DOMAIN
from posthouse.store.sqlite.writes_flags import KIND_DELETED, KIND_EXPUNGE, KIND_FLAGS
from posthouse.store.values import Credential, Ranges

UIDS_SLICE: Final = 5_000
"""UIDs are small: a step of this many takes about a millisecond."""
OCTETS_SLICE: Final = 32
"""Rows with octets are up to 64 KiB each."""
FIND_ROWS: Final = 2_000
"""Rows that one step of `find` looks at."""
RANGES_A_STEP: Final = 256
"""Ranges without a letter that a step passes over before it gives the loop a turn."""

_MAILBOX: Final = (
    "SELECT id, name, selectable, special_use, uidvalidity, uidnext, highest_modseq, messages,"
    " unseen, deleted, octets, first_recent FROM mailbox WHERE account=?"
)
_ACCOUNT: Final = (
    "SELECT id, address, shown, enabled, quota_octets, octets, letters, modseq, created,"
    " quota_letters"
    " FROM account WHERE address NOT NULL"
)
_before_flags = msgspec.msgpack.Decoder(list[tuple[int, str, Ranges]])
_before_expunge = msgspec.msgpack.Decoder(Ranges)
_targets = msgspec.json.Decoder(tuple[str, ...])


class Reader(QueueReader):
    """Reads mail.db and the body files. Opens the database at the first question."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self._files = BodyFiles(data)

    # ---- directory

    async def epoch(self) -> int:
        epoch: int = self._one("SELECT value FROM site WHERE key='epoch'")
        return epoch

    async def domains(self) -> list[Domain]:
        counts = {name: [0, 0] for (name,) in self._all("SELECT name FROM domain ORDER BY name")}
        for kind, statement in enumerate(
            ("SELECT address FROM account WHERE address NOT NULL", "SELECT address FROM alias")
        ):
            for (address,) in self._all(statement):
                counts[address.rpartition("@")[2]][kind] += 1
        return [Domain(name, *found) for name, found in counts.items()]

    async def has_domain(self, name: str) -> bool:
        return self._one("SELECT 1 FROM domain WHERE name=?", (name,)) is not None

    async def account(self, account: int) -> Account | None:
        return _account(self._one(f"{_ACCOUNT} AND id=?", (account,)))

    async def account_by_address(self, address: str) -> Account | None:
        return _account(self._one(f"{_ACCOUNT} AND address=?", (address,)))

    async def accounts(self, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        """Ordered by address."""
        rows = self._all(
            f"{_ACCOUNT} AND address>?2 AND (?1='' OR {IN_DOMAIN}) ORDER BY address LIMIT ?3",
            (domain, after, limit),
        )
        return [_account_of(*row) for row in rows]

    async def alias(self, address: str) -> Alias | None:
        targets = self._one("SELECT targets FROM alias WHERE address=?", (address,))
        return None if targets is None else Alias(address, _targets.decode(targets))

    async def aliases(self, domain: str = "", after: str = "", limit: int = 1000) -> list[Alias]:
        """Ordered by address."""
        rows = self._all(
            "SELECT address, targets FROM alias"
            f" WHERE address>?2 AND (?1='' OR {IN_DOMAIN}) ORDER BY address LIMIT ?3",
            (domain, after, limit),
        )
        return [Alias(address, _targets.decode(targets)) for address, targets in rows]

    async def credentials(self, account: int) -> tuple[Credential, ...]:
        rows = self._all(
            "SELECT method, data FROM credential WHERE account=? ORDER BY method", (account,)
        )
        return tuple(Credential(*row) for row in rows)

    # ---- mailboxes

    async def mailboxes(self, account: int) -> list[Mailbox]:
        rows = self._all(f"{_MAILBOX} ORDER BY name", (account,))
        return [_mailbox_of(*row) for row in rows]

    async def mailbox(self, account: int, mailbox: int) -> Mailbox | None:
        return _mailbox(self._one(f"{_MAILBOX} AND id=?", (account, mailbox)))

    async def mailbox_by_name(self, account: int, name: str) -> Mailbox | None:
        return _mailbox(self._one(f"{_MAILBOX} AND name=?", (account, name)))

    async def subscriptions(self, account: int) -> list[str]:
        rows = self._all("SELECT name FROM subscription WHERE account=? ORDER BY name", (account,))
        return [name for (name,) in rows]

    async def keywords(self, account: int, mailbox: int) -> tuple[str, ...]:
        found: str | None = self._one(
            "SELECT keywords FROM mailbox WHERE account=? AND id=?", (account, mailbox)
        )
        return tuple(found.split()) if found else ()

    # ---- letters

    async def uids(
        self, account: int, mailbox: int, first: int = 1, last: int = 2**32 - 1
    ) -> AsyncIterator["array[int]"]:
        statement = (
            "SELECT uid FROM placement WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?"
            " ORDER BY uid LIMIT ?"
        )
        while True:
            rows = self._all(statement, (account, mailbox, first, last, UIDS_SLICE))
            found = array("I", chain.from_iterable(rows))
            if found:
                yield found
            if len(found) < UIDS_SLICE:
                return
            first = found[-1] + 1

    async def letters(
        self,
        account: int,
        mailbox: int,
        uids: Ranges,
        fields: tuple[Field, ...],
        changed_since: int = 0,
    ) -> AsyncIterator[list[Row]]:
        statement = letters_statement(fields)
        most = OCTETS_SLICE if "octets" in fields else SLICE_ROWS
        rows: list[Row] = []
        passed = 0
        for first, last in uids:
            passed += 1
            while True:
                asked = most - len(rows)
                found = self._all(statement, (account, mailbox, first, last, changed_since, asked))
                rows += found
                if len(rows) == most or passed >= RANGES_A_STEP:
                    yield [row[:-1] for row in rows]
                    rows, passed = [], 0
                if len(found) < asked:
                    break
                first = found[-1][-1] + 1
        if rows:
            yield [row[:-1] for row in rows]

    async def find(
        self, account: int, mailbox: int, uids: Ranges, conditions: tuple[Condition, ...]
    ) -> AsyncIterator["array[int]"]:
        statement, bindings = find_statement(conditions)
        found: array[int] = array("I")
        passed = 0
        for first, last in uids:
            passed += 1
            while first <= last:
                # The last UID of a step that looks at so many rows.
                border = (
                    self._one(
                        "SELECT uid FROM placement WHERE account=? AND mailbox=?"
                        " AND uid BETWEEN ? AND ? ORDER BY uid LIMIT 1 OFFSET ?",
                        (account, mailbox, first, last, FIND_ROWS - 1),
                    )
                    if last - first >= FIND_ROWS
                    else None
                )
                end = last if border is None else border
                rows = self._all(statement, (account, mailbox, first, end, *bindings))
                found.extend(chain.from_iterable(rows))
                first = end + 1
                if border is not None or passed >= RANGES_A_STEP:
                    yield found
                    found, passed = array("I"), 0
        yield found

    async def changes(self, account: int, mailbox: int, since: int) -> Changes | None:
        state = self._one(
            "SELECT m.highest_modseq, a.log_floor FROM mailbox AS m JOIN account AS a"
            " ON a.id=m.account WHERE m.account=? AND m.id=?",
            (account, mailbox),
        )
        if state is None or since < state[1]:
            return None
        flags: list[tuple[int, int]] = []
        vanished: list[tuple[int, int]] = []
        for kind, before in self._all(
            "SELECT kind, before FROM change WHERE account=? AND modseq>? AND mailbox=?"
            " ORDER BY modseq, kind",
            (account, since, mailbox),
        ):
            if kind == KIND_FLAGS:
                for _, _, ranges in _before_flags.decode(before):
                    flags += ranges
            elif kind == KIND_DELETED:
                return None  # the name became a mailbox again: these are other letters
            elif kind == KIND_EXPUNGE:
                vanished += _before_expunge.decode(before)
        changed: Ranges = ()
        if flags:
            # Neither those that are gone nor those that came after `since`.
            rows = rows_in(
                self._cursor(),
                "SELECT uid FROM placement WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?"
                " AND created_modseq<=?",
                (account, mailbox),
                union(flags),
                (since,),
            )
            changed = ranges_of([row[0] for row in rows])
        return Changes(state[0], changed, union(vanished))

    async def vanished(self, account: int, mailbox: int, since: int, uids: Ranges) -> Ranges | None:
        floor = self._one("SELECT log_floor FROM account WHERE id=?", (account,))
        if floor is None or since < floor:
            return None
        rows = self._all(
            "SELECT uid FROM tombstone WHERE account=? AND mailbox=? AND modseq>? ORDER BY uid",
            (account, mailbox, since),
        )
        return meet(ranges_of([row[0] for row in rows]), uids)

    async def octets(self, body: bytes, first: int = 0, count: int = -1) -> bytes:
        row = self._one("SELECT octets, 1 FROM body WHERE id=?", (body,))
        if row is None:
            raise KeyError(body)
        octets: bytes | None = row[0]
        if octets is None:
            return self._files.read(body, first, count)
        return octets[first:] if count < 0 else octets[first : first + count]

    # ---- trace and figures

    async def trace(self, letter: bytes) -> list[TraceRow]:
        found: list[TraceRow] = []
        for day in self._days("ORDER BY day"):
            rows = self._all(
                "SELECT letter, written, message_id, stations"
                f" FROM trace_{day} WHERE letter=? ORDER BY number",
                (letter,),
            )
            found += [TraceRow(*row) for row in rows]
        return found

    async def trace_by_message_id(self, message_id: str, limit: int = 100) -> list[TraceRow]:
        found: list[TraceRow] = []
        for day in self._days("ORDER BY day DESC"):
            rows = self._all(
                "SELECT letter, written, message_id, stations"
                f" FROM trace_{day} WHERE message_id=? ORDER BY number DESC LIMIT ?",
                (message_id, limit - len(found)),
            )
            found += [TraceRow(*row) for row in rows]
            if len(found) >= limit:
                break
        return found

    async def logins(self, account: int) -> list[LoginRow]:
        rows = self._all(
            "SELECT first, last, count, door, peer, mechanism, tls, why FROM login"
            " WHERE account=? ORDER BY last DESC, number DESC",
            (account,),
        )
        return [LoginRow(*row) for row in rows]

    async def sizes(self) -> StoreSizes:
        accounts, letters, octets = self._one(
            "SELECT count(*), coalesce(sum(letters),0), coalesce(sum(octets),0) FROM account"
            " WHERE address NOT NULL"
        )
        return StoreSizes(
            accounts,
            letters,
            octets,
            _size(self._data / DATABASE_NAME),
            _size(self._data / f"{DATABASE_NAME}-wal"),
        )

    def _days(self, order: str) -> list[int]:
        return [day for (day,) in self._all(f"SELECT day FROM trace_day {order}")]


def _mailbox(row: Any) -> Mailbox | None:
    return None if row is None else _mailbox_of(*row)


def _mailbox_of(number: int, name: str, selectable: int, *rest: Any) -> Mailbox:
    return Mailbox(number, name, selectable == 1, *rest)


def _account(row: Any) -> Account | None:
    return None if row is None else _account_of(*row)


def _account_of(number: int, address: str, shown: str, enabled: int, *rest: int) -> Account:
    return Account(number, address, shown, enabled == 1, *rest)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
