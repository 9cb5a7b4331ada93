"""The states are a table, in the code and in the documentation."""

from pathlib import Path

from posthouse.queue.entry import MOVES, Event, state_table
from posthouse.store.values_queue import QueueState

PAGE = Path(__file__).parents[2] / "docs/concepts/queue.md"


def test_the_page_shows_the_table() -> None:
    """docs/concepts/queue.md has the moves as the code has them."""
    assert state_table() in PAGE.read_text()


def test_every_state_is_entered_and_left() -> None:
    """No row stays for ever, and no event is without its move."""
    assert {move.after for move in MOVES} == {None, *QueueState}
    assert {move.before for move in MOVES} == {None, *QueueState}
    assert {move.event for move in MOVES} == set(Event)


def test_an_event_leads_from_a_state_to_one_other() -> None:
    """The table is a function: a state and an event say what comes next."""
    assert len({(move.before, move.event) for move in MOVES}) == len(MOVES)
