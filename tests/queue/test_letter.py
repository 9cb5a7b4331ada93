"""An incoming letter is a value with a list of its own."""

from tests.queue_letters import incoming


def test_each_letter_has_its_own_stations() -> None:
    """What is written about one is not written about another."""
    first, second = incoming(), incoming()
    first.stations.append(first)  # type: ignore[arg-type]

    assert second.stations == []
