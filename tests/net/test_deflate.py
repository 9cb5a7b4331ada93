"""Compressed connections: by themselves, and between a core and real sockets, on both loops."""

import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_house import EchoCore
from net_world import KINDS, Client, World, contexts
from posthouse.net.connection import Connection
from posthouse.net.deflate import PIECE_OCTETS, Deflate
from posthouse.net.limits import NetSettings


def taken(deflate: Deflate) -> bytes:
    found = b""
    while deflate.waits:
        piece = deflate.take()
        assert len(piece) <= PIECE_OCTETS
        found += piece
    return found


def pressed(octets: bytes) -> bytes:
    out = zlib.compressobj(9, zlib.DEFLATED, -15)
    return out.compress(octets) + out.flush(zlib.Z_SYNC_FLUSH)


# ---- by itself


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.booleans())), st.integers(1, 60))
def test_each_output_can_be_read_at_once(said: list[tuple[bytes, bool]], size: int) -> None:
    """Whatever was said before, whether the compressor rested, and however the network cuts."""
    ours, theirs = Deflate(), Deflate()
    for octets, rests in said:
        if rests:
            ours.rest()
        wire = ours.press(octets)
        found = b""
        for at in range(0, len(wire), size):
            theirs.feed(wire[at : at + size])
            found += taken(theirs)
        assert found == octets


@pytest.mark.parametrize("count", [PIECE_OCTETS - 1, PIECE_OCTETS, PIECE_OCTETS + 1, 10_000_000])
def test_few_octets_that_say_very_much(count: int) -> None:
    """They are inflated a piece at a time, and nothing is lost at the edges of pieces."""
    deflate = Deflate()
    deflate.feed(pressed(b"a" * count))

    assert len(taken(deflate)) == count


def test_a_stream_that_ended() -> None:
    """What comes behind its end says nothing."""
    out = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflate = Deflate()
    deflate.feed(out.compress(b"all") + out.flush(zlib.Z_FINISH) + b"more")

    assert taken(deflate) == b"all"
    deflate.feed(b"more")
    assert (deflate.ended, deflate.waits) == (True, False)


def test_an_idle_connection_is_small() -> None:
    """When it rests, only what the peer may still refer to is kept."""
    heard = pressed(Random(1).randbytes(200_000))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    deflate = Deflate()
    deflate.press(b"hello" * 10_000)
    deflate.feed(heard)
    while deflate.waits:
        deflate.take()
    deflate.rest()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert held < 44 * 1024


# ---- in a connection


class Visit:
    """Says each line again; "big N" that many octets, "turn" waits."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def answer(self, question: bytes) -> Any:
        word, _, rest = question.partition(b" ")
        if word == b"turn":
            await self.connection.turn()
        if word == b"big":
            return b"y" * int(rest) + b"\r\n"
        return question + b"\r\n"

    def ended(self) -> None: ...


class Door:
    name = "imap"

    def __init__(self) -> None:
        self.core = EchoCore()
        self.most = 0

    def open(self, connection: Connection) -> tuple[EchoCore, Visit]:
        self.core = Watched(self)
        return self.core, Visit(connection)


class Watched(EchoCore):
    """Remembers how much was ever held in it."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self.door = door

    def receive(self, data: bytes) -> None:
        super().receive(data)
        self.door.most = max(self.door.most, len(self.buffer))


class Peer(Client):
    """A client that compresses after `deflate`."""

    def deflate(self) -> None:
        assert self.line() == b"hello\r\n"
        self.send(b"deflate\nthis is lost\n")
        assert self.line() == b"go\r\n"
        self.out: Any = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.into: Any = zlib.decompressobj(-15)

    def say(self, octets: bytes) -> None:
        self.send(self.out.compress(octets) + self.out.flush(zlib.Z_SYNC_FLUSH))

    def hear(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            data = self.socket.recv(65_536)
            if not data:
                break
            found += self.into.decompress(data)
        return found


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("with_tls", [False, True])
def test_both_directions(world: World, with_tls: bool, tmp_path: Path) -> None:
    """Every line is answered at once, none waits for another; also inside TLS."""
    server, trusting = contexts(tmp_path) if with_tls else (None, None)
    port = world.serve(Door(), tls=server, implicit_tls=with_tls)

    def client() -> bytes:
        with Peer(port, trusting) as peer:
            peer.deflate()
            for line in (b"one\r\n", b"turn\r\n", b"two\r\n"):
                peer.say(line)
                assert peer.hear(len(line)) == line
            peer.say(b"big 500000\n" * 4)
            assert len(peer.hear(4 * 500_002)) == 4 * 500_002
            peer.say(b"quit\n")
            return peer.hear(100)

    assert world.run(client) == b"bye\r\n"


@pytest.mark.parametrize("word", [b"x", b"turn"])
def test_much_in_little_is_done_in_order_and_held_in_part(world: World, word: bytes) -> None:
    """100,000 lines in a packet are all answered, whether one waits or not, and few are held."""
    door = Door()
    port = world.serve(door, settings=NetSettings(questions_per_turn_max=64))
    count = 100_000 if word == b"x" else 3_000

    def client() -> int:
        with Peer(port) as peer:
            peer.deflate()
            peer.say((word + b"\r\n") * count + b"quit\n")
            return len(peer.hear(10**9))

    assert world.run(client) == count * (len(word) + 2) + 5
    assert door.most < 65_536 + 2 * PIECE_OCTETS


def test_a_peer_that_sends_no_more(world: World) -> None:
    """What it said before its end is answered before ours."""
    port = world.serve(Door(), settings=NetSettings(questions_per_turn_max=8))

    def client() -> int:
        with Peer(port) as peer:
            peer.deflate()
            peer.say(b"x\r\n" * 50_000)
            peer.socket.shutdown(1)
            return len(peer.hear(10**9))

    assert world.run(client) == 150_000


def test_what_is_not_compressed(world: World) -> None:
    """The connection ends, and the log says why."""
    port = world.serve(Door())

    def client() -> bytes:
        with Peer(port) as peer:
            peer.deflate()
            peer.send(b"\xff" * 100)
            try:
                return peer.rest()
            except ConnectionResetError:
                return b""

    assert world.run(client) == b""
    world.until(lambda: any(b"net.deflate_failed" in line for line in world.lines))
    assert world.count("faults_total") == 0


def test_silence_frees_the_compressor(world: World) -> None:
    """The sweep takes its memory; afterwards the talk goes on."""
    port = world.serve(Door(), sweep_seconds=0.02)

    def client() -> bytes:
        with Peer(port) as peer:
            peer.deflate()
            peer.say(b"one\r\n")
            peer.hear(5)
            compressor = world.connections[0]._deflate
            assert compressor is not None
            while compressor._out is not None:
                pass
            peer.say(b"two\r\n")
            return peer.hear(5)

    assert world.run(client) == b"two\r\n"
