"""A connection between a core and a visit, over real sockets, on both loops."""

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from echo_house import EchoCore
from net_world import KINDS, Client, World, contexts
from posthouse.base.errors import Refusal
from posthouse.net.connection import Connection
from posthouse.net.limits import NetSettings


class Visit:
    """What a test's station does, by the first word of the line."""

    def __init__(self, door: "Door", connection: Connection) -> None:
        self.door = door
        self.connection = connection

    async def answer(self, question: bytes) -> Any:
        word, _, rest = question.partition(b" ")
        loop = self.connection.entrance.loop
        if word == b"wait":
            woken = loop.create_future()
            self.door.waiting.append(woken)
            try:
                return await woken
            except asyncio.CancelledError:
                self.door.seen.append("cancelled")
                raise
        if word == b"refuse":
            raise Refusal(550, "5.7.1", "no")
        if word == b"fail":
            raise RuntimeError("a fault")
        if word == b"fail-late":
            await self.connection.turn()
            raise RuntimeError("a late fault")
        if word == b"turn":
            await self.connection.turn()
        if word == b"pour":
            for _ in range(int(rest)):
                self.door.core.output.append(b"x" * 65_535 + b"\n")
                self.connection.flush()
                await self.connection.drained()
                self.door.poured += 1
        if word == b"big":
            return b"y" * int(rest) + b"\r\n"
        if word == b"tls?":
            tls = self.connection.facts.tls
            return (tls.version if tls else "plain").encode() + b"\r\n"
        return question + b"\r\n"

    def ended(self) -> None:
        self.door.seen.append("ended")


class Door:
    name = "smtp"

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[bytes]] = []
        self.seen: list[str] = []
        self.poured = 0
        self.core = EchoCore()
        self.idle_seconds = 60.0

    def open(self, connection: Connection) -> tuple[EchoCore, Visit]:
        self.core = EchoCore()
        self.core.idle_seconds = self.idle_seconds
        return self.core, Visit(self, connection)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(request.param)
    yield made
    made.close()


@pytest.fixture
def door() -> Door:
    return Door()


def test_pipelined_lines_are_answered_in_order(world: World, door: Door) -> None:
    """Whatever arrives together is answered in order, also past the limit of one turn."""
    port = world.serve(door, settings=NetSettings(questions_per_turn_max=8))
    lines = b"".join(b"line %d\n" % number for number in range(100))

    def client() -> bytes:
        with Client(port) as peer:
            peer.send(lines + b"quit\n")
            return peer.rest()

    expected = b"hello\r\n" + lines.replace(b"\n", b"\r\n") + b"bye\r\n"
    assert world.run(client) == expected


def test_a_question_that_waits_holds_back_the_next(world: World, door: Door) -> None:
    """What is pipelined behind a question that waits is answered after it."""
    port = world.serve(door)

    def client() -> bytes:
        with Client(port) as peer:
            peer.send(b"a\nwait\nb\nturn\nquit\n")
            assert peer.line() == b"hello\r\n"
            assert peer.line() == b"a\r\n"
            world.loop.call_soon_threadsafe(lambda: door.waiting[0].set_result(b"woken\r\n"))
            return peer.rest()

    assert world.run(client) == b"woken\r\nb\r\nturn\r\nbye\r\n"
    assert door.seen == ["ended"]


def test_refusals_and_faults_become_answers(world: World, door: Door) -> None:
    """A refusal reaches the core; a fault is logged with its traceback, counted, and a 451."""
    port = world.serve(door)

    def client() -> bytes:
        with Client(port) as peer:
            peer.send(b"refuse\nfail\nfail-late\nok\nquit\n")
            return peer.rest()

    answers = world.run(client).splitlines()
    assert [re.sub(rb"no: Refusal\(code=(\d+).*", rb"\1", a) for a in answers] == (
        [b"hello", b"550", b"451", b"451", b"ok", b"bye"]
    )
    assert world.count("faults_total") == 2
    assert sum(b"net.fault" in line and b"RuntimeError" in line for line in world.lines) == 2


def test_a_broken_core_costs_its_own_connection_only(world: World, door: Door) -> None:
    """What a core raises ends that connection; others go on, the loop hears nothing."""
    port = world.serve(door)
    heard: list[Any] = []
    world.loop.set_exception_handler(lambda _loop, context: heard.append(context))

    def client() -> tuple[bytes, bytes]:
        with Client(port) as first, Client(port) as second:
            assert first.line() + second.line() == b"hello\r\n" * 2
            door.core.receive = None  # type: ignore[method-assign, assignment]
            second.send(b"x\n")
            with contextlib.suppress(ConnectionError):
                assert second.rest() == b""
            first.send(b"still here\nquit\n")
            return first.rest(), b""

    assert world.run(client)[0] == b"still here\r\nbye\r\n"
    assert heard == []
    assert world.count("faults_total") == 1


def test_a_peer_that_goes_cancels_what_waits(world: World, door: Door) -> None:
    """The coroutine is told, the visit ends once, nothing is left in the census."""
    port = world.serve(door)

    def client() -> None:
        with Client(port) as peer:
            peer.line()
            peer.send(b"wait\n")
            while not door.waiting:
                time.sleep(0.005)
            linger = b"\1\0\0\0\0\0\0\0"  # reset instead of a quiet end
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    world.run(client)
    world.until(lambda: "ended" in door.seen)
    door.waiting[0].set_exception(RuntimeError("nobody sees it"))  # and nobody complains
    assert door.seen == ["cancelled", "ended"]
    assert world.census is not None
    assert not world.census.connections


def test_half_closed_peers_get_their_answers(world: World, door: Door) -> None:
    """A peer that sends all and closes its side gets every answer, then the end. RFC 9293 3.6"""
    port = world.serve(door)

    def client() -> bytes:
        with Client(port) as peer:
            peer.send(b"a\nwait\nb\n")
            peer.socket.shutdown(socket.SHUT_WR)
            while not door.waiting:
                time.sleep(0.005)
            world.loop.call_soon_threadsafe(lambda: door.waiting[0].set_result(b"woken\r\n"))
            return peer.rest()

    assert world.run(client) == b"hello\r\na\r\nwoken\r\nb\r\n"


def test_a_peer_that_does_not_read_makes_its_session_wait(world: World, door: Door) -> None:
    """FETCH of much stops at the high-water mark, goes on when the peer reads, loses nothing."""
    port = world.serve(door, settings=NetSettings(write_buffer_octets_max=131_072))
    count = 400

    def client() -> int:
        with Client(port) as peer:
            peer.line()
            peer.send(b"pour %d\nquit\n" % count)
            time.sleep(0.3)
            assert door.poured < count, "the house must wait"
            return len(peer.rest())

    assert world.run(client) == count * 65_536 + len(b"pour %d\r\nbye\r\n" % count)


def test_a_peer_that_never_reads_is_cut(world: World, door: Door) -> None:
    """Output that nobody takes for too long ends the connection."""
    port = world.serve(door, settings=NetSettings(stall_seconds_max=1))

    def client() -> None:
        with Client(port) as peer:
            peer.send(b"pour 1000\n")
            until = time.monotonic() + 10
            while "ended" not in door.seen and time.monotonic() < until:
                time.sleep(0.02)

    world.run(client)
    assert door.seen == ["ended"]
    assert any(b"net.stalled" in line for line in world.lines)


def test_input_stops_while_it_cannot_be_used(world: World, door: Door) -> None:
    """While a question is open no more is read than the core wants to keep."""
    port = world.serve(door)

    def client() -> int:
        with Client(port) as peer:
            peer.line()
            peer.send(b"wait\n")
            peer.socket.settimeout(0.3)
            sent = 0
            with contextlib.suppress(TimeoutError):
                while sent < 1 << 27:
                    sent += peer.socket.send(b"z\n" * 32_768)
            kept = len(door.core.buffer)
            peer.socket.settimeout(10)
            world.loop.call_soon_threadsafe(lambda: door.waiting[0].set_result(b"woken\r\n"))
            assert peer.line() == b"woken\r\n"
            return kept

    assert world.run(client) < 65_536 + 300_000


def test_a_silent_peer_is_told_and_left(world: World, door: Door) -> None:
    """After the core's own limit it says so; a question of ours does not count as silence."""
    door.idle_seconds = 0.2
    port = world.serve(door)

    def client() -> bytes:
        with Client(port) as peer:
            peer.send(b"wait\n")
            time.sleep(0.6)
            world.loop.call_soon_threadsafe(lambda: door.waiting[0].set_result(b"woken\r\n"))
            return peer.rest()

    assert world.run(client) == b"hello\r\nwoken\r\ntoo slow\r\n"


def test_shutting_down_waits_for_the_open_question(world: World, door: Door) -> None:
    """An idle session hears good-bye at once, one that is owed an answer gets it first."""
    port = world.serve(door)

    def shut() -> None:
        for connection in world.connections:
            connection.shut_down()

    def client() -> tuple[bytes, bytes]:
        with Client(port) as idle, Client(port) as busy:
            idle.line()
            busy.line()
            busy.send(b"wait\nnever\n")
            while not door.waiting:
                time.sleep(0.005)
            world.loop.call_soon_threadsafe(shut)
            first = idle.rest()
            world.loop.call_soon_threadsafe(lambda: door.waiting[0].set_result(b"woken\r\n"))
            return first, busy.rest()

    assert world.run(client) == (b"closing\r\n", b"woken\r\nclosing\r\n")


def test_too_many_from_one_address_are_told(world: World, door: Door) -> None:
    """One more than allowed hears a good-bye and is counted; when one leaves there is room."""
    port = world.serve(door, settings=NetSettings(connections_per_address_max=2))

    def client() -> list[bytes]:
        with Client(port) as first, Client(port) as second, Client(port) as third:
            answers = [first.line(), second.line(), third.rest()]
            first.send(b"quit\n")
            first.rest()
        with Client(port) as fourth:
            return [*answers, fourth.line()]

    hello = b"hello\r\n"
    assert world.run(client) == [hello, hello, hello + b"closing\r\n", hello]
    assert world.count("connections_refused_total") == 1


def test_a_station_may_speak_unasked(world: World, door: Door) -> None:
    """What is put out between questions leaves by `flush`."""
    port = world.serve(door)

    def push() -> None:
        door.core.output.append(b"news\r\n")
        world.connections[0].flush()

    def client() -> bytes:
        with Client(port) as peer:
            peer.line()
            world.loop.call_soon_threadsafe(push)
            return peer.line()

    assert world.run(client) == b"news\r\n"


# ---- TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return contexts(tmp_path_factory.mktemp("tls"))


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


def test_starttls(world: World, door: Door, tls: Contexts) -> None:
    """STARTTLS, then everything as before, large answers too, closed with close_notify."""
    port = world.serve(door, tls=tls[0])

    def client() -> list[bytes]:
        with Client(port) as peer:
            peer.send(b"tls?\n")
            found = [peer.line(), peer.line()]
            peer.send(b"tls\n")
            found.append(peer.line())
            peer.start_tls(tls[1])
            peer.send(b"tls?\nbig 300000\n" + b"z" * 100_000 + b"\nquit\n")
            found.append(peer.line())
            return [*found, peer.rest()]  # without close_notify this would raise

    got = world.run(client)
    assert got[:4] == [b"hello\r\n", b"plain\r\n", b"go\r\n", b"TLSv1.3\r\n"]
    assert got[4] == b"y" * 300_000 + b"\r\n" + b"z" * 100_000 + b"\r\nbye\r\n"
    assert world.count("tls_handshakes_total") == 1


def test_what_is_pipelined_behind_starttls_is_dropped(
    world: World, door: Door, tls: Contexts
) -> None:
    """Nothing said in the clear behind STARTTLS is done under TLS. RFC 3207 6"""
    port = world.serve(door, tls=tls[0])

    def client() -> bytes:
        with Client(port) as peer:
            peer.line()
            peer.send(b"tls\ninjected\n")
            assert peer.line() == b"go\r\n"
            peer.start_tls(tls[1])
            peer.send(b"mine\n")
            return peer.line()

    assert world.run(client) == b"mine\r\n"


def test_plain_text_instead_of_a_handshake_is_never_answered(
    world: World, door: Door, tls: Contexts
) -> None:
    """Once STARTTLS is answered plain octets are no commands, and no plain answer comes."""
    port = world.serve(door, tls=tls[0])

    def client() -> bytes:
        with Client(port) as peer:
            peer.line()
            peer.send(b"tls\n")
            assert peer.line() == b"go\r\n"
            peer.send(b"injected\n")
            with contextlib.suppress(ConnectionError):
                return peer.rest()
            return b""

    assert b"injected" not in world.run(client)
    assert world.count("tls_failures_total") == 1


def test_commands_in_the_flight_that_ends_the_handshake(
    world: World, door: Door, tls: Contexts
) -> None:
    """The client's first command may come together with its Finished; it is answered inside."""
    port = world.serve(door, tls=tls[0])

    def client() -> bytes:
        with Client(port) as peer:
            peer.line()
            peer.send(b"tls\n")
            peer.line()
            to_peer, to_us = ssl.MemoryBIO(), ssl.MemoryBIO()
            inside = tls[1].wrap_bio(to_peer, to_us, server_hostname="localhost")
            while True:
                try:
                    inside.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    peer.send(to_us.read())
                    to_peer.write(peer.socket.recv(65_536))
            inside.write(b"first\n")
            peer.send(to_us.read())  # Finished and the command in one packet
            while True:
                try:
                    return inside.read()
                except ssl.SSLWantReadError:
                    to_peer.write(peer.socket.recv(65_536))

    assert world.run(client) == b"first\r\n"


def test_implicit_tls(world: World, door: Door, tls: Contexts) -> None:
    """The protocol begins inside TLS, also over TLS 1.2. RFC 8314 3.3"""
    port = world.serve(door, tls=tls[0], implicit_tls=True)
    tls[1].maximum_version = ssl.TLSVersion.TLSv1_2
    try:

        def client() -> bytes:
            with Client(port, tls[1]) as peer:
                peer.send(b"tls?\nquit\n")
                return peer.rest()

        assert world.run(client) == b"hello\r\nTLSv1.2\r\nbye\r\n"
    finally:
        tls[1].maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_a_handshake_has_its_limits(world: World, door: Door, tls: Contexts) -> None:
    """Too long or too much, and the connection is closed; no protocol was ever begun."""
    settings = NetSettings(handshake_seconds_max=1, handshake_octets_max=4096)
    port = world.serve(door, tls=tls[0], implicit_tls=True, settings=settings)

    def client() -> None:
        with Client(port) as peer:
            assert peer.rest() == b""
        with Client(port) as peer, contextlib.suppress(ConnectionError):
            # A record that says it is long, and then grows without end.
            peer.send(b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + bytes(4090))
            peer.send(bytes(4096))
            peer.rest()

    world.run(client)
    world.until(lambda: world.count("tls_failures_total") == 2)
    assert door.seen == []


def test_handshakes_a_second_are_capped(world: World, door: Door, tls: Contexts) -> None:
    """More than allowed wait their turn; all of them get it."""
    settings = NetSettings(handshakes_per_second_max=20)
    port = world.serve(door, tls=tls[0], implicit_tls=True, settings=settings)

    def client() -> float:
        begin = time.monotonic()
        peers = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(12)]
        for peer in peers:
            with tls[1].wrap_socket(peer, server_hostname="localhost") as inside:
                assert inside.recv(100) == b"hello\r\n"
        return time.monotonic() - begin

    assert world.run(client) > 0.35
    assert world.count("tls_handshakes_total") == 12


def test_memory_stays_over_many_handshakes(world: World, door: Door, tls: Contexts) -> None:
    """A short soak: hundreds of TLS sessions leave nothing behind."""
    settings = NetSettings(handshakes_per_second_max=100_000)
    port = world.serve(door, tls=tls[0], implicit_tls=True, settings=settings)

    def client() -> None:
        for _ in range(300):
            with Client(port, tls[1]) as peer:
                peer.send(b"quit\n")
                peer.rest()
        world.connections.clear()
        door.seen.clear()

    world.run(client)
    before = _resident_octets()
    world.run(client)
    world.run(client)
    assert _resident_octets() - before < 2_000_000


def _resident_octets() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
