"""Waits that end in time, or with the worker."""

import asyncio

from posthouse.app.pauses import Pauses


def test_a_pause_ends() -> None:
    """After its time, and nothing of it is kept."""

    async def wait() -> None:
        pauses = Pauses(asyncio.get_running_loop())
        await asyncio.wait_for(pauses.pause(0.01), 10)
        await asyncio.sleep(0)
        assert not pauses._open

    asyncio.run(wait())


def test_all_end_with_the_worker() -> None:
    """Those that are open and those that come later."""

    async def wait() -> None:
        pauses = Pauses(asyncio.get_running_loop())
        pauses.start()
        one, two = pauses.pause(1000), pauses.pause(1000)
        two.cancel()
        assert pauses.is_idle
        pauses.shut_down()
        await asyncio.wait_for(one, 10)
        await asyncio.wait_for(pauses.pause(1000), 10)
        await pauses.close()

    asyncio.run(wait())
