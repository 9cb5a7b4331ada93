"""A thread gets its turn beside a saturated loop (design.md 3)."""

import asyncio
import sys
import time

import pytest

from posthouse.base.interpreter import SWITCH_SECONDS, prepare_loop_process


async def jobs_beside_a_busy_loop(seconds: float) -> int:
    """How many jobs a thread gets done while the loop does nothing but work."""
    loop = asyncio.get_running_loop()
    end = time.monotonic() + seconds
    done = 0

    def job() -> None:
        sum(range(200))

    async def jobs() -> None:
        nonlocal done
        while time.monotonic() < end:
            await loop.run_in_executor(None, job)
            done += 1

    async def work() -> None:
        while time.monotonic() < end:
            sum(range(5_000))
            await asyncio.sleep(0)

    await asyncio.gather(jobs(), work(), work())
    return done


def test_a_thread_gets_its_turn_beside_a_saturated_loop() -> None:
    """With our switch interval a thread does many jobs while the loop is busy, not one a second."""
    before = sys.getswitchinterval()
    try:
        prepare_loop_process()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
        done = asyncio.run(jobs_beside_a_busy_loop(0.5))
    finally:
        sys.setswitchinterval(before)

    assert done >= 10
