"""500 IMAP clients over TLS come back at once after a restart: all are served, none is refused.

How long it takes is the bench's to say (`make bench`, row storm).
"""

import asyncio
import ssl
from collections.abc import Iterator

import pytest

from outside.server import LOOPBACK, PASSWORD, Server, pss_octets
from posthouse.base.clock import SystemClock
from posthouse.base.log import Log
from posthouse.directory.credentials import credentials_for
from posthouse.store.sqlite.direct import open_direct, run_now
from posthouse.store.values import AddAccount, AddDomain

PEOPLE = 50
CLIENTS = 500
"""Ten of each: telephones, mail programs with five connections."""
STORM_SECONDS_MAX = 60.0
GROWTH_MAX = 1.15
"""How much more memory the second storm may leave than the first."""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("storm"), {"listen": {"imaps": (LOOPBACK,)}})
    server.data.mkdir(mode=0o700)
    clock = SystemClock()
    store = open_direct(server.data, clock, Log(clock, lambda _line: None))
    known = credentials_for(PASSWORD)  # the same for all, since to make them takes long
    run_now(store.commit(AddDomain("example.org")))
    for number in range(PEOPLE):
        address = f"p{number}@example.org"
        run_now(store.commit(AddAccount(address, address, 0, known)))
    store.close()
    with server:
        yield server


class Client:
    """One connection; its address is its own, as in the world outside."""

    def __init__(self, number: int) -> None:
        self._number = number

    async def come(self, port: int, tls: ssl.SSLContext) -> None:
        """Logs in and opens the INBOX."""
        source = f"127.0.{1 + self._number // 100}.{1 + self._number % 100}"
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls, local_addr=(source, 0)
        )
        assert (await self.reader.readline()).startswith(b"* OK")
        user = f"p{self._number % PEOPLE}@example.org"
        await self.say(b"a", f'LOGIN {user} "{PASSWORD}"'.encode())
        await self.say(b"b", b"SELECT INBOX")

    async def say(self, tag: bytes, command: bytes) -> None:
        self.writer.write(tag + b" " + command + b"\r\n")
        while not (line := await self.reader.readline()).startswith(tag + b" "):
            assert line.startswith(b"* "), line
        assert line.startswith(tag + b" OK"), line

    async def hear_the_end(self) -> bytes:
        """What the server says when it stops."""
        said = await self.reader.read()
        self.writer.close()
        return said


async def storm(server: Server) -> list[Client]:
    """All come at once; it ends when the last of them is served."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    clients = [Client(number) for number in range(CLIENTS)]
    port = server.ports["imaps"]
    async with asyncio.timeout(STORM_SECONDS_MAX):
        await asyncio.gather(*(client.come(port, tls) for client in clients))
    return clients


def memory(server: Server) -> int:
    return pss_octets([p.pid for p in server.status().processes])


def test_all_come_back_after_a_restart(server: Server) -> None:
    """Each hears that the server stops, comes again and has its INBOX; memory stays as it was."""

    async def twice() -> tuple[int, int]:
        clients = await storm(server)
        first = memory(server)
        loop = asyncio.get_running_loop()
        stopped = loop.run_in_executor(None, server.restart)
        async with asyncio.timeout(STORM_SECONDS_MAX):
            said = await asyncio.gather(*(client.hear_the_end() for client in clients))
            await stopped
        assert all(b"* BYE" in words for words in said)

        again = await storm(server)
        assert server.status().sessions["imap"] == len(again) == CLIENTS
        second = memory(server)
        for client in again:
            client.writer.close()
        return first, second

    first, second = asyncio.run(twice())
    totals = server.status().totals
    assert totals["logins_total"] == CLIENTS
    assert (totals["logins_failed_total"], totals["connections_refused_total"]) == (0, 0)
    assert second <= first * GROWTH_MAX, (first, second)
