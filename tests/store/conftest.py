"""The fixture that runs a test over every engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.engines import ENGINES, Engine


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store of each kind."""
    with ENGINES[request.param](tmp_path) as engine:
        yield engine
        engine.loop.close()
