"""Deliver and Append on every engine: UIDs, MODSEQs, counters, quota. RFC 3501 2.3.1.1, 3502"""

import msgspec
import pytest
from tests.letters import RECEIVED, Letter, letter
from tests.store.engines import Engine

from posthouse.store.values import (
    DELETED,
    FLAGGED,
    INBOX,
    SEEN,
    AddAccount,
    AddDomain,
    Append,
    ClaimRecent,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    Move,
    Place,
    RemoveAccount,
    SetAccount,
    Why,
)


def test_a_letter_is_in_the_mailbox_it_was_delivered_to(engine: Engine) -> None:
    """Deliver gives a UID and a MODSEQ, and the letter can be read back octet for octet."""
    account = engine.account()
    sent = letter("Hello", received_later := "Good day.\r\n")
    assert received_later.encode() in sent.octets

    [placed] = engine.one(sent.deliver(Place(account, INBOX, FLAGGED, "$Important"))).places

    assert (placed.account, placed.mailbox, placed.uid) == (account, INBOX, 1)
    assert engine.rows(account, INBOX, "uid", "email", "modseq", "flags", "keywords", "body") == [
        (1, placed.email, placed.modseq, FLAGGED, "$Important", sent.body.id)
    ]
    assert engine.rows(account, INBOX, "octets", "size", "received", "saved") == [
        (sent.octets, len(sent.octets), RECEIVED, int(engine.clock.now()))
    ]


def test_uids_only_grow(engine: Engine) -> None:
    """Each letter takes the next UID, also after the last one was expunged. RFC 3501 2.3.1.1"""
    account = engine.account()
    given = []
    for _ in range(5):
        given.append(engine.one(letter().append(account, INBOX)).first_uid)
        assert engine.mailbox(account, INBOX).uidnext == given[-1] + 1
        engine.one(Expunge(account, INBOX, any_flag=True))

    assert given == [1, 2, 3, 4, 5]
    assert engine.mailbox(account, INBOX).uidnext == 6


def test_modseqs_only_grow(engine: Engine) -> None:
    """Each unit that changes an account's mail has a MODSEQ above all before. RFC 7162 3.1"""
    account = engine.account()
    other = engine.create(account, "Other")
    given = [engine.mailbox(account, INBOX).highest_modseq]
    assert given[0] >= 1
    for number in range(6):
        mailbox = INBOX if number % 2 else other
        given.append(engine.one(letter().append(account, mailbox)).modseq)
        assert engine.mailbox(account, mailbox).highest_modseq == given[-1]

    assert given == sorted(set(given))
    assert engine.run(engine.store.account(account)).modseq >= given[-1]


def test_one_letter_to_many_accounts(engine: Engine) -> None:
    """A delivery to several accounts has one body and a UID in each, in the order of the places."""
    accounts = [engine.account(name) for name in ("ann", "bob", "cid")]
    sent = letter()

    places = engine.one(sent.deliver(*[Place(a, INBOX) for a in reversed(accounts)])).places

    assert [placed.account for placed in places] == accounts[::-1]
    for account in accounts:
        assert engine.rows(account, INBOX, "body", "octets") == [(sent.body.id, sent.octets)]


def test_one_letter_in_two_mailboxes_is_one_email(engine: Engine) -> None:
    """A letter that a delivery puts into two mailboxes of an account has one email number."""
    account = engine.account()
    work = engine.create(account, "Work")

    one, two = engine.one(letter().deliver(Place(account, INBOX), Place(account, work))).places

    assert one.email == two.email
    assert (one.mailbox, two.mailbox) == (INBOX, work)
    assert one.modseq == two.modseq


def test_a_mailbox_that_is_gone_means_inbox(engine: Engine) -> None:
    """Delivery into a deleted mailbox, or into a mere name, goes to INBOX."""
    account = engine.account()
    gone, name = engine.create(account, "Gone"), engine.create(account, "Name")
    engine.do(CreateMailbox(account, "Name/Below"))
    engine.do(DeleteMailbox(account, gone), DeleteMailbox(account, name))

    for mailbox in (gone, name, 4711):
        [placed] = engine.one(letter().deliver(Place(account, mailbox))).places
        assert placed.mailbox == INBOX
    assert len(engine.uids(account, INBOX)) == 3


def test_nobody_gets_a_letter_when_one_account_is_gone(engine: Engine) -> None:
    """Deliver is all or nothing: GONE for one is GONE for all."""
    ann, bob = engine.account("ann"), engine.account("bob")
    engine.one(RemoveAccount(bob))

    assert engine.refused(letter().deliver(Place(ann, INBOX), Place(bob, INBOX))) is Why.GONE
    assert engine.uids(ann, INBOX) == []


def test_append_gives_consecutive_uids(engine: Engine) -> None:
    """Several letters of one APPEND have consecutive UIDs in their order. RFC 3502"""
    account = engine.account()
    engine.one(letter().append(account, INBOX))
    letters = [letter(f"Number {n}") for n in range(4)]
    each = tuple(x.appended(flags=n, keywords="k" * n) for n, x in enumerate(letters))

    done = engine.one(Append(account, INBOX, each))

    assert (done.first_uid, done.last_uid) == (2, 5)
    assert done.uidvalidity == engine.mailbox(account, INBOX).uidvalidity
    assert engine.rows(account, INBOX, "uid", "subject", "flags", "keywords", "modseq")[1:] == [
        (n + 2, f"Number {n}", n, "k" * n, done.modseq) for n in range(4)
    ]


def test_append_to_no_mailbox_fails(engine: Engine) -> None:
    """APPEND does not fall back to INBOX: NO_MAILBOX. RFC 3501 6.3.11"""
    account = engine.account()
    name = engine.create(account, "Name")
    engine.do(CreateMailbox(account, "Name/Below"), DeleteMailbox(account, name))

    assert engine.refused(letter().append(account, 4711)) is Why.NO_MAILBOX
    assert engine.refused(letter().append(account, name)) is Why.NO_MAILBOX
    assert engine.refused(letter().append(99, INBOX)) in {Why.NO_MAILBOX, Why.GONE}


def test_counters_follow_the_letters(engine: Engine) -> None:
    """Messages, unseen, deleted and octets are those of the letters that are there."""
    account = engine.account()
    letters = [letter(size=500 + n) for n in range(4)]
    flags = [0, SEEN, DELETED, SEEN | DELETED]
    engine.do(*[x.append(account, INBOX, f) for x, f in zip(letters, flags, strict=True)])

    box = engine.mailbox(account, INBOX)
    assert (box.messages, box.unseen, box.deleted) == (4, 2, 2)
    assert box.octets == sum(len(x.octets) for x in letters)
    kept = engine.run(engine.store.account(account))
    assert (kept.letters, kept.octets) == (4, box.octets)

    engine.one(Expunge(account, INBOX))
    box = engine.mailbox(account, INBOX)
    assert (box.messages, box.unseen, box.deleted) == (2, 1, 0)
    assert box.octets == len(letters[0].octets) + len(letters[1].octets)
    kept = engine.run(engine.store.account(account))
    assert (kept.letters, kept.octets) == (2, box.octets)


def test_quota_at_the_limit(engine: Engine) -> None:
    """A letter that fills the quota exactly is let in, one octet more is not."""
    account = engine.account(quota=1000)
    engine.one(letter(size=500).append(account, INBOX))

    assert engine.refused(letter(size=501).append(account, INBOX)) is Why.OVER_QUOTA
    assert engine.refused(letter(size=501).deliver(Place(account, INBOX))) is Why.OVER_QUOTA
    engine.one(letter(size=500).append(account, INBOX))
    assert engine.refused(letter(size=200).append(account, INBOX)) is Why.OVER_QUOTA


def test_quota_of_one_stops_the_letter_for_all(engine: Engine) -> None:
    """Nobody gets a letter that has no room in one of its accounts."""
    ann, bob = engine.account("ann"), engine.account("bob", quota=100)

    why = engine.refused(letter(size=300).deliver(Place(ann, INBOX), Place(bob, INBOX)))

    assert why is Why.OVER_QUOTA
    assert engine.uids(ann, INBOX) == []


def test_quota_holds_for_copies_and_opens_again(engine: Engine) -> None:
    """Copies count; what is expunged counts no more; a raised or removed quota holds at once."""
    account = engine.account(quota=1000)
    engine.one(letter(size=600).append(account, INBOX))
    assert engine.refused(Copy(account, INBOX, ((1, 1),), INBOX)) is Why.OVER_QUOTA

    engine.one(Expunge(account, INBOX, any_flag=True))
    engine.one(letter(size=600).append(account, INBOX))
    engine.one(SetAccount(account, quota_octets=0))
    engine.one(letter(size=6000).append(account, INBOX))
    engine.one(SetAccount(account, quota_octets=10))
    assert engine.refused(letter(size=100).append(account, INBOX)) is Why.OVER_QUOTA
    engine.one(Expunge(account, INBOX, any_flag=True))  # being over it forbids no removing


def test_quota_of_letters(engine: Engine) -> None:
    """So many and no more, whichever way they come; copies count, moves and what goes do not."""
    account, other = engine.account(), engine.create(engine.account("bob"), "Work")
    work = engine.create(account, "Work")
    engine.one(SetAccount(account, quota_letters=3))
    engine.one(letter().append(account, INBOX))
    engine.one(letter().deliver(Place(account, INBOX)))
    bob = Place(2, other)

    assert engine.refused(Copy(account, INBOX, ((1, 2),), work)) is Why.OVER_QUOTA
    two = letter().deliver(Place(account, INBOX), Place(account, work), bob)
    assert engine.refused(two) is Why.OVER_QUOTA
    engine.one(Copy(account, INBOX, ((1, 1),), work))
    assert engine.refused(letter().append(account, INBOX)) is Why.OVER_QUOTA
    assert engine.refused(letter().deliver(bob, Place(account, INBOX))) is Why.OVER_QUOTA
    engine.one(Move(account, INBOX, ((1, 1),), work))
    kept = engine.run(engine.store.account(account))
    assert (kept.quota_letters, kept.letters) == (3, 3)
    assert engine.uids(2, other) == []

    engine.one(Expunge(account, work, ((1, 1),), any_flag=True))
    engine.one(letter().append(account, INBOX))
    engine.one(SetAccount(account, quota_letters=0))
    engine.one(letter().append(account, INBOX))


def test_quota_of_letters_from_the_first_moment(engine: Engine) -> None:
    """An account may be made with one; the quota of octets is another matter."""
    engine.one(AddDomain("example.org"))
    added = engine.one(AddAccount("c@example.org", "c@example.org", 10**6, (), quota_letters=1))
    account = added.account
    engine.one(letter().append(account, INBOX))

    assert engine.refused(letter().append(account, INBOX)) is Why.OVER_QUOTA
    engine.one(SetAccount(account, quota_octets=0))
    assert engine.refused(letter().append(account, INBOX)) is Why.OVER_QUOTA


def test_recent_letters_are_claimed_once(engine: Engine) -> None:
    """The first session that claims has all UIDs as \\Recent, the next none. RFC 3501 2.3.2"""
    account = engine.account()
    engine.do(letter().append(account, INBOX), letter().append(account, INBOX))

    claims = [engine.one(ClaimRecent(account, INBOX)) for _ in range(2)]
    engine.one(letter().append(account, INBOX))
    claims.append(engine.one(ClaimRecent(account, INBOX)))

    assert [(c.first_uid, c.next_uid) for c in claims] == [(1, 3), (3, 3), (3, 4)]
    assert engine.mailbox(account, INBOX).first_recent == 4


def test_claiming_changes_no_modseq(engine: Engine) -> None:
    """\\Recent is the session's matter: no MODSEQ is given for it. RFC 7162 3.1"""
    account = engine.account()
    engine.one(letter().append(account, INBOX))
    before = engine.mailbox(account, INBOX).highest_modseq

    engine.one(ClaimRecent(account, INBOX))

    assert engine.mailbox(account, INBOX).highest_modseq == before


def test_the_last_uid_is_given_and_none_after(engine: Engine) -> None:
    """2**32 - 1 is a UID; then LIMIT, and the UIDs do not begin again. RFC 3501 9 nz-number"""
    account = engine.account()
    engine.inside.set_uidnext(account, INBOX, 2**32 - 1)

    assert engine.one(letter().append(account, INBOX)).last_uid == 2**32 - 1
    assert engine.refused(letter().append(account, INBOX)) is Why.LIMIT
    assert engine.refused(letter().deliver(Place(account, INBOX))) is Why.LIMIT
    assert engine.uids(account, INBOX) == [2**32 - 1]
    assert engine.mailbox(account, INBOX).uidnext == 2**32


def test_replies_join_the_thread(engine: Engine) -> None:
    """A letter that refers to another with the same base subject has its thread; others do not."""
    account = engine.account()
    first = letter("Lunch", message_id="one@x")
    reply = letter("Re: Lunch", message_id="two@x", references=("one@x",))
    deeper = letter("Re: Lunch", message_id="three@x", references=("one@x", "two@x"))
    changed = letter("Dinner", message_id="four@x", references=("one@x",))
    stranger = letter("Lunch", message_id="five@x")

    threads = [_thread(engine, account, x) for x in (first, reply, deeper, changed, stranger)]

    assert threads[0] == threads[1] == threads[2]
    assert len({threads[0], threads[3], threads[4]}) == 3


def test_replies_that_come_first_make_the_thread(engine: Engine) -> None:
    """A letter joins the replies that arrived before it, and two replies find each other."""
    account = engine.account()
    reply = letter("Re: Lunch", message_id="two@x", references=("one@x",))
    other = letter("Re: Lunch", message_id="three@x", references=("one@x",))
    first = letter("Lunch", message_id="one@x")

    assert len({_thread(engine, account, x) for x in (reply, other, first)}) == 1


def test_threads_of_accounts_are_their_own(engine: Engine) -> None:
    """A reply is not joined to a letter that only somebody else has."""
    ann, bob = engine.account("ann"), engine.account("bob")
    _thread(engine, ann, letter("Lunch", message_id="one@x"))
    _thread(engine, bob, letter("Other", message_id="zero@x"))
    again = letter("Re: Lunch", message_id="two@x", references=("one@x",))

    [placed] = engine.one(again.deliver(Place(bob, INBOX))).places
    threads = engine.rows(bob, INBOX, "thread")

    assert placed.email > 0
    assert len(set(threads)) == 2


def _thread(engine: Engine, account: int, each: Letter) -> int:
    [placed] = engine.one(each.deliver(Place(account, INBOX))).places
    [thread] = engine.rows(account, INBOX, "thread", uids=((placed.uid, placed.uid),))
    assert isinstance(thread, int)
    return thread


def test_email_numbers_are_never_given_again(engine: Engine) -> None:
    """A letter's number in its account grows also when the letters before were removed."""
    account = engine.account()
    given = []
    for _ in range(3):
        given.append(engine.one(letter().deliver(Place(account, INBOX))).places[0].email)
        engine.one(Expunge(account, INBOX, any_flag=True))

    assert given == sorted(set(given))


def test_a_body_is_immutable(engine: Engine) -> None:
    """The same body may be named again (a retry); its octets stay."""
    account = engine.account()
    sent = letter()
    engine.one(sent.deliver(Place(account, INBOX)))
    engine.one(sent.deliver(Place(account, INBOX)))

    assert engine.rows(account, INBOX, "octets") == [sent.octets, sent.octets]


def test_saved_is_when_it_came(engine: Engine) -> None:
    """`saved` follows the clock of the store, `received` is what the caller said."""
    account = engine.account()
    engine.one(letter().append(account, INBOX))
    engine.clock.advance(3600)
    engine.one(letter().append(account, INBOX))

    saved = engine.rows(account, INBOX, "saved")
    assert saved[1] - saved[0] == 3600
    assert engine.rows(account, INBOX, "received") == [RECEIVED, RECEIVED]


@pytest.mark.parametrize("seconds", [-1e8, -1, 1e8])
def test_a_clock_that_jumps_gives_nothing_twice(engine: Engine, seconds: float) -> None:
    """UIDs, MODSEQs and UIDVALIDITYs only grow while the wall clock goes where it likes."""
    account = engine.account()
    before = engine.one(letter().append(account, INBOX))
    one = engine.one(CreateMailbox(account, "One"))
    engine.clock.jump(seconds)

    after = engine.one(letter().append(account, INBOX))
    two = engine.one(CreateMailbox(account, "Two"))

    assert after.first_uid == before.last_uid + 1
    assert after.modseq > one.modseq > before.modseq
    assert two.uidvalidity > one.uidvalidity


def test_a_result_is_what_a_socket_may_carry(engine: Engine) -> None:
    """Results are plain values: they survive msgpack."""
    account = engine.account()
    done = engine.one(letter().append(account, INBOX))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(done), type=type(done)) == done
