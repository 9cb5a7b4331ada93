"""What a session knows of its mailbox: lazy UIDs, numbers, and what this session did itself."""

from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters import letter
from posthouse.base.clock import SetClock
from posthouse.read.imap.view import MailboxLost, NoSuchMessage, View
from posthouse.store.contract import Mailbox
from posthouse.store.memory import MemoryStore
from posthouse.store.values import INBOX, AddAccount, AddDomain, Expunge, Place
from posthouse.wire.imap.sets import STAR
from turn import run_now


def box(messages: int, uidnext: int) -> Mailbox:
    return Mailbox(1, "INBOX", True, "", 7, uidnext, 5, messages, 0, 0, 0, 1)


def store_of(letters: int, *gone: int) -> MemoryStore:
    store = MemoryStore(SetClock())
    run_now(store.commit(AddDomain("example.org")))
    run_now(store.commit(AddAccount("ann@example.org", "ann@example.org", 0, ())))
    for _ in range(letters):
        run_now(store.commit(letter().deliver(Place(1, INBOX))))
    if gone:
        ranges = tuple((uid, uid) for uid in sorted(gone))
        run_now(store.commit(Expunge(1, INBOX, ranges, any_flag=True)))
    return store


def view_of(store: MemoryStore) -> View:
    owner = run_now(store.account(1))
    row = run_now(store.mailbox(1, INBOX))
    assert owner is not None
    assert row is not None
    return View(1, row, owner.modseq, read_only=False)


def expunge(store: MemoryStore, *uids: int) -> int:
    (result,) = run_now(
        store.commit(Expunge(1, INBOX, tuple((uid, uid) for uid in uids), any_flag=True))
    )
    modseq: int = result.modseq  # type: ignore[union-attr]
    return modseq


class Unread:
    """A store that must not be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked")


def test_a_mailbox_without_gaps_is_never_read() -> None:
    """Where nothing was ever removed, or nothing is left, the UIDs are known from the figures."""
    unread: Any = Unread()
    full, empty = (View(1, box(*figures), 5, read_only=True) for figures in ((4, 5), (0, 5)))

    assert list(run_now(full.load(unread))) == [1, 2, 3, 4]
    assert list(run_now(empty.load(unread))) == []


def test_uids_are_read_when_needed_and_are_those_of_the_moment_of_select() -> None:
    """What came or went between SELECT and the reading makes no difference."""
    store = store_of(6, 2)
    view = view_of(store)
    expunge(store, 4, 6)
    run_now(store.commit(letter().deliver(Place(1, INBOX))))

    assert not view.is_loaded
    assert list(run_now(view.load(store))) == [1, 3, 4, 5, 6]


def test_uids_that_cannot_be_known_end_the_view() -> None:
    """Without the log of changes nobody can say what was there."""
    store = store_of(6, 2)
    view = view_of(store)
    expunge(store, 4)
    view.synced = -1  # before the log begins

    with pytest.raises(MailboxLost):
        run_now(view.load(store))


def test_numbers_become_uids() -> None:
    """Sets mean what RFC 3501 says, with * and beyond the end."""
    store = store_of(6, 2, 5)  # 1 3 4 6
    view = view_of(store)

    def chosen(numbers: Any, uid: bool = False) -> Any:
        return run_now(view.chosen(store, numbers, uid=uid))

    assert chosen(((1, STAR),)) == ((1, 6),)
    assert chosen(((2, 3),)) == ((3, 4),)
    assert chosen(((STAR, STAR),)) == ((6, 6),)
    assert chosen(((4, 2), (1, 1))) == ((1, 6),)
    with pytest.raises(NoSuchMessage):
        chosen(((1, 5),))
    assert chosen(((2, 5),), uid=True) == ((2, 5),)
    assert chosen(((9, STAR),), uid=True) == ((6, 6),)
    assert chosen(((9, 12),), uid=True) == ()
    assert chosen(((3, 12),), uid=True) == ((3, 6),)
    view.saved = ((4, 4),)
    assert chosen(()) == ((4, 4),)


def test_an_empty_mailbox_has_no_star() -> None:
    """1:* means nothing there, but 1 is a number that no message has."""
    view = view_of(store_of(0))
    store: Any = Unread()

    assert run_now(view.chosen(store, ((1, STAR),), uid=False)) == ()
    assert run_now(view.chosen(store, ((1, STAR),), uid=True)) == ()
    assert view.known == ()
    with pytest.raises(NoSuchMessage):
        run_now(view.chosen(store, ((1, 1),), uid=False))


def test_own_changes_are_known_when_nothing_lies_between() -> None:
    """The next MODSEQ is ours alone; a later one means that somebody else was there too."""
    view = View(1, box(4, 5), 5, read_only=False)

    view.did(0)
    view.did(6)
    assert (view.synced, view.is_behind, view.highest) == (6, False, 6)
    view.did_elsewhere(7)
    assert (view.synced, view.highest) == (7, 6)
    view.did(9)
    assert (view.synced, view.is_behind, view.own) == (7, True, frozenset({9}))


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(0, 5))
def test_the_list_of_uids_is_that_of_the_messages(
    there: set[int], gone: set[int], more: int
) -> None:
    """Taking out and adding keeps numbers and UIDs right, with ranges and with arrays."""
    uids = sorted(there)
    view = View(1, box(len(uids), 61), 5, read_only=False)
    view._uids = array("I", uids)
    ranges = tuple((uid, uid) for uid in sorted(gone))

    numbers, known = view.forget(ranges)

    left = [uid for uid in uids if uid not in gone]
    assert numbers == [n for n, uid in enumerate(uids, 1) if uid in gone]
    assert known == [uid for uid in uids if uid in gone]
    assert list(view.uids) == left
    assert view.count == len(left)

    class Store:
        async def uids(self, *_asked: int) -> Any:
            yield array("I", range(61, 61 + more))

    store: Any = Store()
    run_now(view.grow(store, 61 + more))
    left += range(61, 61 + more)
    assert list(view.uids) == left
    assert [view.number_of(uid) for uid in left] == list(range(1, len(left) + 1))
    if left:
        assert list(view.numbers_of(left)) == list(range(1, len(left) + 1))
        assert list(view.numbers_of(left[::2])) == list(range(1, len(left) + 1, 2))
    view.recent = ((10, 20), (61, 70))
    assert view.recent_count() == sum(10 <= uid <= 20 or uid > 60 for uid in left)
