"""No house stays open behind a test, however the test ended."""

from collections.abc import Iterator

import pytest

from imap_house import OPENED


@pytest.fixture(autouse=True)
def houses_close() -> Iterator[None]:
    before = len(OPENED)
    yield
    for house in OPENED[before:]:
        house.close()
    del OPENED[before:]
