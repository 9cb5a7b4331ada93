"""Carries a coroutine on by hand, without a task: one object a question that really waits.

A visit awaits only futures and `one_turn()`. `asyncio.timeout` and `current_task` do not work in
it, since there is no task. Never fails: what the coroutine raises is handed to `ended`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Protocol

Ended = Callable[[Any, BaseException | None], None]
"""Called once with the result, or with what was raised."""


@coroutine
def one_turn() -> Generator[None, None, None]:
    """Awaited: the loop gets one turn, then the coroutine goes on."""
    yield


class Loop(Protocol):
    """The part of an event loop that is used."""

    def call_soon(self, callback: Callable[[], object], /) -> object: ...


class Steps:
    """One coroutine that waits. `first`: what its first `send` gave, a future or None."""

    __slots__ = ("_cancelled", "_coroutine", "_ended", "_loop", "_running", "_waits_for")

    def __init__(
        self,
        coroutine: Coroutine[Any, None, Any],
        first: Any,
        ended: Ended,
        loop: Loop,
    ) -> None:
        self._coroutine = coroutine
        self._ended: Ended | None = ended
        self._loop = loop
        self._cancelled = False
        self._running = False
        self._waits_for: asyncio.Future[Any] | None = None
        self._wait(first)

    def cancel(self) -> None:
        """Throws CancelledError into the coroutine; `ended` is not called any more.

        The future it waits for is left alone: others may wait for it too.
        """
        self._ended = None
        self._cancelled = True
        if self._running:
            return  # it cancels itself by what it does just now; thrown at its next wait
        waits_for, self._waits_for = self._waits_for, None
        if waits_for is not None:
            waits_for.remove_done_callback(self._wake)
            waits_for.add_done_callback(_look_away)
            self._step(asyncio.CancelledError())

    def _wait(self, given: Any) -> None:
        if given is None:
            self._loop.call_soon(self._turn)
            return
        assert given._asyncio_future_blocking, "a visit awaits futures and one_turn() only"
        given._asyncio_future_blocking = False  # the mark by which a future knows it is awaited
        self._waits_for = given
        given.add_done_callback(self._wake)

    def _turn(self) -> None:
        self._step(asyncio.CancelledError() if self._cancelled else None)

    def _wake(self, _future: "asyncio.Future[Any]") -> None:
        self._waits_for = None
        self._step(None)

    def _step(self, thrown: BaseException | None) -> None:
        coroutine = self._coroutine
        self._running = True
        try:
            given = coroutine.send(None) if thrown is None else coroutine.throw(thrown)
        except StopIteration as end:
            self._end(end.value, None)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - CancelledError too: it must reach `ended`
            self._end(None, error)
        else:
            self._running = False
            self._wait(given)
            if self._cancelled and thrown is None:
                self.cancel()

    def _end(self, result: Any, error: BaseException | None) -> None:
        ended, self._ended = self._ended, None
        self._running = False
        if ended is not None:
            ended(result, error)


def _look_away(future: "asyncio.Future[Any]") -> None:
    """The one who waited is gone; that nobody sees the future's failure is all right."""
    if not future.cancelled():
        future.exception()
