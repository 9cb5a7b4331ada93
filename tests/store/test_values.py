"""The writes as values: what goes over a socket comes out the same."""

from typing import get_args

import msgspec
import pytest
from tests.letters import letter

from posthouse.store.values import (
    INBOX,
    AnyResult,
    AnyValue,
    Appended,
    Copied,
    Copy,
    Credential,
    Delivered,
    Done,
    Expunge,
    FlagChange,
    FlagsSet,
    Place,
    Placed,
    PutAlias,
    Replace,
    Replaced,
    SetAccount,
    SetFlags,
    Value,
)

VALUES: list[AnyValue] = [
    letter("北京").deliver(Place(1, INBOX, 3, "a b"), Place(2**62, 2**62)),
    letter().append(1, INBOX, 1, "k"),
    SetFlags(1, 2, ((1, 5), (7, 2**32 - 1)), FlagChange.REMOVE, 31, "a", unchanged_since=0),
    Replace(1, 2, 3, 4, letter().appended()),
    Copy(1, 2, (), 3),
    Expunge(1, 2),
    Expunge(1, 2, ((1, 1),), any_flag=True),
    SetAccount(1),
    SetAccount(1, credentials=(Credential("argon2id", "x"),), quota_octets=0),
    PutAlias("@x.org", ("a@x.org",)),
]

RESULTS: list[AnyResult] = [
    Done(),
    Delivered((Placed(1, 2, 3, 4, 5),)),
    Appended(1, 2, 3, 4),
    FlagsSet(9, ((1, 2),), ()),
    Copied(1, ((1, 1),), ((9, 9),), 4),
    Replaced(1, 2, 3),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_survives_the_socket(value: AnyValue) -> None:
    """msgpack there and back gives an equal value of the same kind."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=AnyValue) == value


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_a_result_survives_the_socket(result: AnyResult) -> None:
    """The same holds for results."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=AnyResult) == result


def test_every_value_is_in_the_union() -> None:
    """Whoever adds a kind of write names it in AnyValue too."""
    assert set(Value.__subclasses__()) == set(get_args(AnyValue))


def test_values_cannot_be_changed() -> None:
    """A write is a value: it can be shared and repeated."""
    with pytest.raises(AttributeError):
        VALUES[0].received = 7  # type: ignore[union-attr,misc]
