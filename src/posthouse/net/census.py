"""Who is connected to this worker: counts, limits, and the sweep that ends what is silent or stuck.

One sweep for all connections instead of a timer each: a session then costs no timer, and ten
thousand idle ones about a millisecond a sweep. So every time limit of a connection is kept to
within SWEEP_SECONDS.
"""

import asyncio
from typing import Final, Protocol

from posthouse.base.metrics import Row
from posthouse.net.limits import NetSettings

SWEEP_SECONDS: Final = 1.0
NEWCOMER_SECONDS: Final = 2.0
"""The loop may have accepted somebody whom it hands over only after the end has begun. He took this
worker for one that serves, so he is served: so long, then he is told like all others."""


class Counted(Protocol):
    """A connection, as far as it is counted."""

    def look(self, now: float) -> None: ...

    def shut_down(self) -> None: ...

    def abort(self) -> None: ...


class Census:
    """All connections of one worker."""

    __slots__ = (
        "_by_address",
        "_handshakes_free_at",
        "_is_draining",
        "_loop",
        "_row",
        "_sweep_seconds",
        "_timer",
        "connections",
        "settings",
    )

    def __init__(
        self,
        settings: NetSettings,
        row: Row,
        loop: asyncio.AbstractEventLoop,
        *,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self.settings = settings
        self.connections: set[Counted] = set()
        self._by_address: dict[str, int] = {}
        self._row = row
        self._loop = loop
        self._sweep_seconds = sweep_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._handshakes_free_at = 0.0
        self._is_draining = False

    def enter(self, connection: Counted, address: str) -> bool:
        """Counts a connection in until it leaves. False: there are too many."""
        connections = self.connections
        connections.add(connection)
        count = self._by_address.get(address, 0) + 1
        self._by_address[address] = count
        self._row.add("connections_total")
        if self._timer is None:
            self._timer = self._loop.call_later(self._sweep_seconds, self._sweep)
        settings = self.settings
        if self._is_draining:
            self._loop.call_later(NEWCOMER_SECONDS, connection.shut_down)
        if (
            len(connections) > settings.connections_per_worker_max
            # A local socket has no address: its peers are programs of this machine.
            or (count > settings.connections_per_address_max and address)
        ):
            self._row.add("connections_refused_total")
            return False
        return True

    def leave(self, connection: Counted, address: str) -> None:
        """The connection is gone."""
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        count = self._by_address[address] - 1
        if count:
            self._by_address[address] = count
        else:
            del self._by_address[address]

    def drain(self) -> None:
        """All connections end as soon as they are owed nothing; newcomers a little later."""
        self._is_draining = True
        for connection in list(self.connections):
            connection.shut_down()

    def handshake_wait(self) -> float:
        """Seconds until one more TLS handshake may begin; takes the place."""
        now = self._loop.time()
        wait = max(0.0, self._handshakes_free_at - now)
        self._handshakes_free_at = max(now, self._handshakes_free_at) + (
            1 / self.settings.handshakes_per_second_max
        )
        # A burst of as many as a tenth of a second allows passes without waiting.
        return max(0.0, wait - 0.1)

    def close(self) -> None:
        """No sweep any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in list(self.connections):
            connection.look(now)
        self._timer = (
            self._loop.call_later(self._sweep_seconds, self._sweep) if self.connections else None
        )
