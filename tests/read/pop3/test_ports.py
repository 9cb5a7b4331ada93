"""What the station asks of the house."""

import dataclasses

from posthouse.net.connection import Connection
from posthouse.read.pop3.ports import Line, Pop3House


def test_a_connection_is_a_line() -> None:
    """All that the station calls is there."""
    wanted = [name for name in vars(Line) if not name.startswith("_")]

    assert wanted == ["facts", "flush", "drained", "turn"]
    assert all(hasattr(Connection, name) for name in wanted)


def test_everything_is_given_by_name() -> None:
    """A house has no defaults: app.plan fills every field."""
    assert all(f.default is dataclasses.MISSING for f in dataclasses.fields(Pop3House))
