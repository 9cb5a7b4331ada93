"""One house and its neighbours for all tests here; each letter has a word of its own."""

from collections.abc import Iterator

import pytest

from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import KINDS, Neighbourhood


@pytest.fixture(scope="session")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    """The house, and whoever was asked for."""
    with Neighbourhood(tmp_path_factory.mktemp("neighbours")) as neighbourhood:
        yield neighbourhood


@pytest.fixture(params=list(KINDS))
def neighbour(around: Neighbourhood, request: pytest.FixtureRequest) -> Neighbour:
    """Each of the real mail servers."""
    found = around.neighbour(request.param)
    assert found.is_running
    return found
