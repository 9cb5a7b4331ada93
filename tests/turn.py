"""Runs coroutines that need not wait, in one turn: reads and writes of the in-memory store are
such."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result; a coroutine that waits for something is a fault of the test."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("this coroutine waited for something")
