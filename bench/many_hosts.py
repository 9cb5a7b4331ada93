#!/usr/bin/env python3
"""A thousand mail hosts on loopback, good, slow and dead ones, and the names that lead to them.

    many_hosts.py --good N --slow N --dead N --port PORT --dns PORT [--seconds S]

Domains g0.test, s0.test, d0.test, ... each have an MX and an address of their own in 127.0.0.0/8.
Good ones answer at once, slow ones after --seconds at each step. Half of the dead ones refuse the
connection, the other half never answer: their queue of connections is full, so the kernel drops
what comes. Prints `good slow` ten times a second: how many letters were taken.
"""

import argparse
import asyncio
import resource
import socket
import sys
import time
from typing import Any, Final

import uvloop

BEFORE: Final = {"g": "127.1", "s": "127.2", "d": "127.3"}
REPORT_SECONDS: Final = 0.1
TTL: Final = 3600
A, SOA, MX = 1, 6, 15
RECEIVE_OCTETS: Final = 4 * 1024 * 1024
"""Questions that may wait for their turn."""


def address_of(domain: str) -> str:
    """Where mail for g12.test goes."""
    number = int(domain[1:].partition(".")[0])
    return f"{BEFORE[domain[0]]}.{number // 250}.{number % 250 + 1}"


class Names(asyncio.DatagramProtocol):
    """Answers MX and A by hand, since a thousand domains are asked for at once; a host's name is
    mx. and its domain. RFC 1035 4.1"""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        end = data.index(0, 12) + 5
        kind = int.from_bytes(data[end - 4 : end - 2], "big")
        is_host = data[12:15] == b"\x02mx"
        counts, record = b"\0\1\0\0", b""
        if kind == A:
            start = 15 if is_host else 12
            domain = data[start + 1 : start + 1 + data[start]].decode()
            record = _record(kind, socket.inet_aton(address_of(domain)))
        elif kind == MX and not is_host:
            record = _record(kind, b"\0\x0a\x02mx\xc0\x0c")
        else:
            counts = b"\0\0\0\1"  # no data; a SOA says how long that stands
            record = _record(SOA, b"\0\0" + TTL.to_bytes(4, "big") * 5)
        self._transport.sendto(
            data[:2] + b"\x81\x80\0\1" + counts + b"\0\0" + data[12:end] + record, addr
        )


def _record(kind: int, value: bytes) -> bytes:
    """For the name in the question."""
    head = b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1" + TTL.to_bytes(4, "big")
    return head + len(value).to_bytes(2, "big") + value


class Host(asyncio.Protocol):
    """One connection to a host that takes every letter."""

    taken: Final = {"g": 0, "s": 0}
    __slots__ = ("_buffer", "_in_letter", "_kind", "_loop", "_pause", "_transport")

    def __init__(self, kind: str, pause: float, loop: asyncio.AbstractEventLoop) -> None:
        self._kind = kind
        self._pause = pause
        self._loop = loop
        self._buffer = b""
        self._in_letter = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._say(b"220 mx.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        said = b""
        while True:
            if self._in_letter:
                _, end, rest = self._buffer.partition(b"\r\n.\r\n")
                if not end:
                    break
                self._buffer, self._in_letter = rest, False
                self.taken[self._kind] += 1
                said += b"250 2.0.0 Ok\r\n"
                continue
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                break
            self._buffer = rest
            said += self._answer(line[:4].upper())
        if said:
            self._say(said)

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return b"250-mx.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if verb == b"DATA":
            self._in_letter = True
            return b"354 Go on\r\n"
        return b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else b"250 2.0.0 Ok\r\n"

    def _say(self, said: bytes) -> None:
        if self._pause:
            self._loop.call_later(self._pause, self._later, said)
        else:
            self._transport.write(said)

    def _later(self, said: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(said)


def deaf(address: str, port: int) -> list[socket.socket]:
    """A listener whose queue is full: further connections are never answered."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(0)
    held = [listener]
    for _ in range(4):
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex((address, port))
        held.append(caller)
    return held


async def main() -> None:
    """Serves until its standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("good", "slow", "dead", "port", "dns"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=3.0)
    wanted = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop = asyncio.get_running_loop()
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
    asked.setblocking(False)
    asked.bind(("127.0.0.1", wanted.dns))
    await loop.create_datagram_endpoint(Names, sock=asked)
    for kind, count, pause in (("g", wanted.good, 0.0), ("s", wanted.slow, wanted.seconds)):
        for number in range(count):
            address = address_of(f"{kind}{number}.test")
            await loop.create_server(
                lambda kind=kind, pause=pause: Host(kind, pause, loop),  # type: ignore[misc]
                address,
                wanted.port,
                backlog=128,
            )
    held = [deaf(address_of(f"d{n}.test"), wanted.port) for n in range(1, wanted.dead, 2)]
    closed = loop.run_in_executor(None, sys.stdin.read)
    while not closed.done():
        now = time.monotonic()
        print(f"{now:.3f} {Host.taken['g']} {Host.taken['s']}", flush=True)
        await asyncio.sleep(REPORT_SECONDS)
    del held


if __name__ == "__main__":
    uvloop.run(main())
