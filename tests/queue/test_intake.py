"""The promise: nothing is accepted before it is kept."""

from dataclasses import replace

import pytest
from tests.queue_letters import incoming
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.ids import id_text
from posthouse.deliver.local import InboxDelivery
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.intake import Intake, refusal_of, with_forwards
from posthouse.queue.trace import unpack
from posthouse.store.contract import StoreFailure
from posthouse.store.memory import MemoryStore
from posthouse.store.values import INBOX, AddAccount, AddDomain, RemoveAccount, Why


def site() -> MemoryStore:
    store = MemoryStore(SetClock())
    run_now(
        store.commit(
            AddDomain("example.org"),
            AddAccount("ann@example.org", "", 0, ()),
            AddAccount("bob@example.org", "", 5, ()),
        )
    )
    return store


def test_a_letter_is_in_the_inbox_and_traced() -> None:
    """One commit: the letter, and what the stations wrote; the answer names its id."""
    store = site()
    taken = incoming((1,))
    text = run_now(Intake(store, InboxDelivery(), SetClock()).take(taken))

    mailbox = run_now(store.mailbox(1, INBOX))
    assert mailbox is not None
    assert mailbox.messages == 1
    assert id_text(taken.body.id) in text
    (row,) = run_now(store.trace(taken.body.id))
    assert [s.station for s in unpack(row.stations)] == ["deliver"]


def test_all_or_nobody_without_a_queue() -> None:
    """When one account has no room, and nowhere to wait, the others get nothing, and the sender
    comes again. With a queue: tests/deliver/test_here.py.
    """
    store = site()
    with pytest.raises(Refusal) as refusal:
        run_now(Intake(store, InboxDelivery(), SetClock()).take(incoming((1,), (2,))))

    mailbox = run_now(store.mailbox(1, INBOX))
    assert mailbox is not None
    assert mailbox.messages == 0
    assert (refusal.value.code, refusal.value.status) == (452, "4.2.2")


def test_an_account_that_went_meanwhile() -> None:
    """A temporary answer: the next try sees the new directory."""
    store = site()
    run_now(store.commit(RemoveAccount(1)))
    with pytest.raises(Refusal) as refusal:
        run_now(Intake(store, InboxDelivery(), SetClock()).take(incoming((1,))))

    assert refusal.value.code == 451


@pytest.mark.parametrize("why", list(Why))
def test_every_failure_of_the_store_is_temporary(why: Why) -> None:
    """A letter is never lost for a fault on our side; a fault of ours is blamed on us."""
    refusal = refusal_of(StoreFailure(why, "secret path /var"))

    assert 400 <= refusal.code < 500
    assert "/var" not in refusal.say
    assert (refusal.blame is Blame.OURS) == (
        why not in (Why.OVER_QUOTA, Why.GONE, Why.FULL, Why.AWAY)
    )


def test_without_a_queue_nothing_goes_elsewhere() -> None:
    """Doors ask before they take a recipient."""
    assert not Intake(site(), InboxDelivery(), SetClock()).sends_elsewhere


def test_aliases_that_lead_elsewhere_become_recipients_of_the_queue() -> None:
    """Each address once, with the wishes of the recipient that the sender named; who has no
    mailbox here is no local recipient."""
    eve = Recipient(address="eve@far.example")
    team = Recipient(address="team@example.org", notify=("NEVER",), original="rfc822;t")
    away = Recipient(address="away@example.org", notify=("DELAY",))
    taken = incoming((1,), ())
    taken.envelope = Envelope(sender="ann@example.org", recipients=(team, eve, away))
    taken.outside = (eve,)
    taken.residents = (
        replace(taken.residents[0], outside=("joe@far.example", "eve@far.example")),
        replace(taken.residents[1], outside=("joe@far.example", "sam@far.example")),
    )
    letter = with_forwards(taken)

    assert [resident.accounts for resident in letter.residents] == [(1,)]
    assert [(r.address, r.notify, r.original) for r in letter.outside] == [
        ("eve@far.example", (), ""),
        ("joe@far.example", ("NEVER",), "rfc822;t"),
        ("sam@far.example", ("DELAY",), ""),
    ]
    plain = incoming((1,))
    assert with_forwards(plain) is plain
