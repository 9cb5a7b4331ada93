"""Mailboxes below the contract: limits, changes, what the database keeps."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in, refused

from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.verify import verify
from posthouse.store.values import (
    INBOX,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    Place,
    RenameMailbox,
    Why,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    settings = StoreSettings(disk_reserve_octets=0, mailboxes_max=10)
    ledger = ledger_in(tmp_path, settings=settings)
    yield ledger
    ledger.close()
    assert verify(tmp_path, None, print).is_sound


def test_an_account_has_so_many_mailboxes(ledger: Ledger) -> None:
    """The limit and one more; superiors count, and are not made when the name is refused."""
    for number in range(8):
        kept(ledger, CreateMailbox(1, f"m{number}"))

    assert refused(ledger, CreateMailbox(1, "x/y")) is Why.LIMIT
    kept(ledger, CreateMailbox(1, "x"))
    assert refused(ledger, CreateMailbox(1, "y")) is Why.LIMIT


def test_each_kind_of_change_leaves_its_row(ledger: Ledger) -> None:
    """Made, renamed with its inferiors, deleted."""
    made = kept(ledger, CreateMailbox(1, "a/b"))
    kept(ledger, RenameMailbox(1, made.mailbox - 1, "c"))
    kept(ledger, DeleteMailbox(1, made.mailbox))
    rows = ledger.db.execute("SELECT mailbox, kind FROM change WHERE mailbox>1 ORDER BY modseq, 1")

    assert rows.fetchall() == [(2, 3), (3, 3), (2, 4), (3, 4), (3, 5)]


def test_names_beside_are_not_names_below(ledger: Ledger) -> None:
    """ "a.b" and "a0" sort around "a/b" and stay what they are."""
    for name in ("a", "a/b", "a.b", "a0", "a-"):
        kept(ledger, CreateMailbox(1, name))
    kept(ledger, RenameMailbox(1, 2, "z"))
    names = ledger.db.execute("SELECT name FROM mailbox ORDER BY name").fetchall()

    assert [name for (name,) in names] == ["INBOX", "a-", "a.b", "a0", "z", "z/b"]


def test_a_deleted_mailbox_leaves_no_rows(ledger: Ledger) -> None:
    """Placements, tombstones, letters that were only there."""
    made = kept(ledger, CreateMailbox(1, "a"))
    kept(ledger, *[letter().deliver(Place(1, made.mailbox)) for _ in range(3)])
    kept(ledger, Expunge(1, made.mailbox, ((1, 1),), any_flag=True))
    kept(ledger, DeleteMailbox(1, made.mailbox))

    for table in ("placement", "tombstone", "email"):
        assert ledger.db.execute(f"SELECT count(*) FROM {table}").get == 0
    assert len(ledger.unnamed) == 3


def test_inbox_s_letters_move_and_leave_tombstones(ledger: Ledger) -> None:
    """RFC 3501 6.3.5: INBOX stays and is empty."""
    kept(ledger, letter().deliver(Place(1, INBOX)))
    kept(ledger, RenameMailbox(1, INBOX, "old/mail"))
    rows = ledger.db.execute("SELECT name, messages FROM mailbox ORDER BY name").fetchall()

    assert rows == [("INBOX", 0), ("old", 0), ("old/mail", 1)]
    assert ledger.db.execute("SELECT mailbox, uid FROM tombstone").fetchall() == [(1, 1)]
