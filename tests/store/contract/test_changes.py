"""What changed since a MODSEQ, on every engine. RFC 7162 3.1.4, 3.2.5"""

from tests.letters import letter
from tests.store.engines import ALL, Engine, expanded

from posthouse.store.values import (
    DELETED,
    FLAGGED,
    INBOX,
    SEEN,
    Copy,
    Expunge,
    FlagChange,
    SetFlags,
)


def filled(engine: Engine, count: int) -> tuple[int, int]:
    """An account with so many letters in INBOX, and the HIGHESTMODSEQ after that."""
    account = engine.account()
    engine.do(*[letter().append(account, INBOX) for _ in range(count)])
    return account, engine.mailbox(account, INBOX).highest_modseq


def changed(engine: Engine, account: int, since: int) -> tuple[list[int], list[int]]:
    """Flags and vanished, which must be known."""
    found = engine.run(engine.store.changes(account, INBOX, since))
    assert found is not None
    assert found.highest_modseq == engine.mailbox(account, INBOX).highest_modseq
    return expanded(found.flags), expanded(found.vanished)


def test_nothing_changed(engine: Engine) -> None:
    """Asked with the present HIGHESTMODSEQ, or a later one, the answer is empty."""
    account, now = filled(engine, 3)

    assert changed(engine, account, now) == ([], [])
    assert changed(engine, account, now + 100) == ([], [])


def test_flags_and_vanished_are_told_net(engine: Engine) -> None:
    """A UID whose flags changed and that vanished later is only vanished."""
    account, then = filled(engine, 6)
    engine.one(SetFlags(account, INBOX, ((1, 4),), FlagChange.ADD, SEEN, ""))
    engine.one(SetFlags(account, INBOX, ((1, 1),), FlagChange.REMOVE, SEEN, ""))
    engine.one(Expunge(account, INBOX, ((3, 3), (6, 6)), any_flag=True))

    assert changed(engine, account, then) == ([1, 2, 4], [3, 6])


def test_new_letters_are_not_changes(engine: Engine) -> None:
    """Letters that came after the MODSEQ are known by their UIDs, also when their flags changed."""
    account, then = filled(engine, 2)
    engine.one(letter().append(account, INBOX))
    engine.one(Copy(account, INBOX, ((1, 1),), INBOX))
    engine.one(SetFlags(account, INBOX, ALL, FlagChange.ADD, FLAGGED, ""))

    assert changed(engine, account, then) == ([1, 2], [])


def test_each_modseq_in_between_has_its_answer(engine: Engine) -> None:
    """Asked from every MODSEQ of a history, the answer is what happened after it."""
    account, start = filled(engine, 5)
    history = [(start, frozenset[int](), frozenset[int]())]
    for uid in range(1, 6):
        done = engine.one(SetFlags(account, INBOX, ((uid, uid),), FlagChange.ADD, DELETED, ""))
        history.append((done.modseq, frozenset({uid}), frozenset()))
        if uid % 2:
            done = engine.one(Expunge(account, INBOX))
            history.append((done.modseq, frozenset(), frozenset(expanded(done.uids))))

    for since, _, _ in history:
        later = [step for step in history if step[0] > since]
        vanished = frozenset[int]().union(*[step[2] for step in later])
        flags = frozenset[int]().union(*[step[1] for step in later]) - vanished
        assert changed(engine, account, since) == (sorted(flags), sorted(vanished))


def test_changes_of_another_mailbox_are_not_ours(engine: Engine) -> None:
    """MODSEQs are the account's, changes the mailbox's."""
    account, then = filled(engine, 2)
    work = engine.create(account, "Work")
    engine.one(letter().append(account, work))
    engine.one(SetFlags(account, work, ALL, FlagChange.ADD, SEEN, ""))
    engine.one(Expunge(account, work, any_flag=True))

    assert engine.mailbox(account, INBOX).highest_modseq == then
    assert changed(engine, account, then) == ([], [])


def test_changed_since_reads_only_younger_letters(engine: Engine) -> None:
    """FETCH (CHANGEDSINCE): letters with a MODSEQ above it, new ones included. RFC 7162 3.1.4.1"""
    account, then = filled(engine, 4)
    engine.one(SetFlags(account, INBOX, ((2, 3),), FlagChange.ADD, SEEN, ""))
    engine.one(letter().append(account, INBOX))

    assert engine.rows(account, INBOX, "uid", changed_since=then) == [2, 3, 5]
    assert engine.rows(account, INBOX, "uid", uids=((3, 9),), changed_since=then) == [3, 5]
    assert engine.rows(account, INBOX, "uid", changed_since=then + 99) == []


def test_vanished_of_named_uids(engine: Engine) -> None:
    """Of the UIDs asked for, those expunged after the MODSEQ; never a UID that was never given."""
    account, then = filled(engine, 9)
    engine.one(Expunge(account, INBOX, ((1, 2),), any_flag=True))
    middle = engine.mailbox(account, INBOX).highest_modseq
    engine.one(Expunge(account, INBOX, ((4, 6), (9, 9)), any_flag=True))
    ask = engine.store.vanished

    assert expanded(engine.run(ask(account, INBOX, then, ALL))) == [1, 2, 4, 5, 6, 9]
    assert expanded(engine.run(ask(account, INBOX, middle, ALL))) == [4, 5, 6, 9]
    assert expanded(engine.run(ask(account, INBOX, then, ((2, 4), (6, 7), (12, 20))))) == [2, 4, 6]
    assert engine.run(ask(account, INBOX, middle, ((1, 3),))) == ()
    assert engine.run(ask(account, INBOX, middle, ())) == ()


def test_what_was_forgotten_is_said_to_be(engine: Engine) -> None:
    """Before the log's floor the answer is None, from the floor on it is complete."""
    account, start = filled(engine, 5)
    floor = engine.one(SetFlags(account, INBOX, ((1, 1),), FlagChange.ADD, SEEN, "")).modseq
    engine.one(Expunge(account, INBOX, ((2, 2),), any_flag=True))
    engine.inside.raise_log_floor(account, floor)

    for since in (1, start, floor - 1):
        assert engine.run(engine.store.changes(account, INBOX, since)) is None
        assert engine.run(engine.store.vanished(account, INBOX, since, ALL)) is None
    assert changed(engine, account, floor) == ([], [2])
    assert expanded(engine.run(engine.store.vanished(account, INBOX, floor, ALL))) == [2]


def test_a_fresh_mailbox_knows_all_its_history(engine: Engine) -> None:
    """Asked from MODSEQ 1 on, or from a mailbox's first moment, nothing is missing."""
    account = engine.account()
    first = engine.mailbox(account, INBOX).highest_modseq
    engine.do(letter().append(account, INBOX), letter().append(account, INBOX))

    for since in (1, first):
        assert changed(engine, account, since) == ([], [])


def test_changes_of_a_mailbox_that_is_gone(engine: Engine) -> None:
    """Nothing is known of it."""
    account = engine.account()

    assert engine.run(engine.store.changes(account, 4711, 1)) is None
