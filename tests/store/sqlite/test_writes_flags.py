"""SetFlags by few statements does what a loop over the letters would do."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.store.sqlite import writes_flags as module
from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.ranges import ranges_of
from posthouse.store.values import INBOX, FlagChange, Place, SetFlags

WORDS = ("", "a", "b", "a b", "B", "A c")
State = tuple[int, str]


STATES = st.tuples(st.integers(0, 31), st.sampled_from(WORDS))
STARTS = st.lists(STATES, min_size=12, max_size=12) | STATES.map(lambda state: [state] * 12)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = ledger_in(tmp_path_factory.mktemp("flags"))
    kept(ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(12)])
    yield ledger
    ledger.close()


def states(ledger: Ledger) -> dict[int, State]:
    rows = ledger.db.execute("SELECT uid, flags, keywords FROM placement ORDER BY uid")
    return {uid: (flags, keywords) for uid, flags, keywords in rows.fetchall()}


def plainly(value: SetFlags, state: State) -> State:
    """One letter at a time."""
    old = {word.lower(): word for word in state[1].split()}
    new = {word.lower(): word for word in value.keywords.split()}
    if value.change is FlagChange.ADD:
        flags, words = state[0] | value.flags, new | old
    elif value.change is FlagChange.REMOVE:
        flags, words = state[0] & ~value.flags, {k: w for k, w in old.items() if k not in new}
    else:
        flags, words = value.flags, {k: old.get(k, w) for k, w in new.items()}
    return flags, " ".join(sorted(words.values()))


@settings(max_examples=200, deadline=None)
@given(
    start=STARTS,
    uids=st.sets(st.integers(1, 14)),
    change=st.sampled_from(FlagChange),
    flags=st.integers(0, 31),
    words=st.sampled_from(WORDS),
    updates_max=st.sampled_from([0, 64]),
    counted_least=st.sampled_from([0, 256]),
)
def test_any_change_is_as_if_done_one_by_one(
    ledger: Ledger,
    start: list[State],
    uids: set[int],
    change: FlagChange,
    flags: int,
    words: str,
    updates_max: int,
    counted_least: int,
) -> None:
    """By UPDATEs of ranges and by one a letter, whether letters of one state are counted or read:
    states, answer, counters, what was before."""
    for uid, (old_flags, old_words) in enumerate(start, 1):
        kept(ledger, SetFlags(1, INBOX, ((uid, uid),), FlagChange.REPLACE, old_flags, old_words))
    before = states(ledger)
    value = SetFlags(1, INBOX, ranges_of(sorted(uids)), change, flags, words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "UPDATES_MAX", updates_max)
        patch.setattr(module, "COUNTED_UIDS_LEAST", counted_least)
        result = kept(ledger, value)

    after = states(ledger)
    changed = []
    for uid, state in before.items():
        expected = plainly(value, state) if uid in uids else state
        assert after[uid] == expected
        if expected != state:
            changed.append(uid)
    assert result.changed == ranges_of(changed)
    assert bool(result.modseq) == bool(changed)
    unseen, deleted = ledger.db.execute("SELECT unseen, deleted FROM mailbox").get
    assert unseen == sum(not flags & 1 for flags, _ in after.values())
    assert deleted == sum(bool(flags & 8) for flags, _ in after.values())
    if changed:
        packed = ledger.db.execute("SELECT before FROM change WHERE modseq=?", (result.modseq,)).get
        told = {
            uid: (old_flags, old_words)
            for old_flags, old_words, ranges in msgspec.msgpack.decode(packed)
            for first, last in ranges
            for uid in range(first, last + 1)
        }
        assert told == {uid: before[uid] for uid in changed}


def test_a_letter_with_another_spelling_is_left_alone(ledger: Ledger) -> None:
    """It has the flags and keywords already; others that change beside it do not change it."""
    for uid, state in enumerate([(21, "b"), (3, ""), (22, "B")], 1):
        kept(ledger, SetFlags(1, INBOX, ((uid, uid),), FlagChange.REPLACE, *state))
    before = ledger.db.execute("SELECT modseq FROM placement WHERE uid=1").get

    result = kept(ledger, SetFlags(1, INBOX, ((1, 3),), FlagChange.REPLACE, 21, "B"))

    assert result.changed == ((2, 3),)
    assert [states(ledger)[uid] for uid in (1, 2, 3)] == [(21, "b"), (21, "B"), (21, "B")]
    assert ledger.db.execute("SELECT modseq FROM placement WHERE uid=1").get == before


def test_keywords_are_words() -> None:
    """Sorted, each once, whatever their case; the spelling there was stays."""
    assert module.merged("b Foo", "foo a") == "Foo a b"
    assert module.without("Foo a", "FOO x") == "a"
    assert module.respelled("foo b", "Foo") == "Foo b"
    assert module.merged("", "a") == "a"


def test_twenty_thousand_letters_take_few_statements(tmp_path: Path) -> None:
    """A count that no machine's speed can change: statements, not milliseconds."""
    ledger = ledger_in(tmp_path)
    kept(ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(500)])
    seen: list[str] = []
    ledger.connection.set_exec_trace(lambda cursor, text, bindings: bool(seen.append(text)) or True)
    kept(ledger, SetFlags(1, INBOX, ((1, 2**32 - 1),), FlagChange.ADD, 1, ""))
    ledger.connection.set_exec_trace(None)
    ledger.close()

    assert len(seen) <= 8


def test_letters_with_one_state_are_counted_and_not_read(tmp_path: Path) -> None:
    """STORE on a whole mailbox brings no row a letter out of SQLite; one that differs does."""
    ledger = ledger_in(tmp_path)
    kept(ledger, *[letter().deliver(Place(1, INBOX)) for _ in range(300)])
    everything = ((1, 2**32 - 1),)
    found = module._of_one_state(ledger.db, SetFlags(1, INBOX, everything, FlagChange.ADD, 1, ""))

    assert found == ((0, ""), 300, ((1, 300),))
    kept(ledger, SetFlags(1, INBOX, ((7, 7),), FlagChange.ADD, 2, ""))
    assert (
        module._of_one_state(ledger.db, SetFlags(1, INBOX, everything, FlagChange.ADD, 1, ""))
        is None
    )
    ledger.close()
