"""A client as the scribe sees it."""

import socket
from collections.abc import Iterator

import pytest

from posthouse.store.sqlite.channel import FrameError, Hello, frame, from_client
from posthouse.store.sqlite.connection import Client


@pytest.fixture
def pair() -> Iterator[tuple[Client, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    client = Client(near, 1000)
    yield client, far
    client.close()
    far.close()


def test_it_receives_what_there_is(pair: tuple[Client, socket.socket]) -> None:
    """Nothing, a part, the rest with the end."""
    client, far = pair
    octets = frame(Hello(5))

    assert client.receive(from_client) == []
    far.sendall(octets[:5])
    assert client.receive(from_client) == []
    far.sendall(octets[5:])
    assert client.receive(from_client) == [Hello(5)]
    assert not client.gone
    far.close()
    assert client.receive(from_client) == []
    assert client.gone


def test_nonsense_is_an_error(pair: tuple[Client, socket.socket]) -> None:
    """The connection cannot go on after it."""
    client, far = pair
    far.sendall(b"GET / HTTP/1.1\r\n\r\n")

    with pytest.raises(FrameError):
        client.receive(from_client)


def test_one_that_does_not_read_never_blocks(pair: tuple[Client, socket.socket]) -> None:
    """What the socket does not take waits, up to a limit."""
    client, far = pair
    client.out += b"x" * 10_000_000
    client.send()

    assert client.is_too_slow
    got = 0
    while client.out:
        got += len(far.recv(1 << 20))
        client.send()
    assert not client.is_too_slow
    assert got <= 10_000_000
