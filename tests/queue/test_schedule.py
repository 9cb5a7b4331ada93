"""When a letter is tried again, warned of, given up."""

from hypothesis import given
from hypothesis import strategies as st
from tests.letters import RECEIVED

from posthouse.queue.schedule import (
    expires_at,
    first_look,
    lifetime,
    pause_until,
    retry_at,
)
from posthouse.queue.settings import QueueSettings
from posthouse.store.values_queue import QueueEnvelope, QueueLetter

SETTINGS = QueueSettings()


@given(st.binary(min_size=16, max_size=16), st.integers(1, 10_000))
def test_pauses_grow_up_to_the_longest(letter: bytes, attempts: int) -> None:
    """Each pause is at least as long as the one before, and at most the longest and a fifth."""
    pause = retry_at(SETTINGS, letter, attempts, RECEIVED) - RECEIVED
    later = retry_at(SETTINGS, letter, attempts + 1, RECEIVED) - RECEIVED

    assert SETTINGS.retry_seconds_first <= pause <= later
    assert later <= SETTINGS.retry_seconds_max * 1.2 + 1


@given(st.text(max_size=20), st.integers(1, 10_000))
def test_a_destination_pauses_longer_each_time(destination: str, failures: int) -> None:
    """The same for destinations."""
    pause = pause_until(SETTINGS, destination, failures, RECEIVED) - RECEIVED
    assert 60 <= pause <= pause_until(SETTINGS, destination, failures + 1, RECEIVED) - RECEIVED
    assert pause <= SETTINGS.pause_seconds_max * 1.2 + 1


def test_letters_that_failed_together_do_not_come_together() -> None:
    """Their ids spread them."""
    dues = {retry_at(SETTINGS, n.to_bytes(16, "big"), 1, RECEIVED) for n in range(50)}
    assert len(dues) > 25
    assert retry_at(SETTINGS, b"x" * 16, 1, RECEIVED) == retry_at(SETTINGS, b"x" * 16, 1, RECEIVED)


def test_the_end_of_patience() -> None:
    """A letter with a sender has days and a warning; one without has one day and none."""
    letter = QueueLetter(b"l", 0, b"b", 1, "ann@x", "m", QueueEnvelope(), RECEIVED, 0, ())
    assert expires_at(SETTINGS, letter) == RECEIVED + 5 * 86_400
    assert lifetime(SETTINGS, "") == 86_400
    assert first_look(SETTINGS, "ann@x", RECEIVED) == RECEIVED + 4 * 3600
    assert first_look(SETTINGS, "", RECEIVED) == RECEIVED + 86_400
    short = QueueSettings(lifetime_seconds=60)
    assert first_look(short, "ann@x", RECEIVED) == RECEIVED + 60
