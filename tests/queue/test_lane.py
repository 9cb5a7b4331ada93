"""A destination in hand."""

import asyncio
from typing import Any

import pytest
from tests.letters import RECEIVED

from posthouse.queue.lane import Attempt, Job, Lane, Session
from posthouse.store.values_queue import QueueEnvelope, QueueLetter
from posthouse.wire.smtp.remote_replies import RemoteReply

REPLY = RemoteReply(250, "2.0.0", "yes")


class Settler:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.is_calm = True

    def settle(self, lane: Lane, job: Job, attempts: list[Attempt]) -> "asyncio.Future[None]":
        self.told.append((job, attempts))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    def out_of_reach(self, lane: Lane, reply: RemoteReply, *, tried: bool) -> None:
        self.told.append((reply, tried))

    def may_rest(self, lane: Lane) -> bool:
        return self.is_calm

    def rested(self, lane: Lane) -> None:
        self.told.append("rested")


def job(octets: bytes | None = None) -> Job:
    return Job(QueueLetter(b"l", 0, b"b", 1, "s", "m", QueueEnvelope(), RECEIVED, 0, ()), octets)


def lane(wants: list[Lane], settler: Settler | None = None) -> Lane:
    return Lane(
        "example.net",
        sessions_max=3,
        settler=settler or Settler(),
        wants_more=wants.append,
        loop=asyncio.get_running_loop(),
    )


async def giving_and_taking() -> None:
    wants: list[Lane] = []
    mine = lane(wants)
    assert mine.is_unused
    first, lost, last = job(b"abc"), job(), job()
    lost.is_lost = True
    for each in (first, lost, last):
        mine.give(each)
    assert not mine.is_unused
    assert (first.octets_held, last.octets_held) == (3, 0)
    mine.may_have_more = True
    assert mine.take() is first
    assert mine.take() is last
    assert mine.take() is None
    assert wants  # it asked for more before it was empty


def test_letters_come_in_their_order() -> None:
    """Those that another worker has by now are passed over; the store is asked in time."""
    asyncio.run(giving_and_taking())


async def waiting() -> None:
    mine = lane([])
    loop = asyncio.get_running_loop()
    began = loop.time()
    await mine.wait(0.02)
    assert loop.time() - began > 0.015
    waiters = [asyncio.ensure_future(mine.wait(60)) for _ in range(2)]
    await asyncio.sleep(0)
    assert mine.idle_sessions == 2
    mine.give(job())
    await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    assert [waiter.done() for waiter in waiters] == [True, False]
    mine.close()
    await asyncio.wait_for(waiters[1], 1)
    mine.jobs.clear()
    await asyncio.wait_for(mine.wait(60), 1)


def test_sessions_wait_for_letters() -> None:
    """Until one comes, the time is up, or the house closes."""
    asyncio.run(waiting())


async def session() -> None:
    settler = Settler()
    mine = lane([], settler)
    given = job()
    mine.give(given)
    talk = Session(mine)
    assert (talk.destination, talk.pace) == ("example.net", mine.pace)
    assert talk.take() is given
    assert list(talk.unsettled) == [given]
    await talk.settled(given, [Attempt(0, REPLY)])
    assert not talk.unsettled
    assert talk.take() is None
    talk.out_of_reach(REPLY, tried=True)
    assert settler.told == [(given, [Attempt(0, REPLY)]), (REPLY, True)]
    with pytest.raises(KeyError):
        talk.settled(given, [])


def test_what_is_taken_comes_back_once() -> None:
    """A session knows what it owes."""
    asyncio.run(session())


async def resting() -> None:
    settler = Settler()
    mine = lane([], settler)
    waits = asyncio.ensure_future(mine.wait(60))
    await asyncio.sleep(0)
    assert mine.idle_sessions == 1
    mine.dismiss()
    await waits
    assert mine.idle_sessions == 0
    assert settler.told == ["rested"]
    settler.is_calm = False
    await mine.wait(60)
    mine.dismiss()  # nobody is there


def test_a_session_without_a_letter_goes_where_its_place_is_needed() -> None:
    """It is told to, or does not begin to wait at all."""
    asyncio.run(resting())
