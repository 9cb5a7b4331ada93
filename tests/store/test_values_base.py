"""What all writes share."""

import msgspec
import pytest

from posthouse.store.values_base import Done, NewBody, Result, Value


def test_kinds_are_told_apart_on_the_wire() -> None:
    """A value or result carries the name of its kind."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(Done(7))) == ["Done", 7]
    assert issubclass(Done, Result)
    assert not issubclass(Done, Value)


def test_octets_cannot_be_changed() -> None:
    """A body is immutable from the moment it is named."""
    body = NewBody(b"1" * 16, b"2" * 32, 3, b"abc")
    with pytest.raises(AttributeError):
        body.size = 4  # type: ignore[misc]
