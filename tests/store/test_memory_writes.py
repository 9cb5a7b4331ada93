"""The twin has a function for each kind of write. What they do: tests/store/contract/"""

from typing import get_args

from posthouse.store.memory_writes import _WRITES
from posthouse.store.values import AnyValue


def test_each_kind_has_its_function() -> None:
    """No value of the contract is unknown to the twin, and it knows no others."""
    assert set(_WRITES) == set(get_args(AnyValue))
