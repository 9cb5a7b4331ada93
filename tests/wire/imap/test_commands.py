"""The values of commands."""

from typing import get_args

import pytest

from posthouse.wire.imap import commands


def test_commands_are_values() -> None:
    """Each question is frozen and has a sentence that says what it is."""
    for kind in get_args(commands.Question) + get_args(commands.Settled):
        assert kind.__struct_config__.frozen, kind
        assert kind.__doc__.strip(), kind


def test_equal_by_content() -> None:
    """Two commands that say the same are equal, and cannot be changed."""
    first = commands.Copy(True, ((1, 2),), "x")

    assert first == commands.Copy(True, ((1, 2),), "x")
    assert first != commands.Copy(False, ((1, 2),), "x")
    with pytest.raises(AttributeError):
        first.mailbox = "y"  # type: ignore[misc]
