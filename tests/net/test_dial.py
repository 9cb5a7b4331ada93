"""A line that we open: nothing on it waits without a limit."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme

from posthouse.net.dial import Line, LineFailed, TlsFailed, client_context, dial


class Lines:
    """A core that collects what comes."""

    def __init__(self) -> None:
        self.heard = b""
        self.out = b""
        self.lost_by = ""

    def receive(self, data: bytes) -> None:
        self.heard += data

    def take_output(self) -> bytes:
        out, self.out = self.out, b""
        return out

    def lost(self, why: str) -> None:
        self.lost_by = why


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_server(serve: Serve, talk: Callable[[Line, Lines], Awaitable[None]], **given: Any) -> None:
    """One connection to a server of the test."""

    async def run() -> None:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(served, "127.0.0.1", 0, **given)
        core = Lines()
        port = server.sockets[0].getsockname()[1]
        line = await dial(asyncio.get_running_loop(), "127.0.0.1", port, core, 2)
        try:
            await talk(line, core)
        finally:
            line.abort()
            server.close()
            await server.wait_closed()
            await asyncio.sleep(0.01)

    asyncio.run(run())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100_000):
        writer.write(data)
        await writer.drain()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


def test_octets_go_both_ways() -> None:
    """What the core puts out is written, what comes is its."""

    async def talk(line: Line, core: Lines) -> None:
        core.out = b"hello"
        await line.until(lambda: core.heard == b"hello", 2)
        assert not line.lost
        line.close()
        assert line.lost

    with_server(echo, talk)


def test_silence_has_a_limit() -> None:
    """The wait ends with LineFailed and the line with it."""

    async def talk(line: Line, core: Lines) -> None:
        with pytest.raises(LineFailed):
            await line.until(lambda: bool(core.heard), 0.05)
        assert line.lost == core.lost_by == "no answer in time"
        await line.until(lambda: bool(core.heard), 60)  # at once: there is no line

    with_server(silent, talk)


def test_an_end_by_the_other_side_ends_the_wait() -> None:
    """At once, and the core is told."""

    async def talk(line: Line, core: Lines) -> None:
        core.out = b"x"
        await line.until(lambda: bool(core.heard), 5)
        assert "closed" in line.lost
        assert core.lost_by == line.lost

    with_server(rude, talk)


def test_a_host_that_does_not_read_is_not_waited_for() -> None:
    """Output beyond the buffer waits so long and no longer."""

    async def never_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)

    async def talk(line: Line, core: Lines) -> None:
        core.out = b"x" * 20_000_000
        line.flush()
        with pytest.raises(LineFailed):
            await line.drained(0.1)
        assert line.lost

    with_server(never_reads, talk)


def test_no_connection() -> None:
    """Refused and unreachable are LineFailed, with the reason."""

    async def run() -> None:
        with pytest.raises(LineFailed) as failed:
            await dial(asyncio.get_running_loop(), "127.0.0.1", 1, Lines(), 2)
        assert str(failed.value) == "Connection refused"

    asyncio.run(run())


def tls_server(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.example").configure_cert(context)
    return context


def test_tls_that_stands() -> None:
    """Large octets go both ways; what was agreed is known."""

    async def talk(line: Line, core: Lines) -> None:
        assert line.tls is None
        await line.start_tls(client_context(verify=False), "mx.example", 2)
        assert line.tls is not None
        core.out = b"x" * 300_000
        await line.until(lambda: len(core.heard) == 300_000, 5)
        assert not line.lost
        line.close()

    with_server(echo, talk, ssl=tls_server(trustme.CA()))


@pytest.mark.parametrize(("verify", "name"), [(True, "mx.example"), (False, "mx.example")])
def test_certificates(verify: bool, name: str) -> None:
    """A stranger's certificate is good enough unless it must be verified."""

    async def talk(line: Line, core: Lines) -> None:
        if not verify:
            await line.start_tls(client_context(verify=False), name, 2)
            return
        with pytest.raises(TlsFailed) as failed:
            await line.start_tls(client_context(verify=True), name, 2)
        assert "CERTIFICATE_VERIFY_FAILED" in str(failed.value)
        assert line.lost

    with_server(echo, talk, ssl=tls_server(trustme.CA()))


@pytest.mark.parametrize("serve", [echo, silent, rude])
def test_tls_that_does_not_stand(serve: Serve) -> None:
    """Garbage, silence and an end are TlsFailed, in time."""

    async def talk(line: Line, core: Lines) -> None:
        with pytest.raises(TlsFailed):
            await line.start_tls(client_context(verify=False), "mx.example", 0.1)
        assert line.lost

    with_server(serve, talk)
