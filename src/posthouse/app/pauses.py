"""Waits that a worker imposes on guessers. When it ends they end too: a restart waits for nobody
who only waits.
"""

import asyncio


class Pauses:
    """The open ones of a worker. A service of it (`app.build.Service`)."""

    __slots__ = ("_is_over", "_loop", "_open")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: set[asyncio.Future[None]] = set()
        self._is_over = False

    def pause(self, seconds: float) -> "asyncio.Future[None]":
        """A future that is done after so many seconds; unlike asyncio.sleep it needs no task."""
        future = self._loop.create_future()
        if self._is_over:
            future.set_result(None)
            return future
        handle = self._loop.call_later(seconds, _end, future)

        def ended(_: object) -> None:
            handle.cancel()
            self._open.discard(future)

        self._open.add(future)
        future.add_done_callback(ended)
        return future

    @property
    def is_idle(self) -> bool:
        """Nobody's work hangs on it."""
        return True

    def start(self) -> None:
        """It begins when somebody has to wait."""

    def shut_down(self) -> None:
        """Whoever waits goes on now."""
        self._is_over = True
        for future in list(self._open):
            _end(future)

    async def close(self) -> None:
        """Nothing runs."""


def _end(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
