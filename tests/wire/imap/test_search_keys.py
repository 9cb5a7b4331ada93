"""The values of a search."""

from typing import get_args

from posthouse.wire.imap.search_keys import And, InBody, Not, SearchKey


def test_keys_are_values() -> None:
    """Each key is frozen and can stand in a set: equal searches may share their answer."""
    for kind in get_args(SearchKey):
        assert kind.__struct_config__.frozen, kind
        assert kind.__doc__.strip(), kind
    assert len({And((InBody("a"), Not(InBody("b")))), And((InBody("a"), Not(InBody("b"))))}) == 1
