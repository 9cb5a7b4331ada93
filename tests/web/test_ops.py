"""Health and metrics over HTTP, from a running house and in one loop."""

import asyncio
import contextlib
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app_house import Running
from posthouse.base.clock import SystemClock
from posthouse.base.metrics import METRICS, Metrics
from posthouse.web.ops import OpsServer

LISTEN = '[listen]\nsmtp = ["127.0.0.1:0"]\nimap = []\nimaps = []\nhttp = ["127.0.0.1:0"]\n'


def get(house: Running, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(f"http://127.0.0.1:{house.port('http')}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def test_a_running_house(tmp_path: Path) -> None:
    """Whatever worker answers, the figures are of all processes."""
    with Running(tmp_path, f"workers = 2\n{LISTEN}") as house:
        house.ready()
        for _ in range(20):
            house.say(b"hi")
        assert get(house, "/healthz")[::2] == (200, "ok\n")
        for _ in range(4):
            status, headers, text = get(house, "/metrics")
            assert status == 200
            assert headers["content-type"].startswith("text/plain; version=")
            assert "date" in headers
            assert "posthouse_connections_total 20.0" in text
        assert get(house, "/healthz", "HEAD")[::2] == (200, "")
        assert get(house, "/healthz", "POST")[0] == 405
        assert get(house, "/etc/passwd")[0] == 404
        house.process.terminate()
        assert house.stopped() == 0


def test_every_figure_is_shown_and_idle_connections_end() -> None:
    """Each metric with its kind and meaning; a shut down ends what is kept alive."""
    metrics = Metrics()
    metrics.row(1).add("commit_seconds_total", 1_500_000)
    metrics.row(2).add("smtp_sessions", 4)

    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        ops = OpsServer(metrics, metrics.row(3), loop, SystemClock())
        listener = socket.create_server(("127.0.0.1", 0))
        server = await loop.create_server(ops.connection, sock=listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        ops.shut_down()
        body = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return head + body

    text = asyncio.run(talk()).decode()

    for metric in METRICS:
        assert f"# TYPE posthouse_{metric.name} {metric.kind}" in text
    assert "posthouse_commit_seconds_total 1.5" in text
    assert "posthouse_smtp_sessions 4.0" in text


def test_a_request_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many octets, or too long silence inside a request, end the connection."""
    monkeypatch.setattr("posthouse.web.ops.REQUEST_SECONDS_MAX", 0.1)
    metrics = Metrics()

    async def talk(said: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        ops = OpsServer(metrics, metrics.row(3), loop, SystemClock())
        server = await loop.create_server(ops.connection, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(said)
        try:
            return await asyncio.wait_for(reader.read(), 30)
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()
            with contextlib.suppress(ConnectionResetError):
                await writer.wait_closed()
            server.close()
            await server.wait_closed()

    line = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    for said in (b"", b"GET /", line, b"GET /" + b"x" * 70_000, line + b"X: " + b"x" * 70_000):
        assert asyncio.run(talk(said)) in (b"", b"reset")
    assert asyncio.run(talk(line + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
