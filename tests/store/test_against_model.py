"""Long random histories on each engine, compared with a model of a few lines after every step.

The model is not the twin: it knows only what a mailbox owner may believe. Numbers that a store may
choose (ids, UIDVALIDITY, MODSEQ) are taken from its answers and held against the rules for them.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.letters import Letter, letter
from tests.store.engines import ENGINES, Engine, expanded

from posthouse.store.values import (
    DELETED,
    INBOX,
    SEEN,
    Append,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    FlagChange,
    Move,
    Place,
    Ranges,
    RenameMailbox,
    SetFlags,
    Subscribe,
    Why,
)


@dataclass
class Seen:
    """A letter as its owner sees it."""

    body: bytes
    size: int
    flags: int
    keywords: frozenset[str]
    modseq: int


@dataclass
class Room:
    """A mailbox as its owner sees it."""

    name: str
    uidvalidity: int
    uidnext: int = 1
    highest: int = 1
    letters: dict[int, Seen] = field(default_factory=dict)


@dataclass
class Moment:
    """What was true once, for asking what changed since."""

    modseq: int
    rooms: dict[int, dict[int, tuple[int, frozenset[str], int]]]


NAMES = ["a", "b", "a/b", "a/b/c", "b/x", "北京"]
WORDS = ["", "k", "$x k"]
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
"""Shrinking takes minutes where each step is a commit; a failure is printed in either case."""
SMALL = st.integers(0, 15)
FLAGS = st.integers(0, 31)
UIDS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), min_size=1, max_size=3)


def ranges(pairs: list[tuple[int, int]]) -> Ranges:
    """Sorted and disjoint, from any first UIDs and lengths."""
    found: list[tuple[int, int]] = []
    for first, length in sorted(pairs):
        start = max(first, found[-1][1] + 1) if found else first
        if start <= first + length:
            found.append((start, first + length))
    return tuple(found)


class History(RuleBasedStateMachine):
    """Two accounts; every rule does one unit and tells the model."""

    open_engine: Callable[[Path], Any]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="posthouse-test-"))
        self.opened = type(self).open_engine(self.folder)
        self.engine: Engine = self.opened.__enter__()
        self.accounts = [self.engine.account("ann"), self.engine.account("bob")]
        self.rooms: dict[int, dict[int, Room]] = {}
        self.last: dict[int, int] = {}
        self.uidvalidities: set[int] = set()
        self.given: dict[tuple[int, int], bytes] = {}
        self.moments: dict[int, list[Moment]] = {}
        for account in self.accounts:
            box = self.engine.mailbox(account, INBOX)
            self.rooms[account] = {INBOX: Room("INBOX", box.uidvalidity)}
            self.last[account] = box.highest_modseq
            self.moments[account] = []
            self.new_uidvalidity(box.uidvalidity)

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        self.engine.loop.close()
        shutil.rmtree(self.folder)

    # ---- the rules for numbers

    def new_uidvalidity(self, uidvalidity: int) -> None:
        """Never given before, to anybody."""
        assert 0 < uidvalidity < 2**32
        assert uidvalidity not in self.uidvalidities
        self.uidvalidities.add(uidvalidity)

    def new_modseq(self, account: int, modseq: int) -> int:
        """Greater than any this account had."""
        assert modseq > self.last[account]
        self.last[account] = modseq
        return modseq

    def put(self, room: Room, seen: Seen) -> int:
        """The next UID, never given in this UIDVALIDITY."""
        uid = room.uidnext
        assert (room.uidvalidity, uid) not in self.given
        self.given[room.uidvalidity, uid] = seen.body
        room.uidnext += 1
        room.letters[uid] = seen
        room.highest = seen.modseq
        return uid

    def pick(self, account: int, number: int) -> tuple[int, Room]:
        """Some mailbox that exists, every second time INBOX, so that letters meet there."""
        ids = sorted(self.rooms[account])
        mailbox = ids[number // 2 % len(ids)] if number % 2 else INBOX
        return mailbox, self.rooms[account][mailbox]

    # ---- what can happen

    @rule(
        who=st.integers(0, 1), number=SMALL,
        each=st.lists(st.tuples(FLAGS, st.sampled_from(WORDS)), min_size=1, max_size=4),
    )  # fmt: skip
    def append(self, who: int, number: int, each: list[tuple[int, str]]) -> None:
        """APPEND of some letters."""
        account = self.accounts[who]
        mailbox, room = self.pick(account, number)
        new = [letter() for _ in each]
        appended = [x.appended(*how) for x, how in zip(new, each, strict=True)]
        done = self.engine.one(Append(account, mailbox, tuple(appended)))
        modseq = self.new_modseq(account, done.modseq)
        assert done.uidvalidity == room.uidvalidity
        uids = [self.put(room, seen(x, *how, modseq)) for x, how in zip(new, each, strict=True)]
        assert (done.first_uid, done.last_uid) == (uids[0], uids[-1])

    @rule(numbers=st.lists(st.tuples(st.integers(0, 1), SMALL), min_size=1, max_size=4))
    def deliver(self, numbers: list[tuple[int, int]]) -> None:
        """One letter into mailboxes of one or both accounts."""
        wanted = {(self.accounts[w], self.pick(self.accounts[w], n)[0]) for w, n in numbers}
        new = letter()
        places = [Place(account, mailbox) for account, mailbox in sorted(wanted)]
        done = self.engine.one(new.deliver(*places))
        modseqs: dict[int, int] = {}
        for place, placed in zip(places, done.places, strict=True):
            account = place.account
            if account not in modseqs:
                modseqs[account] = self.new_modseq(account, placed.modseq)
            assert (placed.account, placed.mailbox) == (account, place.mailbox)
            assert placed.modseq == modseqs[account]
            room = self.rooms[account][place.mailbox]
            assert placed.uid == self.put(room, seen(new, 0, "", placed.modseq))

    @rule(
        who=st.integers(0, 1), number=SMALL, pairs=UIDS, change=st.sampled_from(FlagChange),
        flags=FLAGS, words=st.sampled_from(WORDS), back=st.integers(-1, 5),
    )  # fmt: skip
    def set_flags(
        self, who: int, number: int, pairs: list[tuple[int, int]], change: FlagChange,
        flags: int, words: str, back: int,
    ) -> None:  # fmt: skip
        """STORE, also with UNCHANGEDSINCE."""
        account = self.accounts[who]
        mailbox, room = self.pick(account, number)
        uids = ranges(pairs)
        since = max(0, self.last[account] - back) if back >= 0 else -1
        done = self.engine.one(SetFlags(account, mailbox, uids, change, flags, words, since))
        changed, modified = [], []
        for uid in expanded(uids):
            if uid not in room.letters:
                continue
            old = room.letters[uid]
            if since >= 0 and old.modseq > since:
                modified.append(uid)
                continue
            new = {
                FlagChange.ADD: (old.flags | flags, old.keywords | set(words.split())),
                FlagChange.REMOVE: (old.flags & ~flags, old.keywords - set(words.split())),
                FlagChange.REPLACE: (flags, frozenset(words.split())),
            }[change]
            if new != (old.flags, old.keywords):
                changed.append(uid)
                old.flags, old.keywords = new
        assert expanded(done.changed) == changed
        assert expanded(done.modified) == modified
        if changed:
            room.highest = self.new_modseq(account, done.modseq)
            for uid in changed:
                room.letters[uid].modseq = done.modseq
        else:
            assert done.modseq == 0

    @rule(
        who=st.integers(0, 1), source=SMALL, goal=SMALL, pairs=UIDS,
        kind=st.sampled_from([Copy, Move]),
    )  # fmt: skip
    def copy_or_move(
        self, who: int, source: int, goal: int, pairs: list[tuple[int, int]], kind: type[Any]
    ) -> None:
        """COPY and MOVE, also into the same mailbox."""
        account = self.accounts[who]
        from_id, from_room = self.pick(account, source)
        to_id, to_room = self.pick(account, goal)
        done = self.engine.one(kind(account, from_id, ranges(pairs), to_id))
        uids = [uid for uid in expanded(ranges(pairs)) if uid in from_room.letters]
        assert expanded(done.from_uids) == uids
        if not uids:
            assert (done.modseq, done.to_uids) == (0, ())
            return
        modseq = self.new_modseq(account, done.modseq)
        new = []
        for uid in uids:
            old = from_room.letters[uid]
            copy = Seen(old.body, old.size, old.flags, old.keywords, modseq)
            new.append(self.put(to_room, copy))
        assert expanded(done.to_uids) == new
        assert done.uidvalidity == to_room.uidvalidity
        if kind is Move:
            for uid in uids:
                del from_room.letters[uid]
            from_room.highest = modseq

    @rule(
        who=st.integers(0, 1), number=SMALL, pairs=st.none() | UIDS, any_flag=st.booleans()
    )  # fmt: skip
    def expunge(
        self, who: int, number: int, pairs: list[tuple[int, int]] | None, any_flag: bool
    ) -> None:
        """EXPUNGE and UID EXPUNGE."""
        account = self.accounts[who]
        mailbox, room = self.pick(account, number)
        uids = None if pairs is None else ranges(pairs)
        done = self.engine.one(Expunge(account, mailbox, uids, any_flag))
        named = list(room.letters) if uids is None else expanded(uids)
        gone = [
            uid
            for uid in named
            if uid in room.letters and (any_flag or room.letters[uid].flags & DELETED)
        ]
        assert expanded(done.uids) == gone
        for uid in gone:
            del room.letters[uid]
        if gone:
            room.highest = self.new_modseq(account, done.modseq)
        else:
            assert done.modseq == 0

    @rule(who=st.integers(0, 1), name=st.sampled_from(NAMES))
    def create(self, who: int, name: str) -> None:
        """CREATE, with superiors."""
        account = self.accounts[who]
        if name in self.names(account):
            assert self.engine.refused(CreateMailbox(account, name)) is Why.EXISTS
            return
        done = self.engine.one(CreateMailbox(account, name))
        self.new_modseq(account, done.modseq)
        self.learn_rooms(account)
        assert self.rooms[account][done.mailbox].uidvalidity == done.uidvalidity

    @rule(who=st.integers(0, 1), number=SMALL)
    def delete(self, who: int, number: int) -> None:
        """DELETE; only of mailboxes without inferiors, so that the model stays small."""
        account = self.accounts[who]
        mailbox, room = self.pick(account, number)
        below = [name for name in self.names(account) if name.startswith(room.name + "/")]
        if mailbox == INBOX:
            assert self.engine.refused(DeleteMailbox(account, mailbox)) is Why.FORBIDDEN
        elif not below:
            self.new_modseq(account, self.engine.one(DeleteMailbox(account, mailbox)).modseq)
            del self.rooms[account][mailbox]

    @rule(who=st.integers(0, 1), number=SMALL, name=st.sampled_from(NAMES))
    def rename(self, who: int, number: int, name: str) -> None:
        """RENAME, also of INBOX."""
        account = self.accounts[who]
        mailbox, room = self.pick(account, number)
        value = RenameMailbox(account, mailbox, name)
        if name in self.names(account):
            assert self.engine.refused(value) is Why.EXISTS
        elif name.startswith(room.name + "/"):
            assert self.engine.refused(value) is Why.FORBIDDEN
        elif mailbox == INBOX:
            modseq = self.new_modseq(account, self.engine.one(value).modseq)
            self.learn_rooms(account)
            [target] = [r for r in self.rooms[account].values() if r.name == name]
            for old in room.letters.values():
                self.put(target, Seen(old.body, old.size, old.flags, old.keywords, modseq))
            if room.letters:
                room.highest = modseq
            room.letters = {}
        else:
            self.new_modseq(account, self.engine.one(value).modseq)
            old_name = room.name
            for other in self.rooms[account].values():
                if other.name == old_name or other.name.startswith(old_name + "/"):
                    other.name = name + other.name[len(old_name) :]
            self.learn_rooms(account)

    @rule(who=st.integers(0, 1), number=SMALL)
    def fail(self, who: int, number: int) -> None:
        """A unit that appends and expunges, and whose last value fails."""
        account = self.accounts[who]
        mailbox, _ = self.pick(account, number)
        why = self.engine.refused(
            letter().append(account, mailbox),
            Expunge(account, mailbox, any_flag=True),
            CreateMailbox(account, "never"),
            Subscribe(99, "nobody", subscribed=True),
        )
        assert why is Why.GONE

    @rule(seconds=st.integers(-(10**6), 10**6))
    def jump(self, seconds: int) -> None:
        """The wall clock is set."""
        self.engine.clock.jump(seconds)

    @rule()
    def remember(self) -> None:
        """A client goes off line now."""
        for account in self.accounts:
            rooms = {
                mailbox: {uid: (s.flags, s.keywords, s.modseq) for uid, s in room.letters.items()}
                for mailbox, room in self.rooms[account].items()
            }
            self.moments[account].append(Moment(self.last[account], rooms))

    # ---- what must be true after every step

    def names(self, account: int) -> set[str]:
        return {room.name for room in self.rooms[account].values()}

    def learn_rooms(self, account: int) -> None:
        """Takes in mailboxes that CREATE and RENAME have just made; their numbers must be new."""
        for box in self.engine.run(self.engine.store.mailboxes(account)):
            if box.id not in self.rooms[account]:
                self.new_uidvalidity(box.uidvalidity)
                self.rooms[account][box.id] = Room(box.name, box.uidvalidity)

    @invariant()
    def mailboxes_are_as_believed(self) -> None:
        """Names, numbers and counters of every mailbox and account."""
        for account in self.accounts:
            boxes = self.engine.run(self.engine.store.mailboxes(account))
            rooms = self.rooms[account]
            assert [box.name for box in boxes] == sorted(room.name for room in rooms.values())
            for box in boxes:
                room = rooms[box.id]
                letters = room.letters.values()
                assert box.selectable
                assert (box.name, box.uidvalidity) == (room.name, room.uidvalidity)
                assert (box.uidnext, box.messages) == (room.uidnext, len(letters))
                assert box.unseen == sum(not s.flags & SEEN for s in letters)
                assert box.deleted == sum(s.flags & DELETED != 0 for s in letters)
                assert box.octets == sum(s.size for s in letters)
                assert room.highest <= box.highest_modseq <= self.last[account]
            kept = self.engine.run(self.engine.store.account(account))
            assert kept.letters == sum(len(room.letters) for room in rooms.values())
            assert kept.octets == sum(box.octets for box in boxes)

    @invariant()
    def letters_are_as_believed(self) -> None:
        """UIDs, flags, keywords, MODSEQs and bodies of every letter."""
        for account in self.accounts:
            for mailbox, room in self.rooms[account].items():
                rows = self.engine.rows(
                    account, mailbox, "uid", "body", "size", "flags", "keywords", "modseq"
                )
                assert rows == [
                    (uid, s.body, s.size, s.flags, " ".join(sorted(s.keywords)), s.modseq)
                    for uid, s in room.letters.items()
                ]

    @invariant()
    def changes_are_as_believed(self) -> None:
        """Whoever went off line hears all that happened to what he knew, and no more."""
        for account in self.accounts:
            for moment in self.moments[account][-3:]:
                for mailbox, known in moment.rooms.items():
                    if mailbox in self.rooms[account]:
                        self.compare_changes(account, mailbox, moment.modseq, known)

    def compare_changes(
        self, account: int, mailbox: int, since: int,
        known: dict[int, tuple[int, frozenset[str], int]],
    ) -> None:  # fmt: skip
        room = self.rooms[account][mailbox]
        changes = self.engine.run(self.engine.store.changes(account, mailbox, since))
        assert changes is not None
        vanished = set(expanded(changes.vanished))
        assert vanished & known.keys() == known.keys() - room.letters.keys()
        assert not vanished & room.letters.keys()
        assert all(uid < room.uidnext for uid in vanished)
        touched = {uid for uid, was in known.items()
                   if uid in room.letters and room.letters[uid].modseq > was[2]}  # fmt: skip
        assert set(expanded(changes.flags)) == touched


def seen(new: Letter, flags: int, words: str, modseq: int) -> Seen:
    """A new letter."""
    return Seen(new.body.id, len(new.octets), flags, frozenset(words.split()), modseq)


@pytest.mark.parametrize("name", ENGINES)
def test_any_history_is_as_believed(name: str) -> None:
    """Whatever is done in whatever order, numbers only grow, counters fit, nothing is lost."""

    class Chosen(History):
        open_engine = staticmethod(ENGINES[name])

    run_state_machine_as_test(
        Chosen,
        settings=settings(
            max_examples=int(os.environ.get("POSTHOUSE_EXAMPLES", "40")),
            stateful_step_count=40,
            deadline=None,
            phases=PHASES if name == "memory" else PHASES[:-1],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            database=None,
        ),
    )
