"""SetFlags: one scan, one UPDATE a range, one change row, whatever the number of letters.

Letters of a mailbox have few different states (flags, keywords), so what becomes of them is
computed once a state and not once a letter. The states before are packed into the change row the
same way. Where many letters have one state, SQLite says so and no row leaves it.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

import msgspec

from posthouse.store.sqlite.context import Context, next_modseq
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ranges import ranges_of
from posthouse.store.sqlite.rows import rows_in
from posthouse.store.sqlite.writes_mail import add_keywords, require_mailbox
from posthouse.store.values import DELETED, SEEN, FlagChange, FlagsSet, Ranges, SetFlags

State = tuple[int, str]
"""Flags and keywords of a letter."""

UPDATES_MAX: Final = 64
"""With more UPDATEs than these, one a letter is as good."""
COUNTED_UIDS_LEAST: Final = 256
"""A shorter range is read at once: to ask first whether it has one state costs as much."""

_Step = tuple[str, tuple[Any, ...], str, tuple[Any, ...]]
"""SET clause and its bindings, condition and its bindings."""

_pack = msgspec.msgpack.Encoder().encode

_CHANGE: Final = "INSERT INTO change VALUES (?,?,?,?,?,?)"
KIND_FLAGS: Final = 1
KIND_EXPUNGE: Final = 2
KIND_MADE: Final = 3
KIND_RENAMED: Final = 4
KIND_DELETED: Final = 5

_SELECT: Final = (
    "SELECT uid, flags, keywords FROM placement"
    " WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?"
)
_COUNT: Final = (
    "SELECT count(*), min(flags), max(flags), max(keywords<>''), min(uid), max(uid) FROM placement"
    " WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?"
)
# Letters that a pure change of flags would leave as they are need not leave SQLite.
_ONLY: Final = {
    FlagChange.REPLACE: " AND (flags<>? OR keywords<>?)",
    FlagChange.ADD: " AND flags&?<>?",
    FlagChange.REMOVE: " AND flags&?<>0",
}
_MODIFIED: Final = (
    "SELECT uid FROM placement WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ? AND modseq>?"
)
_SET: Final = {
    FlagChange.REPLACE: "flags=?",
    FlagChange.ADD: "flags=flags|?",
    FlagChange.REMOVE: "flags=flags&~?",
}


def set_flags(db: Database, value: SetFlags, context: Context) -> FlagsSet:
    """Letters whose flags are already so keep their MODSEQ. RFC 7162 3.1.3"""
    account, mailbox = value.account, value.mailbox
    require_mailbox(db, account, mailbox)
    found = _of_one_state(db, value)
    if found is None:
        modified, rows = _modified(db, value), _candidates(db, value)
        counts = Counter([(row[1], row[2]) for row in rows])
    else:
        modified, rows = (), []
        counts = Counter({found.state: found.letters})
    becomes = {state: _after(value, state) for state in counts}
    same = {state for state, after in becomes.items() if state == after}
    if same:
        rows = [row for row in rows if (row[1], row[2]) not in same]
    for state in same:
        del becomes[state], counts[state]
    if not becomes:
        return FlagsSet(0, (), modified)
    modseq = next_modseq(db, account, context)
    _update(db, value, rows, becomes, bool(same), modseq)
    _count(db, value, counts, becomes, modseq)
    if found is None:
        changed, before = ranges_of([row[0] for row in rows]), pack_before(rows, set(becomes))
    else:
        changed, before = found.uids, _pack([[*found.state, found.uids]])
    db.execute(_CHANGE, (account, modseq, mailbox, KIND_FLAGS, before, context.now))
    add_keywords(db, account, mailbox, {after[1] for after in becomes.values()})
    return FlagsSet(modseq, changed, modified)


class _OneState(NamedTuple):
    """Letters that all have the same flags and no keywords."""

    state: State
    letters: int
    uids: Ranges


def _of_one_state(db: Database, value: SetFlags) -> _OneState | None:
    """All letters of one long range without gaps, when they are alike; None: look at each."""
    if len(value.uids) != 1 or value.unchanged_since >= 0:
        return None
    first, last = value.uids[0]
    if last - first < COUNTED_UIDS_LEAST:
        return None
    letters, least, most, any_words, first, last = db.execute(
        _COUNT, (value.account, value.mailbox, first, last)
    ).get
    if least != most or any_words or not letters or letters != last - first + 1:
        return None
    return _OneState((least, ""), letters, ((first, last),))


def merged(keywords: str, add: str) -> str:
    """Both sets of keywords; ASCII case does not make them different. RFC 9051 2.3.2"""
    if not keywords:
        return add
    words = {word.lower(): word for word in add.split()}
    words.update((word.lower(), word) for word in keywords.split())  # the spelling there is stays
    return " ".join(sorted(words.values()))


def respelled(keywords: str, old: str) -> str:
    """The keywords, sorted, in the spelling there was where only case differs. RFC 5788 2"""
    spelling = {word.lower(): word for word in old.split()}
    return " ".join(sorted(spelling.get(word.lower(), word) for word in keywords.split()))


def without(keywords: str, remove: str) -> str:
    """The keywords that are not removed."""
    gone = {word.lower() for word in remove.split()}
    return " ".join(word for word in keywords.split() if word.lower() not in gone)


def pack_before(rows: list[tuple[int, int, str]], states: set[State]) -> bytes:
    """[[flags, keywords, ranges], ...] of rows (uid, flags, keywords)."""
    if len(states) == 1:
        flags, keywords = next(iter(states))
        return _pack([[flags, keywords, ranges_of([row[0] for row in rows])]])
    groups: dict[State, list[int]] = {state: [] for state in states}
    for uid, flags, keywords in rows:
        groups[flags, keywords].append(uid)
    return _pack([[*state, ranges_of(uids)] for state, uids in groups.items()])


def note_change(
    db: Database,
    account: int,
    mailbox: int,
    modseq: int,
    kind: int,
    before: object,
    context: Context,
) -> None:
    """Writes the change row of another kind than flags."""
    db.execute(_CHANGE, (account, modseq, mailbox, kind, _pack(before), context.now))


def _modified(db: Database, value: SetFlags) -> Ranges:
    if value.unchanged_since < 0:
        return ()
    rows = rows_in(
        db, _MODIFIED, (value.account, value.mailbox), value.uids, (value.unchanged_since,)
    )
    return ranges_of([row[0] for row in rows])


def _candidates(db: Database, value: SetFlags) -> list[tuple[int, int, str]]:
    statement = _SELECT
    after: tuple[Any, ...] = ()
    if value.change is FlagChange.REPLACE:
        statement, after = statement + _ONLY[value.change], (value.flags, value.keywords)
    elif not value.keywords:
        both = (value.flags, value.flags)
        statement += _ONLY[value.change]
        after = both if value.change is FlagChange.ADD else both[:1]
    if value.unchanged_since >= 0:
        statement, after = statement + " AND modseq<=?", (*after, value.unchanged_since)
    return rows_in(db, statement, (value.account, value.mailbox), value.uids, after)


def _after(value: SetFlags, state: State) -> State:
    flags, keywords = state
    if value.change is FlagChange.REPLACE:
        return value.flags, respelled(value.keywords, keywords)
    if value.change is FlagChange.ADD:
        return flags | value.flags, merged(keywords, value.keywords)
    return flags & ~value.flags, without(keywords, value.keywords)


def _update(
    db: Database,
    value: SetFlags,
    rows: list[tuple[int, int, str]],
    becomes: dict[State, State],
    some_stay: bool,
    modseq: int,
) -> None:
    account, mailbox = value.account, value.mailbox
    steps = _steps(value, becomes, some_stay)
    if rows and len(value.uids) * len(steps) > UPDATES_MAX:
        db.executemany(
            "UPDATE placement SET flags=?, keywords=?, modseq=?"
            " WHERE account=? AND mailbox=? AND uid=?",
            (
                (*becomes[flags, keywords], modseq, account, mailbox, uid)
                for uid, flags, keywords in rows
            ),
        )
        return
    for setting, new, condition, old in steps:
        statement = (
            f"UPDATE placement SET modseq=?, {setting}"
            f" WHERE account=? AND mailbox=? AND uid BETWEEN ? AND ?{condition}"
        )
        if value.unchanged_since >= 0:
            statement += " AND modseq<=?"
            old = (*old, value.unchanged_since)
        for first, last in value.uids:
            db.execute(statement, (modseq, *new, account, mailbox, first, last, *old))


def _steps(value: SetFlags, becomes: dict[State, State], some_stay: bool) -> list[_Step]:
    """UPDATEs that together change exactly the letters whose state changes."""
    setting, only = _SET[value.change], _ONLY[value.change]
    flags = (value.flags,)
    words = {state[1]: after[1] for state, after in becomes.items()}
    if value.change is FlagChange.REPLACE:
        # Those that stay as they are have the keywords in another spelling.
        if not some_stay and set(words.values()) == {value.keywords}:
            new = (value.flags, value.keywords)
            return [(f"{setting}, keywords=?", new, only, new)]
        only = " AND flags<>?"
    old = flags * only.count("?")
    if all(before == after for before, after in words.items()):
        return [(setting, flags, only, old)]
    steps: list[_Step] = []
    for before, after in words.items():
        if before == after:
            steps.append((setting, flags, f"{only} AND keywords=?", (*old, before)))
        else:
            new = (*flags, after)
            steps.append((f"{setting}, keywords=?", new, " AND keywords=?", (before,)))
    return steps  # in any order: what a step makes of a letter, another leaves as it is


def _count(
    db: Database,
    value: SetFlags,
    counts: Counter[State],
    becomes: dict[State, State],
    modseq: int,
) -> None:
    unseen = deleted = 0
    for state, (after, _) in becomes.items():
        number, flags = counts[state], state[0]
        unseen += number * ((flags & SEEN) - (after & SEEN))  # SEEN is bit 1
        deleted += number * (bool(after & DELETED) - bool(flags & DELETED))
    db.execute(
        "UPDATE mailbox SET unseen=unseen+?, deleted=deleted+?, highest_modseq=?"
        " WHERE account=? AND id=?",
        (unseen, deleted, modseq, value.account, value.mailbox),
    )
