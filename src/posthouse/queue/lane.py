"""One destination as a worker has it in hand: jobs that wait, who carries them, its health."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from posthouse.queue.pace import Pace
from posthouse.store.values_queue import QueueLetter
from posthouse.wire.smtp.remote_replies import RemoteReply


@dataclass(slots=True, eq=False)
class Job:
    """A letter with the rows of it that are this worker's and travel together."""

    letter: QueueLetter
    octets: bytes | None = None
    """The whole letter when it is at hand; None: the store has it."""
    is_lost: bool = False
    """Another worker has its rows now: do not begin."""

    @property
    def octets_held(self) -> int:
        return len(self.octets) if self.octets is not None else 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was heard of one recipient."""

    number: int
    reply: RemoteReply
    host: str = ""
    """Who said it; "": we ourselves."""
    is_relayed: bool = False
    """Taken by a host that will not report: RFC 3461 5.2.2 (a) wants us to."""


class Settler(Protocol):
    """What happens with results; the runner's."""

    def settle(self, lane: "Lane", job: Job, attempts: list[Attempt]) -> "asyncio.Future[None]": ...

    def out_of_reach(self, lane: "Lane", reply: RemoteReply, *, tried: bool) -> None: ...

    def may_rest(self, lane: "Lane") -> bool:
        """Whether a session without a letter may keep its connection for a while."""

    def rested(self, lane: "Lane") -> None:
        """One that did so goes on, or ends."""


class Lane:
    """Its jobs, and what is known of the destination. Never touches the store: the runner does."""

    __slots__ = (
        "_is_closed", "_loop", "_waiters", "destination", "failures", "is_claiming", "is_pausing",
        "jobs", "may_have_more", "pace", "paused_until", "sessions", "settler", "wants_more",
    )  # fmt: skip

    def __init__(
        self,
        destination: str,
        *,
        sessions_max: int,
        settler: Settler,
        wants_more: Callable[["Lane"], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.destination = destination
        self.jobs: deque[Job] = deque()
        self.sessions = 0
        self.failures = 0
        self.paused_until = 0
        self.is_pausing = False
        """The store is just being told of the pause."""
        self.pace = Pace(sessions_max)
        self.may_have_more = False
        """The store may have rows that are due."""
        self.is_claiming = False
        self.settler = settler
        self.wants_more = wants_more
        self._loop = loop
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._is_closed = False

    @property
    def is_unused(self) -> bool:
        """Nothing is lost when it is forgotten."""
        return not (self.jobs or self.sessions or self.is_claiming or self.may_have_more)

    @property
    def idle_sessions(self) -> int:
        """Sessions that wait for a letter."""
        return len(self._waiters)

    def give(self, job: Job) -> None:
        """One more; a session that waits for it wakes."""
        self.jobs.append(job)
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def take(self) -> Job | None:
        """The next one; the store is asked for more in time."""
        if self.may_have_more and len(self.jobs) <= self.sessions:
            self.wants_more(self)
        while self.jobs:
            job = self.jobs.popleft()
            if not job.is_lost:
                return job
        return None

    async def wait(self, seconds: float) -> None:
        """Until there may be another one, or the time is up."""
        if self.jobs or seconds <= 0 or self._is_closed or not self.settler.may_rest(self):
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        timer = self._loop.call_later(seconds, _over, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            self.settler.rested(self)

    def dismiss(self) -> None:
        """One session that waits goes: another destination needs its place."""
        if self._waiters:
            _over(self._waiters.popleft())

    def close(self) -> None:
        """Sessions that wait look again, find nothing, and wait no more."""
        self._is_closed = True
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            _over(waiter)


class Session:
    """What a carrier sees of a lane. Every job it takes must come back by `settled`."""

    __slots__ = ("_lane", "unsettled")

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.unsettled: dict[Job, None] = {}

    @property
    def destination(self) -> str:
        return self._lane.destination

    @property
    def pace(self) -> Pace:
        """It is told what went through and what did not."""
        return self._lane.pace

    def take(self) -> Job | None:
        """The next letter."""
        job = self._lane.take()
        if job is not None:
            self.unsettled[job] = None
        return job

    async def wait(self, seconds: float) -> None:
        """Until there may be another letter, or the time is up."""
        await self._lane.wait(seconds)

    def settled(self, job: Job, attempts: list[Attempt]) -> "asyncio.Future[None]":
        """What became of a letter; done when it is on stable storage. Whoever waits for that may be
        cancelled: it is written all the same."""
        del self.unsettled[job]
        return asyncio.shield(self._lane.settler.settle(self._lane, job, attempts))

    def out_of_reach(self, reply: RemoteReply, *, tried: bool = False) -> None:
        """No host of the destination can be talked to now. `tried`: a letter has come back for it;
        else the next one counts as tried."""
        self._lane.settler.out_of_reach(self._lane, reply, tried=tried)


def _over(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
