"""What the queue of a worker works with."""

from tests.letters import RECEIVED

from queue_world import QueueWorld


def test_claims_have_a_name_and_an_end() -> None:
    """The name begins as that of whoever came before."""
    world = QueueWorld(lease_seconds=60)
    house = world.runner._house

    assert house.holder == "w0:a"
    assert house.until() == RECEIVED + 61
    world.close()
