"""Which function does which write."""

from typing import get_args

from posthouse.store.sqlite.writes import NEED_DISK, WRITES
from posthouse.store.values import AnyValue


def test_every_kind_of_value_has_its_function() -> None:
    """And nothing else has one."""
    assert set(get_args(AnyValue)) == WRITES.keys()
    assert WRITES.keys() >= NEED_DISK
