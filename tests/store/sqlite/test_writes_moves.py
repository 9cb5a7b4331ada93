"""Letters that leave a mailbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.letters import letter
from tests.store.sqlite.made import kept, ledger_in

from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.verify import verify
from posthouse.store.values import INBOX, Copy, CreateMailbox, Expunge, Move, Place


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = ledger_in(tmp_path)
    kept(ledger, CreateMailbox(1, "a"))
    kept(ledger, *[letter().deliver(Place(1, INBOX, flags)) for flags in (0, 8, 1, 9)])
    yield ledger
    ledger.close()
    assert verify(tmp_path, None, print).is_sound


def emails(ledger: Ledger) -> int:
    count: int = ledger.db.execute("SELECT count(*) FROM email").get
    return count


def test_an_email_goes_with_its_last_placement(ledger: Ledger) -> None:
    """A copy keeps it; then its body is a suspect of the sweep."""
    kept(ledger, Copy(1, INBOX, ((1, 2),), 2))
    kept(ledger, Expunge(1, INBOX, any_flag=True))
    assert emails(ledger) == 2
    assert len(ledger.unnamed) == 2

    kept(ledger, Expunge(1, 2, any_flag=True))
    assert emails(ledger) == 0
    assert len(ledger.unnamed) == 4
    assert ledger.db.execute("SELECT letters, octets FROM account").get == (0, 0)


def test_only_deleted_letters_are_expunged(ledger: Ledger) -> None:
    """With a tombstone each, that says what they were and until when."""
    result = kept(ledger, Expunge(1, INBOX))

    assert result.uids == ((2, 2), (4, 4))
    tombs = ledger.db.execute("SELECT uid, flags, modseq, until FROM tombstone").fetchall()
    assert [row[:2] for row in tombs] == [(2, 8), (4, 9)]
    assert {row[2] for row in tombs} == {result.modseq}
    assert all(row[3] == 1_795_000_000 + 30 * 86_400 for row in tombs)


def test_a_move_within_a_mailbox_gives_new_uids(ledger: Ledger) -> None:
    """And counts right."""
    result = kept(ledger, Move(1, INBOX, ((2, 3),), INBOX))

    assert result.from_uids == ((2, 3),)
    assert result.to_uids == ((5, 6),)
    assert ledger.db.execute("SELECT messages, deleted FROM mailbox WHERE id=1").get == (4, 2)


def test_a_body_that_two_letters_share_stays_named(ledger: Ledger) -> None:
    """One account's expunge is not the other letter's loss."""
    made = letter()
    kept(ledger, made.deliver(Place(1, INBOX)), made.deliver(Place(1, 2)))
    kept(ledger, Expunge(1, INBOX, ((5, 5),), any_flag=True))

    assert emails(ledger) == 5
    assert ledger.db.execute("SELECT count(*) FROM body WHERE id=?", (made.body.id,)).get == 1
