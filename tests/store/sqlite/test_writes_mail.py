"""The way of a letter into the database: few statements, checked before the first write."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.letters import letter
from tests.store.sqlite.made import ADDRESS, kept, ledger_in, refused

from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.values import (
    INBOX,
    AddAccount,
    Append,
    ClaimRecent,
    Place,
    SetAccount,
    Why,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = ledger_in(tmp_path)
    yield ledger
    ledger.close()


def test_a_letter_takes_six_statements(ledger: Ledger) -> None:
    """Account, thread, email, mailbox, placement, body; BEGIN and COMMIT are shared."""
    seen: list[str] = []
    ledger.connection.set_exec_trace(lambda cursor, text, bindings: bool(seen.append(text)) or True)
    kept(ledger, letter().deliver(Place(1, INBOX)))
    ledger.connection.set_exec_trace(None)

    assert len(seen) - 2 <= 6, seen


def test_a_refused_letter_writes_nothing(ledger: Ledger) -> None:
    """So that its neighbours need not be done again: quota, account, mailbox are asked first."""
    kept(ledger, SetAccount(1, quota_octets=10))
    before = ledger.connection.total_changes()

    assert refused(ledger, letter().deliver(Place(1, INBOX))) is Why.OVER_QUOTA
    assert refused(ledger, letter().deliver(Place(5, INBOX))) is Why.GONE
    assert refused(ledger, letter().append(1, INBOX)) is Why.OVER_QUOTA
    assert refused(ledger, letter().append(1, 77)) is Why.NO_MAILBOX
    assert refused(ledger, ClaimRecent(1, 77)) is Why.NO_MAILBOX
    assert ledger.connection.total_changes() == before


def test_one_body_serves_all_accounts(ledger: Ledger) -> None:
    """An email row each, the octets once; also when the same letter comes again."""
    kept(ledger, AddAccount("bob@example.org", ADDRESS, 0, ()))
    made = letter()
    places = (Place(1, INBOX), Place(2, INBOX), Place(1, INBOX, 1))
    result = kept(ledger, made.deliver(*places))
    kept(ledger, made.deliver(Place(1, 99)))

    assert [place.email for place in result.places] == [1, 1, 1]
    assert [place.uid for place in result.places] == [1, 1, 2]
    assert ledger.db.execute("SELECT count(*) FROM body").get == 1
    assert ledger.db.execute("SELECT count(*) FROM email").get == 3
    assert ledger.db.execute("SELECT letters FROM account WHERE id=1").get == 3


def test_threads_join_by_any_known_name(ledger: Ledger) -> None:
    """The first known one decides; a new name leads to the thread from then on."""
    kept(ledger, letter(thread_keys=(1,)).deliver(Place(1, INBOX)))
    kept(ledger, letter(thread_keys=(2,)).deliver(Place(1, INBOX)))
    kept(ledger, letter(thread_keys=(3, 9, 2, 1)).deliver(Place(1, INBOX)))
    kept(ledger, letter(thread_keys=(4, 9)).deliver(Place(1, INBOX)))
    kept(ledger, letter(thread_keys=()).deliver(Place(1, INBOX)))
    threads = ledger.db.execute("SELECT thread FROM email ORDER BY key").fetchall()

    assert [thread for (thread,) in threads] == [1, 2, 2, 2, 5]


def test_appended_letters_are_consecutive(ledger: Ledger) -> None:
    """One MODSEQ, one UPDATE of the counters."""
    letters = tuple(letter().appended(flags, "x") for flags in (0, 1, 8))
    result = kept(ledger, Append(1, INBOX, letters))

    assert (result.first_uid, result.last_uid) == (1, 3)
    row = ledger.db.execute("SELECT messages, unseen, deleted, keywords FROM mailbox").get
    assert row == (3, 2, 1, "x")
