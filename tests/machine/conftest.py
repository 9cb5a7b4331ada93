"""A machine of the test's own, where the real ports are free.

Only root can make one. Elsewhere these tests are skipped, which CI counts as a failure
(tests/conftest.py): a green run there has opened the real ports.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outside.machine import Machine


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that anybody may enter, as /var/lib is; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="posthouse-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Where the ports are free."""
    with Machine() as machine:
        yield machine
