"""/healthz and /metrics: what monitors ask. A raw ASGI app on uvicorn's protocol in our loop.

Of uvicorn only the HTTP protocol is used, not its server: that would bring its own signals, and a
timer that wakes an idle process ten times a second. RFC 9110.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from email.utils import formatdate
from typing import Any, Final, cast

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from posthouse.base.clock import Clock
from posthouse.base.metrics import METRICS, Metrics, Row

CONNECTIONS_MAX: Final = 100
"""HTTP connections of one worker at a time; more get a 503."""
IDLE_SECONDS_MAX: Final = 30
REQUEST_OCTETS_MAX: Final = 65_536
"""Of one request with all its headers; what asks for health and figures has no more to say."""
REQUEST_SECONDS_MAX: Final = 30.0
"""How long a connection may take to say its request."""
PREFIX: Final = "posthouse_"
TEXT: Final = b"text/plain; charset=utf-8"
METRICS_TEXT: Final = b"text/plain; version=1.0.0; charset=utf-8"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Page:
    """A collector of prometheus_client over the shared page: all processes summed."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for metric in METRICS:
            figure: float = self._metrics.total(metric.name)
            name = PREFIX + metric.name
            if metric.kind == "gauge":
                yield GaugeMetricFamily(name, metric.meaning, figure)
                continue
            if metric.name.endswith("_seconds_total"):
                figure /= 1e6  # kept as microseconds, since the page holds integers
            yield CounterMetricFamily(name, metric.meaning, figure)


class BoundedHttp(HttpToolsProtocol):
    """HTTP of one connection, which ends when a request is too large or never complete."""

    _octets = 0
    """Since the last complete request."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        if self._octets > REQUEST_OCTETS_MAX:
            self.transport.abort()
            return
        if self._deadline is None:
            self._wait()
        super().data_received(data)

    def on_message_complete(self) -> None:
        self._complete()
        super().on_message_complete()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS_MAX, self.transport.abort)

    def _complete(self) -> None:
        self._octets = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class OpsServer:
    """HTTP of one worker. `connection` makes the protocol of each accepted socket."""

    __slots__ = ("_clock", "_config", "_loop", "_registry", "_row", "_state")

    def __init__(
        self, metrics: Metrics, row: Row, loop: asyncio.AbstractEventLoop, clock: Clock
    ) -> None:
        self._row = row
        self._loop = loop
        self._clock = clock
        self._registry = CollectorRegistry()
        self._registry.register(cast(Collector, Page(metrics)))
        self._state = ServerState()
        self._config = uvicorn.Config(
            self._answer,
            http="httptools",
            ws="none",
            loop="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=IDLE_SECONDS_MAX,
        )
        self._config.load()

    def connection(self) -> asyncio.BaseProtocol:
        """For `create_server`."""
        return BoundedHttp(self._config, self._state, {}, self._loop)

    def shut_down(self) -> None:
        """Connections end behind the answer they are owed."""
        for connection in list(self._state.connections):
            connection.shutdown()

    async def _answer(self, scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "lifespan and web sockets are off"
        self._row.add("http_requests_total")
        status, kind, body, more = self._page(scope["method"], scope["path"])
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            (b"date", formatdate(self._clock.now(), usegmt=True).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *more,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.body", "body": body})

    def _page(self, method: str, path: str) -> tuple[int, bytes, bytes, list[tuple[bytes, bytes]]]:
        if path not in ("/healthz", "/metrics"):
            return 404, TEXT, b"there is nothing here\n", []
        if method not in ("GET", "HEAD"):
            return 405, TEXT, b"GET or HEAD\n", [(b"allow", b"GET, HEAD")]  # RFC 9110 15.5.6
        if path == "/healthz":
            return 200, TEXT, b"ok\n", []
        return 200, METRICS_TEXT, generate_latest(self._registry), []
