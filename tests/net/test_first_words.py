"""Who speaks first on a connection; beside `test_connection.py`."""

from typing import Any

import pytest

from echo_house import EchoCore
from net_world import KINDS, Client, World


class Listener:
    """A door whose core notes what it hears, and whether its greeting was still to be sent."""

    name = "smtp"

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, bool]] = []

    def open(self, _connection: object) -> tuple[EchoCore, "Visit"]:
        core = EchoCore()
        receive = core.receive

        def noted(data: bytes) -> None:
            self.heard.append((data, bool(core.output)))
            receive(data)

        core.receive = noted  # type: ignore[method-assign]
        return core, Visit()


class Visit:
    async def answer(self, question: bytes) -> Any:
        return question + b"\r\n"

    def ended(self) -> None: ...


@pytest.mark.parametrize("kind", KINDS)
def test_what_came_first_is_read_before_anything_is_said(kind: str) -> None:
    """A core learns of an early talker: his octets reach it while its greeting is not out yet."""
    world, door = World(kind), Listener()
    port = world.serve(door)
    with Client(port) as early:  # the loop stands still: it accepts only later
        early.send(b"early\nquit\n")
        assert world.run(early.rest) == b"hello\r\nearly\r\nbye\r\n"
    with Client(port) as patient:
        assert world.run(patient.line) == b"hello\r\n"
        patient.send(b"quit\n")
        assert world.run(patient.rest) == b"bye\r\n"
    world.close()
    assert door.heard == [(b"early\nquit\n", True), (b"quit\n", False)]


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_while_the_house_drains_hears_good_bye(kind: str) -> None:
    """A connection that the loop had accepted and not yet handed over when the end began is not
    served until the end is forced."""
    world = World(kind)
    port = world.serve(Listener())
    assert world.census is not None
    world.census.drain()

    def client() -> bytes:
        with Client(port) as late:
            return late.rest()

    try:
        assert world.run(client) == b"hello\r\nclosing\r\n"
        assert not world.census.connections
    finally:
        world.close()
