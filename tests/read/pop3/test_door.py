"""Where POP3 connections come in."""

from pathlib import Path

from pop3_house import Pop3World
from posthouse.net.tls import TlsFacts
from posthouse.read.pop3.door import Pop3Door


def test_each_connection_gets_its_own(tmp_path: Path) -> None:
    """A core that knows whether TLS stands, and a visit that knows the peer."""
    world = Pop3World(tmp_path)
    client = world.client()
    door = Pop3Door(world.pop3)
    core, visit = door.open(client.connection)
    client.connection.facts.tls = TlsFacts("TLSv1.3", "x", 256)
    secure, _ = door.open(client.connection)

    assert door.name == "pop3"
    assert (core.has_tls, secure.has_tls) == (False, True)
    assert visit.peer == "192.0.2.7"
