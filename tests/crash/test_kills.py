"""Durability proof 2, the short form: ten kills of a running server. `make crash` does 100."""

from pathlib import Path

import pytest
from tests.crash.clients import Sent
from tests.crash.kills import IN_FLIGHT_MIN, Report, run, wrong_deliveries

SEED = 3


@pytest.mark.timeout(240)
def test_nothing_promised_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    """Kill -9 of scribe, worker, supervisor or all under load: what was answered is there exactly,
    what was refused is not, and no number is given twice."""
    report = run(10, SEED, tmp_path)

    assert report.problems == []
    assert len(report.kills) == 10
    assert {kill.target for kill in report.kills} == {"scribe", "worker", "supervisor", "all"}
    assert min(sum(kill.in_flight.values()) for kill in report.kills) >= IN_FLIGHT_MIN
    for kind in ("delivered", "append", "store", "copy", "move", "expunge"):
        assert report.done.get(kind, 0) > 5
    for kind in ("pop3 quit", "pop3 cut", "pop3 retr"):
        assert report.done.get(kind, 0) > 0
    for kind in ("submitted", "relayed", "reported failed", "reported relayed"):
        assert report.done.get(kind, 0) > 5


FORGETS = """
from posthouse.store.sqlite import ledger

real, commits = ledger.Ledger.commit, [0]


def forgetful(self, units, record=None):
    kinds = {type(value).__name__ for unit in units for value in unit}
    commits[0] += kinds <= {"Deliver", "SetFlags", "Note"}
    if commits[0] % 9 or not kinds <= {"Deliver", "SetFlags", "Note"}:
        return real(self, units, record)
    self.touched = {}
    self.db.execute("BEGIN")
    try:
        return self._apply(units)[0]
    finally:
        self.db.execute("ROLLBACK")


ledger.Ledger.commit = forgetful
"""


TRIES = 6
"""A kill may fall where nothing was forgotten just before."""


def until_found(folder: Path, spoils: str) -> Report:
    """The first run of some, one kill each, in which something was found."""
    for number in range(TRIES):
        part = folder / str(number)
        part.mkdir()
        report = run(1, SEED + number, part, spoils=spoils)
        if report.problems:
            return report
    return report


@pytest.mark.timeout(240)
def test_a_store_that_forgets_is_found_out(tmp_path: Path) -> None:
    """The proof proves something: when some commits are answered but not kept, it says so."""
    assert until_found(tmp_path, FORGETS).problems != []


FORGETS_ROWS = """
from posthouse.queue import intake

real, taken = intake.unit_of, [0]


def forgetful(letter, local, outbound, now):
    values, rows = real(letter, local, outbound, now)
    taken[0] += rows is not None
    return [v for v in values if v is not rows or taken[0] % 4], rows


intake.unit_of = forgetful
"""


@pytest.mark.timeout(240)
def test_a_queue_that_forgets_is_found_out(tmp_path: Path) -> None:
    """A house that answers 250 and has some letters in memory only is found out: they go when all
    is well, and come to nobody where it is not."""
    report = until_found(tmp_path, FORGETS_ROWS)

    assert any("0 copies, 0 wait, promised 1" in problem for problem in report.problems)


SENDS_AGAIN = """
from posthouse.queue import hands
from posthouse.store.values_queue import Settle, Settlement

real, settled = hands.decide, [0]


def careless(letter, attempts, settings, now):
    decision = real(letter, attempts, settings, now)
    if any(row.what == Settlement.DELIVERED for row in decision.rows):
        settled[0] += 1
        if settled[0] % 5 == 0:
            decision.rows = hands.give_back(letter, now)
    return decision


hands.decide = careless
"""


@pytest.mark.timeout(240)
def test_a_queue_that_sends_again_is_found_out(tmp_path: Path) -> None:
    """A worker that tries again what a host has answered 250 to is found out, though some second
    copies are excused."""
    report = until_found(tmp_path, SENDS_AGAIN)

    assert any("2 copies" in problem for problem in report.problems)


RECKONINGS = [
    # promised, lost, refused, copies found, is that right
    (1, 0, 0, 1, True),
    (1, 0, 0, 0, False),
    (1, 0, 0, 2, False),
    (0, 1, 0, 0, True),
    (0, 1, 0, 1, True),
    (0, 1, 0, 2, False),
    (1, 1, 0, 2, True),
    (1, 1, 0, 0, False),
    (0, 0, 1, 0, True),
    (0, 0, 1, 1, False),
]


@pytest.mark.parametrize(("promised", "lost", "refused", "copies", "is_right"), RECKONINGS)
def test_the_reckoning(
    promised: int, lost: int, refused: int, copies: int, *, is_right: bool
) -> None:
    """A promise is kept once, a lost answer may mean one or none, a refusal none."""
    letters = {"token1": Sent(("ann",), b"text", promised, lost, refused)}
    found = {"ann": {"token1": [b"head text"] * copies} if copies else {}}

    assert (wrong_deliveries(letters, found) == []) is is_right


def test_the_reckoning_of_several_recipients() -> None:
    """A letter that came to one recipient and not to the other is wrong, and so is a stranger's."""
    letters = {"token1": Sent(("ann", "bob"), b"text", 0, 1)}

    assert wrong_deliveries(letters, {"ann": {"token1": [b"text"]}, "bob": {}}) != []
    assert wrong_deliveries(letters, {"ann": {}, "bob": {}, "eve": {"token1": [b"text"]}}) != []
    assert wrong_deliveries(letters, {"ann": {"token1": [b"other"]}, "bob": {}}) != []
