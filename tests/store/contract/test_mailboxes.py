"""Mailboxes and subscriptions on every engine. RFC 3501 6.3.3 to 6.3.7"""

import pytest
from tests.letters import letter
from tests.store.engines import ALL, Engine, expanded

from posthouse.store.values import (
    DELETED,
    INBOX,
    SEEN,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    RenameMailbox,
    Subscribe,
    Why,
)


def id_of(engine: Engine, account: int, name: str) -> int:
    """Of a mailbox that exists."""
    found = engine.run(engine.store.mailbox_by_name(account, name))
    assert found is not None
    assert found.name == name
    assert isinstance(found.id, int)
    return found.id


def test_a_new_account_has_its_inbox(engine: Engine) -> None:
    """INBOX has id 1 and is empty; the special-use mailboxes asked for are there too."""
    account = engine.account(mailboxes=(("Sent", "\\Sent"), ("Junk", "\\Junk")))

    assert [(m.name, m.special_use) for m in engine.run(engine.store.mailboxes(account))] == [
        ("INBOX", ""),
        ("Junk", "\\Junk"),
        ("Sent", "\\Sent"),
    ]
    box = engine.mailbox(account, INBOX)
    assert box.selectable
    assert (box.uidnext, box.messages, box.first_recent) == (1, 0, 1)
    assert 0 < box.uidvalidity < 2**32
    assert box.highest_modseq >= 1


def test_create_makes_a_mailbox_and_its_superiors(engine: Engine) -> None:
    """CREATE a/b/c makes a and a/b where they are missing. RFC 3501 6.3.3"""
    account = engine.account()

    done = engine.one(CreateMailbox(account, "a/b/c", "\\Archive"))

    assert engine.names(account) == ["INBOX", "a", "a/b", "a/b/c"]
    box = engine.mailbox(account, done.mailbox)
    assert (box.name, box.selectable, box.special_use) == ("a/b/c", True, "\\Archive")
    assert (box.uidvalidity, box.uidnext, box.messages) == (done.uidvalidity, 1, 0)
    assert box.highest_modseq <= done.modseq
    superior = engine.run(engine.store.mailbox_by_name(account, "a/b"))
    assert superior.special_use == ""


def test_create_what_exists_fails(engine: Engine) -> None:
    """EXISTS for INBOX and for every selectable name; names differ by case."""
    account = engine.account()
    engine.create(account, "Work")

    assert engine.refused(CreateMailbox(account, "INBOX")) is Why.EXISTS
    assert engine.refused(CreateMailbox(account, "Work")) is Why.EXISTS
    engine.create(account, "work")
    assert engine.names(account) == ["INBOX", "Work", "work"]


def test_names_may_be_anything(engine: Engine) -> None:
    """Names are Unicode and are found again exactly; what looks like a pattern is none."""
    account = engine.account()
    names = ["100%", "a_b", "axb", "旅行/北京", "Ä/ö", "'; --", "\\x", "a*"]
    for name in names:
        engine.create(account, name)

    for name in names:
        assert engine.mailbox(account, id_of(engine, account, name)).name == name
    engine.one(DeleteMailbox(account, id_of(engine, account, "a_b")))
    engine.one(RenameMailbox(account, id_of(engine, account, "旅行"), "_"))
    assert "axb" in engine.names(account)
    assert "_/北京" in engine.names(account)
    assert engine.run(engine.store.mailbox_by_name(account, "a_b")) is None


def test_mailboxes_are_ordered_by_name(engine: Engine) -> None:
    """The list is sorted by code points."""
    account = engine.account()
    for name in ("b", "a/c", "a", "a-", "B", "é", "zz"):
        if engine.run(engine.store.mailbox_by_name(account, name)) is None:
            engine.create(account, name)

    assert engine.names(account) == sorted(["INBOX", "b", "a/c", "a", "a-", "B", "é", "zz"])


def test_uidvalidity_is_never_given_twice(engine: Engine) -> None:
    """A name that is deleted and created again has a greater UIDVALIDITY, also in the same second
    and when the clock went back. RFC 3501 2.3.1.1"""
    account = engine.account()
    given = [engine.mailbox(account, INBOX).uidvalidity]
    for step in range(6):
        done = engine.one(CreateMailbox(account, "Work"))
        given.append(done.uidvalidity)
        engine.one(letter().append(account, done.mailbox))
        engine.one(DeleteMailbox(account, done.mailbox))
        engine.clock.jump(-500 if step % 2 else 0)

    assert given == sorted(set(given))


def test_mailbox_ids_are_never_given_twice(engine: Engine) -> None:
    """A new mailbox has an id that no mailbox of the account had before."""
    account = engine.account()
    given = []
    for _ in range(4):
        given.append(engine.create(account, "Work"))
        engine.one(DeleteMailbox(account, given[-1]))

    assert given == sorted(set(given))
    assert engine.run(engine.store.mailbox(account, given[-1])) is None


def test_delete_takes_the_letters(engine: Engine) -> None:
    """With the mailbox go its letters, and they count no more."""
    account = engine.account()
    work = engine.create(account, "Work")
    engine.do(letter().append(account, work), letter(size=900).append(account, INBOX))

    done = engine.one(DeleteMailbox(account, work))

    assert done.modseq > 1
    assert engine.names(account) == ["INBOX"]
    assert engine.uids(account, work) == []
    assert engine.rows(account, work, "uid") == []
    kept = engine.run(engine.store.account(account))
    assert (kept.letters, kept.octets) == (1, 900)


def test_delete_with_inferiors_leaves_the_name(engine: Engine) -> None:
    """A mailbox with inferiors becomes a mere name and loses its letters. RFC 3501 6.3.4"""
    account = engine.account()
    top = engine.create(account, "a")
    engine.create(account, "a/b")
    engine.one(letter(size=800).append(account, top, DELETED, "k"))

    engine.one(DeleteMailbox(account, top))

    box = engine.mailbox(account, top)
    assert (box.name, box.selectable, box.special_use) == ("a", False, "")
    assert (box.messages, box.unseen, box.deleted, box.octets) == (0, 0, 0, 0)
    assert engine.uids(account, top) == []
    assert engine.run(engine.store.account(account)).octets == 0
    assert engine.refused(DeleteMailbox(account, top)) is Why.HAS_CHILDREN
    engine.one(DeleteMailbox(account, id_of(engine, account, "a/b")))
    engine.one(DeleteMailbox(account, top))
    assert engine.names(account) == ["INBOX"]


def test_a_name_becomes_a_mailbox_again(engine: Engine) -> None:
    """CREATE of a mere name makes it selectable, empty, with a new UIDVALIDITY."""
    account = engine.account()
    old = engine.one(CreateMailbox(account, "a"))
    engine.create(account, "a/b")
    engine.do(*[letter().append(account, old.mailbox) for _ in range(3)])
    engine.one(DeleteMailbox(account, old.mailbox))

    new = engine.one(CreateMailbox(account, "a", "\\Archive"))

    assert new.uidvalidity > old.uidvalidity
    assert engine.names(account) == ["INBOX", "a", "a/b"]
    box = engine.mailbox(account, new.mailbox)
    assert (box.selectable, box.special_use, box.messages) == (True, "\\Archive", 0)
    assert box.uidvalidity == new.uidvalidity
    again = engine.one(letter().append(account, new.mailbox))
    assert again.first_uid == box.uidnext
    engine.one(Expunge(account, new.mailbox, any_flag=True))
    engine.do(*[letter().append(account, new.mailbox) for _ in range(4)])
    engine.one(Expunge(account, new.mailbox, any_flag=True))
    changes = engine.run(engine.store.changes(account, new.mailbox, again.modseq - 1))
    assert len(expanded(changes.vanished)) == 5


def test_what_vanished_from_a_name_is_not_what_is_there_now(engine: Engine) -> None:
    """When a name becomes a mailbox again, no letter in it is told to have vanished before."""
    account = engine.account()
    old = engine.one(CreateMailbox(account, "a"))
    engine.create(account, "a/b")
    first = engine.one(letter().append(account, old.mailbox)).modseq
    engine.one(letter().append(account, old.mailbox))
    engine.one(Expunge(account, old.mailbox, ((1, 1),), any_flag=True))
    engine.one(DeleteMailbox(account, old.mailbox))
    new = engine.one(CreateMailbox(account, "a")).mailbox
    engine.do(*[letter().append(account, new) for _ in range(3)])

    for since in range(first, engine.run(engine.store.account(account)).modseq):
        changes = engine.run(engine.store.changes(account, new, since))
        there = set(engine.uids(account, new))
        assert changes is None or not there & set(expanded(changes.vanished))
        vanished = engine.run(engine.store.vanished(account, new, since, ALL))
        assert vanished is None or not there & set(expanded(vanished))


@pytest.mark.parametrize(
    ("name", "why"),
    [("INBOX", Why.FORBIDDEN), ("nothing", Why.NO_MAILBOX)],
)
def test_what_cannot_be_deleted(engine: Engine, name: str, why: Why) -> None:
    """INBOX stays; what does not exist cannot go."""
    account = engine.account()
    mailbox = INBOX if name == "INBOX" else 4711

    assert engine.refused(DeleteMailbox(account, mailbox)) is why


def test_rename_keeps_everything_but_the_name(engine: Engine) -> None:
    """A renamed mailbox and its inferiors keep ids, UIDVALIDITY, UIDs, flags. RFC 3501 6.3.5"""
    account = engine.account()
    top, below = engine.create(account, "a"), engine.create(account, "a/b/c")
    engine.create(account, "ab")
    engine.do(letter().append(account, top, SEEN, "k"), letter().append(account, below))
    fields = ("uid", "email", "flags", "keywords", "octets")
    before = [(engine.mailbox(account, m), engine.rows(account, m, *fields)) for m in (top, below)]

    engine.one(RenameMailbox(account, top, "x/y"))

    assert engine.names(account) == ["INBOX", "ab", "x", "x/y", "x/y/b", "x/y/b/c"]
    for mailbox, name, (old, rows) in zip((top, below), ("x/y", "x/y/b/c"), before, strict=True):
        new = engine.mailbox(account, mailbox)
        assert new.name == name
        assert (new.uidvalidity, new.uidnext) == (old.uidvalidity, old.uidnext)
        assert engine.rows(account, mailbox, *fields) == rows
    engine.create(account, "a")  # the old name is free


def test_a_mere_name_can_be_renamed(engine: Engine) -> None:
    """Also a name that is not selectable moves with its inferiors."""
    account = engine.account()
    top = engine.create(account, "a")
    engine.create(account, "a/b")
    engine.one(DeleteMailbox(account, top))

    engine.one(RenameMailbox(account, top, "z"))

    assert engine.names(account) == ["INBOX", "z", "z/b"]
    assert not engine.mailbox(account, top).selectable


RENAMES = [
    ("a", "b", Why.EXISTS),
    ("a", "a", Why.EXISTS),
    ("a", "INBOX", Why.EXISTS),
    ("a", "a/b", Why.FORBIDDEN),
    ("a", "a/b/c", Why.FORBIDDEN),
    ("INBOX", "b", Why.EXISTS),
    ("", "c", Why.NO_MAILBOX),
]


@pytest.mark.parametrize(("old", "new", "why"), RENAMES)
def test_what_cannot_be_renamed(engine: Engine, old: str, new: str, why: Why) -> None:
    """Neither onto a name that exists nor below itself; nothing is changed by the attempt."""
    account = engine.account()
    engine.create(account, "a")
    engine.create(account, "b")
    mailbox = id_of(engine, account, old) if old else 4711
    before = engine.everything()

    assert engine.refused(RenameMailbox(account, mailbox, new)) is why
    assert engine.everything() == before


def test_renaming_inbox_moves_its_letters(engine: Engine) -> None:
    """INBOX gives its letters to the new mailbox and stays, empty, with its inferiors, and goes on
    counting its UIDs. RFC 3501 6.3.5"""
    account = engine.account()
    engine.create(account, "INBOX/below")
    engine.do(*[letter(f"{n}").append(account, INBOX, SEEN, "k") for n in range(3)])
    engine.one(Expunge(account, INBOX, ((2, 2),), any_flag=True))
    before = engine.mailbox(account, INBOX)

    engine.one(RenameMailbox(account, INBOX, "old/mail"))

    assert engine.names(account) == ["INBOX", "INBOX/below", "old", "old/mail"]
    target = id_of(engine, account, "old/mail")
    assert engine.rows(account, target, "subject", "flags", "keywords") == [
        ("0", SEEN, "k"),
        ("2", SEEN, "k"),
    ]
    after = engine.mailbox(account, INBOX)
    assert (after.uidvalidity, after.uidnext) == (before.uidvalidity, before.uidnext)
    assert (after.messages, after.octets, after.unseen) == (0, 0, 0)
    changes = engine.run(engine.store.changes(account, INBOX, before.highest_modseq))
    assert expanded(changes.vanished) == [1, 3]
    assert engine.one(letter().append(account, INBOX)).first_uid == 4
    assert engine.run(engine.store.account(account)).letters == 3


def test_renaming_an_empty_inbox(engine: Engine) -> None:
    """Without letters there is a new, empty mailbox."""
    account = engine.account()

    engine.one(RenameMailbox(account, INBOX, "old"))

    assert engine.names(account) == ["INBOX", "old"]


def test_uids_stay_after_a_rename_of_inbox_and_back(engine: Engine) -> None:
    """The new mailbox is another one: its UIDVALIDITY was never given before."""
    account = engine.account()
    engine.one(letter().append(account, INBOX))
    given = [engine.mailbox(account, INBOX).uidvalidity]
    for name in ("one", "two"):
        engine.one(RenameMailbox(account, INBOX, name))
        given.append(engine.mailbox(account, id_of(engine, account, name)).uidvalidity)

    assert len(set(given)) == 3


def test_subscriptions_are_names(engine: Engine) -> None:
    """Any name can be subscribed, once, and stays so when the mailbox goes. RFC 3501 6.3.6"""
    account = engine.account()
    before = set(engine.run(engine.store.subscriptions(account)))
    work = engine.create(account, "Work")
    for name in ("Work", "nowhere/never", "Work"):
        engine.one(Subscribe(account, name, subscribed=True))
    engine.one(DeleteMailbox(account, work))

    found = engine.run(engine.store.subscriptions(account))
    assert found == sorted(before | {"Work", "nowhere/never"})

    for name in ("Work", "Work", "unknown"):
        engine.one(Subscribe(account, name, subscribed=False))
    assert set(engine.run(engine.store.subscriptions(account))) == before | {"nowhere/never"}


def test_mailboxes_of_two_accounts_do_not_meet(engine: Engine) -> None:
    """Names, ids, letters and subscriptions of one account are nothing to the other."""
    ann, bob = engine.account("ann"), engine.account("bob")
    engine.create(ann, "Work")
    engine.do(letter().append(ann, INBOX), letter().append(ann, 2))
    engine.one(Subscribe(ann, "Work", subscribed=True))

    assert engine.names(bob) == ["INBOX"]
    assert engine.run(engine.store.mailbox(bob, 2)) is None
    assert engine.uids(bob, INBOX) == []
    assert "Work" not in engine.run(engine.store.subscriptions(bob))
    assert engine.rows(bob, INBOX, "uid", uids=ALL) == []


def test_mailboxes_of_nobody(engine: Engine) -> None:
    """Who asks for an account that is not there finds nothing; a write fails."""
    assert engine.run(engine.store.mailboxes(7)) == []
    assert engine.run(engine.store.mailbox(7, INBOX)) is None
    assert engine.run(engine.store.mailbox_by_name(7, "INBOX")) is None
    assert engine.run(engine.store.subscriptions(7)) == []
    assert engine.uids(7, INBOX) == []
    for value in (CreateMailbox(7, "a"), DeleteMailbox(7, 2), RenameMailbox(7, 2, "b")):
        assert engine.refused(value) in {Why.GONE, Why.NO_MAILBOX}
