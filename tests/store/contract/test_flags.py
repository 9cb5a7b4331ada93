"""SetFlags and Expunge on every engine. RFC 3501 6.4.3, 6.4.6, 4315 2.1, 7162 3.1.3"""

import pytest
from tests.letters import letter
from tests.store.engines import ALL, Engine, expanded

from posthouse.store.values import (
    ANSWERED,
    DELETED,
    DRAFT,
    FLAGGED,
    INBOX,
    SEEN,
    Expunge,
    FlagChange,
    SetFlags,
    Why,
)

ADD, REMOVE, REPLACE = FlagChange.ADD, FlagChange.REMOVE, FlagChange.REPLACE


def filled(engine: Engine, count: int, flags: int = 0, keywords: str = "") -> int:
    """An account with so many letters in its INBOX."""
    account = engine.account()
    engine.do(*[letter().append(account, INBOX, flags, keywords) for _ in range(count)])
    return account


CHANGES = [
    # before, change, named, after
    ((0, ""), ADD, (SEEN, ""), (SEEN, "")),
    ((SEEN, "a"), ADD, (FLAGGED, "b"), (SEEN | FLAGGED, "a b")),
    ((SEEN, "b"), ADD, (SEEN, "a c"), (SEEN, "a b c")),
    ((SEEN, "a b"), REMOVE, (SEEN, "a"), (0, "b")),
    ((SEEN, "a"), REMOVE, (FLAGGED, "z"), (SEEN, "a")),
    ((31, "a b"), REPLACE, (DRAFT, "c"), (DRAFT, "c")),
    ((31, "a b"), REPLACE, (0, ""), (0, "")),
    ((ANSWERED, ""), REPLACE, (ANSWERED, ""), (ANSWERED, "")),
    # Keywords are the same in any case.
    ((0, "$Junk"), ADD, (0, "$junk"), (0, "$Junk")),
    ((0, "$Junk x"), REMOVE, (0, "$JUNK"), (0, "x")),
]


@pytest.mark.parametrize(("before", "change", "named", "after"), CHANGES)
def test_flags_become_what_store_says(
    engine: Engine,
    before: tuple[int, str],
    change: FlagChange,
    named: tuple[int, str],
    after: tuple[int, str],
) -> None:
    """Each kind of change does what RFC 3501 6.4.6 says; what is so already keeps its MODSEQ."""
    account = filled(engine, 1, *before)
    [old] = engine.rows(account, INBOX, "modseq")

    done = engine.one(SetFlags(account, INBOX, ALL, change, *named))

    assert engine.rows(account, INBOX, "flags", "keywords") == [after]
    [new] = engine.rows(account, INBOX, "modseq")
    if before == after:
        assert (done.modseq, done.changed, new) == (0, (), old)
    else:
        assert (done.modseq, expanded(done.changed)) == (new, [1])
        assert new > old
        assert engine.mailbox(account, INBOX).highest_modseq == new
    assert done.modified == ()


def test_only_those_that_change_are_named(engine: Engine) -> None:
    """UIDs that do not exist are passed over; those already so are not `changed`."""
    account = filled(engine, 5)
    engine.one(Expunge(account, INBOX, ((2, 2),), any_flag=True))
    engine.one(SetFlags(account, INBOX, ((3, 3),), ADD, SEEN, ""))

    done = engine.one(SetFlags(account, INBOX, ((1, 3), (5, 900)), ADD, SEEN, ""))

    assert expanded(done.changed) == [1, 5]
    assert engine.rows(account, INBOX, "uid", "flags") == [(1, 1), (3, 1), (4, 0), (5, 1)]


def test_all_letters_of_one_store_have_one_modseq(engine: Engine) -> None:
    """One STORE is one change: the letters it touched have the same MODSEQ."""
    account = filled(engine, 4)

    done = engine.one(SetFlags(account, INBOX, ((2, 3),), ADD, SEEN, "k"))

    modseqs = engine.rows(account, INBOX, "modseq")
    assert modseqs[1] == modseqs[2] == done.modseq > max(modseqs[0], modseqs[3])


def test_unchangedsince_leaves_younger_letters_alone(engine: Engine) -> None:
    """Letters changed after the MODSEQ are in `modified` and stay as they are. RFC 7162 3.1.3"""
    account = filled(engine, 3)
    then = engine.mailbox(account, INBOX).highest_modseq
    engine.one(SetFlags(account, INBOX, ((2, 2),), ADD, FLAGGED, ""))

    done = engine.one(SetFlags(account, INBOX, ALL, ADD, SEEN, "", unchanged_since=then))

    assert expanded(done.changed) == [1, 3]
    assert expanded(done.modified) == [2]
    assert engine.rows(account, INBOX, "flags") == [SEEN, FLAGGED, SEEN]


def test_unchangedsince_at_the_border(engine: Engine) -> None:
    """A letter with exactly the given MODSEQ is changed; with one less it is not; 0: none."""
    account = filled(engine, 1)
    [modseq] = engine.rows(account, INBOX, "modseq")

    for since in (0, modseq - 1):
        done = engine.one(SetFlags(account, INBOX, ALL, ADD, SEEN, "", unchanged_since=since))
        assert (done.modseq, done.changed, expanded(done.modified)) == (0, (), [1])
    done = engine.one(SetFlags(account, INBOX, ALL, ADD, SEEN, "", unchanged_since=modseq))
    assert (expanded(done.changed), done.modified) == ([1], ())


def test_a_younger_letter_is_modified_even_if_already_so(engine: Engine) -> None:
    """UNCHANGEDSINCE is about MODSEQs, not about flags. RFC 7162 3.1.3"""
    account = filled(engine, 1, SEEN)

    done = engine.one(SetFlags(account, INBOX, ALL, ADD, SEEN, "", unchanged_since=1))

    assert (done.changed, expanded(done.modified)) == ((), [1])


def test_counters_follow_flags(engine: Engine) -> None:
    """Unseen and deleted are counted as flags come and go."""
    account = filled(engine, 4)
    steps = [
        (((1, 3),), ADD, SEEN, (1, 0)),
        (((2, 4),), ADD, DELETED, (1, 3)),
        (((1, 2),), REMOVE, SEEN | DELETED, (3, 2)),
        (ALL, REPLACE, SEEN, (0, 0)),
        (ALL, REPLACE, DELETED, (4, 4)),
    ]
    for uids, change, flags, expected in steps:
        engine.one(SetFlags(account, INBOX, uids, change, flags, ""))
        box = engine.mailbox(account, INBOX)
        assert (box.unseen, box.deleted) == expected


def test_keywords_of_a_mailbox(engine: Engine) -> None:
    """Every keyword in use is named, whichever write brought it, once whatever its case, sorted."""
    account = filled(engine, 2, keywords="$b")
    engine.one(SetFlags(account, INBOX, ((1, 1),), ADD, 0, "a $B"))
    engine.one(SetFlags(account, INBOX, ((2, 2),), REPLACE, 0, "c"))
    engine.one(SetFlags(account, INBOX, ((2, 2),), REMOVE, SEEN, "c never"))
    work = engine.create(account, "Work")

    assert engine.run(engine.store.keywords(account, INBOX)) == ("$b", "a", "c")
    assert engine.run(engine.store.keywords(account, work)) == ()


def test_flags_of_no_mailbox(engine: Engine) -> None:
    """NO_MAILBOX when it is gone."""
    account = engine.account()

    assert engine.refused(SetFlags(account, 4711, ALL, ADD, SEEN, "")) is Why.NO_MAILBOX
    assert engine.refused(Expunge(account, 4711)) is Why.NO_MAILBOX


def test_expunge_takes_deleted_letters(engine: Engine) -> None:
    """EXPUNGE removes what has \\Deleted, and nothing else. RFC 3501 6.4.3"""
    account = filled(engine, 5)
    engine.one(SetFlags(account, INBOX, ((2, 2), (4, 5)), ADD, DELETED, ""))

    done = engine.one(Expunge(account, INBOX))

    assert expanded(done.uids) == [2, 4, 5]
    assert engine.uids(account, INBOX) == [1, 3]
    assert engine.mailbox(account, INBOX).highest_modseq == done.modseq


def test_uid_expunge_takes_only_named_ones(engine: Engine) -> None:
    """UID EXPUNGE removes those named that have \\Deleted. RFC 4315 2.1"""
    account = filled(engine, 5)
    engine.one(SetFlags(account, INBOX, ((2, 4),), ADD, DELETED, ""))

    done = engine.one(Expunge(account, INBOX, ((1, 3), (9, 20))))

    assert expanded(done.uids) == [2, 3]
    assert engine.uids(account, INBOX) == [1, 4, 5]


def test_expunge_with_any_flag(engine: Engine) -> None:
    """POP3 and JMAP remove letters whatever their flags are."""
    account = filled(engine, 4)

    assert expanded(engine.one(Expunge(account, INBOX, ((2, 3),), any_flag=True)).uids) == [2, 3]
    assert expanded(engine.one(Expunge(account, INBOX, any_flag=True)).uids) == [1, 4]
    assert engine.uids(account, INBOX) == []


def test_expunging_nothing_changes_nothing(engine: Engine) -> None:
    """Without a letter to remove the answer has MODSEQ 0, and HIGHESTMODSEQ stays."""
    account = filled(engine, 2)
    before = engine.mailbox(account, INBOX)

    for value in (Expunge(account, INBOX), Expunge(account, INBOX, ((7, 9),), any_flag=True)):
        done = engine.one(value)
        assert (done.modseq, done.uids) == (0, ())
    assert engine.mailbox(account, INBOX) == before


def test_many_flags_at_once(engine: Engine) -> None:
    """A STORE over more letters than a slice reaches all of them, also between scattered UIDs."""
    account = filled(engine, 700)
    odd = tuple((uid, uid) for uid in range(1, 701, 2))

    done = engine.one(SetFlags(account, INBOX, odd, ADD, SEEN, ""))
    assert expanded(done.changed) == list(range(1, 701, 2))
    done = engine.one(SetFlags(account, INBOX, ALL, ADD, SEEN, ""))
    assert expanded(done.changed) == list(range(2, 701, 2))
    assert engine.mailbox(account, INBOX).unseen == 0
