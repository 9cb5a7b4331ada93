"""Copy and Move on every engine. RFC 3501 6.4.7, 6851, 4315 3 (COPYUID)"""

import pytest
from tests.letters import letter
from tests.store.engines import ALL, Engine, expanded

from posthouse.store.values import (
    DELETED,
    FLAGGED,
    INBOX,
    SEEN,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    FlagChange,
    Move,
    SetFlags,
    Why,
)


@pytest.fixture
def account(engine: Engine) -> int:
    """INBOX with UIDs 1, 2, 4, 5 and an empty mailbox 2."""
    account = engine.account()
    engine.create(account, "Work")
    engine.do(
        letter("one").append(account, INBOX, SEEN, "a"),
        letter("two").append(account, INBOX, DELETED, "b c"),
        letter("three").append(account, INBOX),
        letter("four").append(account, INBOX, FLAGGED),
        letter("five").append(account, INBOX),
    )
    engine.one(Expunge(account, INBOX, ((3, 3),), any_flag=True))
    return account


def test_copies_have_new_uids_and_the_same_rest(engine: Engine, account: int) -> None:
    """A copy has flags, keywords, received date and octets of its original, and the same email."""
    engine.clock.advance(60)
    fields = ("subject", "flags", "keywords", "received", "email", "octets")

    done = engine.one(Copy(account, INBOX, ((2, 4), (8, 9)), 2))

    assert (expanded(done.from_uids), expanded(done.to_uids)) == ([2, 4], [1, 2])
    assert done.uidvalidity == engine.mailbox(account, 2).uidvalidity
    copies = engine.rows(account, 2, *fields)
    assert copies == engine.rows(account, INBOX, *fields)[1:3]
    assert [row[0] for row in copies] == ["two", "four"]
    assert engine.rows(account, 2, "modseq") == [done.modseq] * 2
    # `saved` is when it came into this mailbox. RFC 8514 4.1
    assert engine.rows(account, 2, "saved") == [int(engine.clock.now())] * 2
    assert engine.uids(account, INBOX) == [1, 2, 4, 5]


def test_copying_leaves_the_original_alone(engine: Engine, account: int) -> None:
    """The source keeps its MODSEQs; the target is counted and its keywords are known."""
    before = engine.mailbox(account, INBOX)

    engine.one(Copy(account, INBOX, ALL, 2))

    assert engine.mailbox(account, INBOX) == before
    box = engine.mailbox(account, 2)
    assert (box.messages, box.unseen, box.deleted, box.uidnext) == (4, 3, 1, 5)
    assert box.octets == before.octets
    assert engine.run(engine.store.keywords(account, 2)) == ("a", "b", "c")
    assert engine.run(engine.store.account(account)).letters == 8


def test_copy_into_the_same_mailbox(engine: Engine, account: int) -> None:
    """Letters may be copied to where they are: they are there twice."""
    done = engine.one(Copy(account, INBOX, ((1, 2),), INBOX))

    assert expanded(done.to_uids) == [6, 7]
    assert engine.rows(account, INBOX, "subject") == ["one", "two", "four", "five", "one", "two"]


def test_a_copy_lives_its_own_life(engine: Engine, account: int) -> None:
    """Flags of a copy change alone, and it stays when the original goes."""
    engine.one(Copy(account, INBOX, ((1, 1),), 2))
    engine.one(SetFlags(account, 2, ALL, FlagChange.REPLACE, FLAGGED, "z"))
    engine.one(Expunge(account, INBOX, any_flag=True))

    assert engine.rows(account, 2, "subject", "flags", "keywords") == [("one", FLAGGED, "z")]
    [octets] = engine.rows(account, 2, "octets")
    assert b"Subject: one" in octets


def test_moved_letters_are_only_in_the_target(engine: Engine, account: int) -> None:
    """MOVE copies and expunges in one step. RFC 6851 3.3"""
    done = engine.one(Move(account, INBOX, ((2, 9),), 2))

    assert (expanded(done.from_uids), expanded(done.to_uids)) == ([2, 4, 5], [1, 2, 3])
    assert engine.uids(account, INBOX) == [1]
    assert engine.rows(account, 2, "subject", "flags", "keywords") == [
        ("two", DELETED, "b c"),
        ("four", FLAGGED, ""),
        ("five", 0, ""),
    ]
    assert engine.mailbox(account, INBOX).highest_modseq == done.modseq
    assert engine.mailbox(account, 2).highest_modseq == done.modseq
    kept = engine.run(engine.store.account(account))
    boxes = [engine.mailbox(account, INBOX), engine.mailbox(account, 2)]
    assert kept.letters == 4
    assert kept.octets == sum(box.octets for box in boxes)
    assert [box.messages for box in boxes] == [1, 3]


def test_move_is_an_expunge_for_the_source(engine: Engine, account: int) -> None:
    """Who asks the source what changed hears of vanished letters, not of the target's."""
    then = engine.mailbox(account, INBOX).highest_modseq
    engine.one(Move(account, INBOX, ((2, 4),), 2))

    changes = engine.run(engine.store.changes(account, INBOX, then))
    assert (changes.flags, expanded(changes.vanished)) == ((), [2, 4])
    changes = engine.run(engine.store.changes(account, 2, then))
    assert (changes.flags, changes.vanished) == ((), ())


def test_move_into_the_same_mailbox(engine: Engine, account: int) -> None:
    """Letters moved to where they are have new UIDs, and are there once. RFC 6851 3.3"""
    done = engine.one(Move(account, INBOX, ((1, 2),), INBOX))

    assert (expanded(done.from_uids), expanded(done.to_uids)) == ([1, 2], [6, 7])
    assert engine.rows(account, INBOX, "uid", "subject") == [
        (4, "four"), (5, "five"), (6, "one"), (7, "two"),
    ]  # fmt: skip
    box = engine.mailbox(account, INBOX)
    assert (box.messages, box.uidnext) == (4, 8)


def test_move_is_allowed_at_the_quota(engine: Engine) -> None:
    """Moving takes no room."""
    account = engine.account(quota=1000)
    engine.create(account, "Work")
    engine.one(letter(size=1000).append(account, INBOX))

    engine.one(Move(account, INBOX, ALL, 2))

    assert engine.uids(account, 2) == [1]


@pytest.mark.parametrize("kind", [Copy, Move])
def test_nothing_to_do(engine: Engine, account: int, kind: type[Copy] | type[Move]) -> None:
    """UIDs that do not exist are passed over: an empty answer, and nothing changed."""
    before = engine.everything()

    done = engine.one(kind(account, INBOX, ((3, 3), (90, 99)), 2))

    assert (done.from_uids, done.to_uids, done.modseq) == ((), (), 0)
    assert engine.everything() == before


@pytest.mark.parametrize("kind", [Copy, Move])
def test_no_mailbox(engine: Engine, account: int, kind: type[Copy] | type[Move]) -> None:
    """NO_MAILBOX when source or target is gone or a mere name."""
    engine.do(CreateMailbox(account, "Name/Below"))
    name = engine.run(engine.store.mailbox_by_name(account, "Name")).id
    engine.one(SetFlags(account, INBOX, ALL, FlagChange.ADD, SEEN, ""))
    if engine.mailbox(account, name).selectable:
        engine.one(DeleteMailbox(account, name))

    assert engine.refused(kind(account, INBOX, ALL, 4711)) is Why.NO_MAILBOX
    assert engine.refused(kind(account, 4711, ALL, INBOX)) is Why.NO_MAILBOX
    assert engine.refused(kind(account, INBOX, ALL, name)) is Why.NO_MAILBOX


def test_many_letters_keep_their_order(engine: Engine) -> None:
    """More letters than a slice are copied and moved in the order of their UIDs."""
    account = engine.account()
    work = engine.create(account, "Work")
    engine.do(*[letter(f"{n}").append(account, INBOX) for n in range(600)])

    engine.one(Copy(account, INBOX, ALL, work))
    done = engine.one(Move(account, INBOX, ALL, work))

    assert expanded(done.to_uids) == list(range(601, 1201))
    assert engine.rows(account, work, "subject") == [f"{n}" for n in range(600)] * 2
