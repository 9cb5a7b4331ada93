"""Replace on every engine: one letter comes and one goes, both or none. RFC 8508"""

import pytest
from tests.letters import letter
from tests.store.engines import ALL, Engine

from posthouse.store.values import (
    DRAFT,
    INBOX,
    SEEN,
    DeleteMailbox,
    FlagChange,
    Place,
    Replace,
    SetAccount,
    SetFlags,
    Why,
)


@pytest.fixture
def account(engine: Engine) -> int:
    """INBOX with UIDs 1 to 3 and an empty mailbox 2."""
    account = engine.account()
    engine.create(account, "Drafts")
    for subject in ("one", "two", "three"):
        engine.one(letter(subject).append(account, INBOX))
    return account


def test_in_the_same_mailbox(engine: Engine, account: int) -> None:
    """The new letter has the next UID, the old one is gone for good, with one MODSEQ."""
    before = engine.mailbox(account, INBOX)
    new = letter("new")

    done = engine.one(Replace(account, INBOX, 2, INBOX, new.appended(SEEN | DRAFT, "b a")))

    after = engine.mailbox(account, INBOX)
    assert (done.uidvalidity, done.uid) == (before.uidvalidity, 4)
    assert done.modseq > before.highest_modseq
    assert (after.highest_modseq, after.uidnext) == (done.modseq, 5)
    assert (after.messages, after.unseen) == (3, 2)
    assert engine.rows(account, INBOX, "uid", "flags", "keywords", "modseq")[-1] == (
        4, SEEN | DRAFT, "a b", done.modseq,
    )  # fmt: skip
    assert engine.rows(account, INBOX, "uid", "octets")[-1] == (4, new.octets)
    changes = engine.run(engine.store.changes(account, INBOX, before.highest_modseq))
    assert changes is not None
    assert (changes.vanished, changes.flags) == (((2, 2),), ())
    assert engine.run(engine.store.vanished(account, INBOX, 1, ALL)) == ((2, 2),)


def test_into_another_mailbox(engine: Engine, account: int) -> None:
    """Both mailboxes change, with the same MODSEQ; figures are those of what is there."""
    new = letter("new")

    done = engine.one(Replace(account, INBOX, 1, 2, new.appended()))

    assert engine.uids(account, INBOX) == [2, 3]
    assert engine.uids(account, 2) == [1]
    assert engine.mailbox(account, INBOX).highest_modseq == done.modseq
    assert engine.mailbox(account, 2).highest_modseq == done.modseq
    found = engine.run(engine.store.account(account))
    assert found is not None
    octets = sum(engine.mailbox(account, mailbox).octets for mailbox in (INBOX, 2))
    assert (found.letters, found.octets) == (3, octets)
    assert engine.mailbox(account, 2).octets == len(new.octets)


def test_a_copy_of_the_old_letter_stays(engine: Engine, account: int) -> None:
    """Only the placement named goes."""
    sent = letter("both")
    engine.one(sent.deliver(Place(account, INBOX), Place(account, 2)))

    engine.one(Replace(account, INBOX, 4, INBOX, letter("new").appended()))

    assert engine.rows(account, 2, "uid", "octets") == [(1, sent.octets)]


def test_the_quota_bears_the_difference(engine: Engine, account: int) -> None:
    """A letter as large as the old one fits into a full account, one octet more does not."""
    old = engine.rows(account, INBOX, "uid", "size")[0][1]
    used = sum(row[1] for row in engine.rows(account, INBOX, "uid", "size"))
    engine.one(SetAccount(account, quota_octets=used))
    empty = len(letter("x", "").octets)
    fitting, larger = letter("x", "a" * (old - empty)), letter("x", "a" * (old - empty + 1))
    assert len(fitting.octets) == old

    assert engine.refused(Replace(account, INBOX, 1, INBOX, larger.appended())) is Why.OVER_QUOTA
    assert engine.uids(account, INBOX) == [1, 2, 3]
    engine.one(Replace(account, INBOX, 1, INBOX, fitting.appended()))
    assert engine.uids(account, INBOX) == [2, 3, 4]


def test_refused_and_nothing_was_done(engine: Engine, account: int) -> None:
    """Without the old letter, or without either mailbox."""
    new = letter("new").appended()
    before = engine.everything()

    assert engine.refused(Replace(account, INBOX, 9, 2, new)) is Why.NO_LETTER
    assert engine.refused(Replace(account, 2, 1, INBOX, new)) is Why.NO_LETTER
    assert engine.refused(Replace(account, 7, 1, INBOX, new)) is Why.NO_MAILBOX
    assert engine.refused(Replace(account, INBOX, 1, 7, new)) is Why.NO_MAILBOX
    assert engine.refused(Replace(99, INBOX, 1, INBOX, new)) is Why.NO_MAILBOX
    assert engine.everything() == before
    engine.one(DeleteMailbox(account, 2))
    assert engine.refused(Replace(account, INBOX, 1, 2, new)) is Why.NO_MAILBOX


def test_a_unit_that_fails_later_takes_it_back(engine: Engine, account: int) -> None:
    """All values of a unit or none."""
    before = engine.everything()

    why = engine.refused(
        Replace(account, INBOX, 1, 2, letter("new").appended()),
        SetFlags(account, 9, ALL, FlagChange.ADD, SEEN, ""),
    )

    assert why is Why.NO_MAILBOX
    assert engine.everything() == before
