"""Coroutines carried on by hand."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from posthouse.net.steps import Steps, one_turn


class Run:
    """A coroutine begun as a connection begins it, and what became of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> None:
        self.ended: list[tuple[Any, BaseException | None]] = []
        self.steps = Steps(work, work.send(None), lambda *end: self.ended.append(end), loop)


def turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0.001))


@pytest.fixture
def loop() -> Any:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_futures_and_turns(loop: asyncio.AbstractEventLoop) -> None:
    """It goes on when its future is done, and its result is told once."""
    first, second = loop.create_future(), loop.create_future()

    async def work() -> str:
        await one_turn()
        got: str = await first
        await one_turn()
        return got + await second

    run = Run(loop, work())
    first.set_result("a")
    turn(loop)
    assert run.ended == []
    second.set_result("b")
    turn(loop)
    assert run.ended == [("ab", None)]


def test_what_is_raised_is_told(loop: asyncio.AbstractEventLoop) -> None:
    """A failed future's error comes out where it is awaited; what is not caught is told."""
    failing = loop.create_future()

    async def work() -> None:
        try:
            await failing
        except KeyError:
            await one_turn()
            raise ValueError("then") from None

    run = Run(loop, work())
    failing.set_exception(KeyError("first"))
    turn(loop)
    ((result, error),) = run.ended
    assert result is None
    assert isinstance(error, ValueError)


def test_cancelled_while_it_waits(loop: asyncio.AbstractEventLoop) -> None:
    """It may clean up, also with waiting; nobody is told; the future is left to others."""
    shared, cleaning = loop.create_future(), loop.create_future()
    seen: list[str] = []

    async def work() -> None:
        try:
            await shared
        except asyncio.CancelledError:
            seen.append("cancelled")
            try:
                await cleaning
                seen.append("clean")
            except asyncio.CancelledError:
                seen.append("again")
            raise

    run = Run(loop, work())
    run.steps.cancel()
    cleaning.set_result(None)
    turn(loop)
    assert seen == ["cancelled", "clean"]
    assert run.ended == []
    assert not shared.cancelled()
    shared.set_exception(RuntimeError("nobody complains that nobody looked"))
    turn(loop)


def test_cancelled_in_its_turn_and_between_turns(loop: asyncio.AbstractEventLoop) -> None:
    """A coroutine that ends its own connection is told at its next wait."""
    seen: list[str] = []
    runs: list[Run] = []
    woken = loop.create_future()

    async def work() -> None:
        await one_turn()
        runs[0].steps.cancel()
        seen.append("still running")
        try:
            await woken
        except asyncio.CancelledError:
            seen.append("told")
            raise

    runs.append(Run(loop, work()))
    turn(loop)
    assert seen == ["still running", "told"]

    async def turning() -> None:
        try:
            await one_turn()
        except asyncio.CancelledError:
            seen.append("between")
            raise

    run = Run(loop, turning())
    run.steps.cancel()
    turn(loop)
    assert seen[-1] == "between"
    assert run.ended == []
