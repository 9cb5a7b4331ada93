"""Durability proof 2, the short form: ten kills of a running server. `make crash` does 100."""

from pathlib import Path

import pytest
from tests.crash.clients import Sent
from tests.crash.kills import IN_FLIGHT_MIN, run, wrong_deliveries

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
        assert report.done.get(kind, 0) > 2


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


@pytest.mark.timeout(240)
def test_a_store_that_forgets_is_found_out(tmp_path: Path) -> None:
    """The proof proves something: when some commits are answered but not kept, it says so."""
    folders = [tmp_path / str(number) for number in range(TRIES)]
    for folder in folders:
        folder.mkdir()
    tries = (run(1, SEED + n, folder, spoils=FORGETS) for n, folder in enumerate(folders))

    assert any(report.problems for report in tries)


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
