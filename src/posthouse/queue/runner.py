"""What keeps the queue moving in one worker: claims what is due, gives it to carriers.

Destinations are apart from each other: each has its lane, its sessions, its pause. Every promise is
in the store before anybody acts on it, so a worker may die at any moment.
"""

import asyncio
from typing import Final

from posthouse.queue.full import HERE
from posthouse.queue.hands import AGAIN_SECONDS, Hands
from posthouse.queue.house import Carrier, QueueHouse
from posthouse.queue.lane import Attempt, Job, Lane, Session
from posthouse.queue.letter import Incoming
from posthouse.queue.outbound import claimed_part, rows_of
from posthouse.queue.pace import may_open
from posthouse.queue.route import BAD_ADDRESS
from posthouse.queue.schedule import pause_until
from posthouse.store.contract import StoreFailure, Watch
from posthouse.store.values_queue import (
    FAR,
    QUEUE,
    ClaimAged,
    ClaimQueue,
    Enqueue,
    FreeQueue,
    PauseQueue,
    QueueClaimed,
    QueueLetter,
)
from posthouse.wire.smtp.remote_replies import RemoteReply

LANE_JOBS_MAX: Final = 500
"""Letters of one destination that are at hand; more wait in the store."""
HELD_MAX: Final = 20_000
"""Letters that are at hand together."""
ROWS_A_SESSION: Final = 10
"""Rows claimed for each connection that the destination is trusted with."""
PAGE: Final = 100
LOOK_SECONDS: Final = 0.05
"""Between two looks at what is due, whatever the bus says."""
LOOK_SECONDS_MAX: Final = 30.0
"""A word on the bus may be lost: so often is looked without one."""
AGED_LETTERS: Final = 50
FAULT: Final = RemoteReply(451, "4.3.0", "a fault of ours")


class Runner:
    """One a worker. Also the port by which intake hands letters over."""

    def __init__(self, house: QueueHouse, carrier: Carrier) -> None:
        self._house = house
        self._carrier = carrier
        self._hands = Hands(house, self)
        self._lanes: dict[str, Lane] = {}
        self._starved: dict[str, Lane] = {}
        """Lanes that want a first session and may not have one now."""
        self._resting: dict[Lane, None] = {}
        """Lanes with sessions that wait for a letter."""
        self._sessions = 0
        self._suspects = 0
        self._running: dict[Session, asyncio.Task[None]] = {}
        self._watch: Watch | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0
        """uvloop's handles do not tell their time when it is now."""
        self._is_looking = False
        self._looked_at = -1.0
        self._cursor = (-1, "")
        self._is_closing = False

    # ---- life

    def start(self) -> None:
        """What a predecessor of this name held is free from now on."""
        self._watch = self._house.store.watch(QUEUE, lambda _: self._look_soon(LOOK_SECONDS))
        self._hands.spawn(self._begin())
        self._hands.spawn(self._hands.renew_for_ever())

    def shut_down(self) -> None:
        """Takes nothing more; sessions end with the letter they have, those that have none at
        once; the rest is given back."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._watch is not None:
            self._watch.cancel()
        if self._timer is not None:
            self._timer.cancel()
        for lane in self._lanes.values():
            lane.may_have_more = False
            self._give_back(lane)
            lane.close()
        for session, task in self._running.items():
            if not session.unsettled:
                task.cancel()

    @property
    def is_idle(self) -> bool:
        """Nothing is in hand."""
        return not (self._hands.letters or self._sessions)

    async def close(self) -> None:
        """Cuts what still runs."""
        self.shut_down()
        await self._hands.close()

    async def _begin(self) -> None:
        while not self._is_closing:
            try:
                await self._house.store.commit(FreeQueue(self._house.holders))
            except StoreFailure as failure:
                self._house.log.warning("queue.not_freed", reason=failure.text)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self._look_soon(0.0)
            return

    # ---- the way in

    def plan(self, letter: Incoming) -> Enqueue:
        """Rows of a letter; where there is a hand free they are this worker's at once."""
        house = self._house

        def claim(destination: str) -> tuple[str, int] | None:
            has_hand_free = self._has_hand_free(destination, letter.body.size)
            return (house.holder, house.until()) if has_hand_free else None

        return rows_of(
            letter,
            routes=house.routes,
            settings=house.settings,
            now=int(house.clock.now()),
            claim=claim,
        )

    def committed(self, plan: Enqueue, letter: Incoming) -> None:
        """The rows are durable: those that are ours go to their lanes."""
        mine: dict[str, list[int]] = {}
        for number, to in enumerate(plan.recipients):
            if to.holder:
                mine.setdefault(to.destination, []).append(number)
        for destination, numbers in mine.items():
            self._take_in(destination, Job(claimed_part(plan, numbers), letter.body.octets))

    def _has_hand_free(self, destination: str, octets: int) -> bool:
        settings = self._house.settings
        if self._is_closing or self._hands.letters >= HELD_MAX:
            return False
        if self._hands.octets + octets > settings.memory_octets_max:
            return False
        lane = self._lanes.get(destination)
        if lane is None:
            return self._sessions < settings.sessions_max
        return (
            len(lane.jobs) < LANE_JOBS_MAX
            and not lane.may_have_more  # what waits in the store came before
            and lane.paused_until <= self._house.clock.now()
        )

    # ---- lanes and sessions

    def _lane(self, destination: str) -> Lane:
        lane = self._lanes.get(destination)
        if lane is None:
            lane = self._lanes[destination] = Lane(
                destination,
                sessions_max=self._house.settings.destination_sessions_max,
                settler=self,
                wants_more=self._claim_more,
                loop=self._house.loop,
            )
        return lane

    def _take_in(self, destination: str, job: Job) -> None:
        self._hands.hold(job)
        if self._is_closing:
            self._hands.write_back(job)
            return
        lane = self._lane(destination)
        lane.give(job)
        self._staff(lane)

    def _staff(self, lane: Lane) -> None:
        """One more session, if the lane needs and may have one."""
        if self._is_closing or len(lane.jobs) <= lane.idle_sessions:
            return
        is_suspect = lane.failures > 0
        if not may_open(
            mine=lane.sessions,
            allowed=lane.pace.allowed,
            is_suspect=is_suspect,
            open_now=self._sessions,
            suspects_now=self._suspects,
            most=self._house.settings.sessions_max,
        ):
            if lane.sessions == 0:
                self._starve(lane)
            return
        lane.sessions += 1
        self._count_session(1, is_suspect=is_suspect)
        session = Session(lane)
        task = self._running[session] = self._hands.spawn(self._session(lane, session))

        def ended(task: "asyncio.Task[None]") -> None:
            del self._running[session]
            lane.sessions -= 1
            self._count_session(-1, is_suspect=is_suspect)
            # Not behind a cancellation: then the claims are left to whoever comes after.
            if not task.cancelled():
                self._session_over(lane)

        # Not at the end of the coroutine: one that is cancelled before its first step has none.
        task.add_done_callback(ended)

    async def _session(self, lane: Lane, session: Session) -> None:
        house = self._house
        try:
            await self._carrier.carry(session)
        except Exception as error:  # noqa: BLE001 - the queue goes on
            house.row.add("faults_total")
            house.log.fault("relay.fault", error, destination=lane.destination)
            self.out_of_reach(lane, FAULT, tried=bool(session.unsettled))
            for job in list(session.unsettled):
                session.settled(job, [Attempt(r.number, FAULT) for r in job.letter.recipients])
        else:
            assert not session.unsettled, "a carrier gives back what it took"

    def _count_session(self, more: int, *, is_suspect: bool) -> None:
        self._sessions += more
        self._suspects += more * is_suspect
        self._house.row.set("relay_sessions", self._sessions)

    def _session_over(self, lane: Lane) -> None:
        if self._is_closing:
            return
        self._staff(lane)
        if lane.sessions == 0 and lane.may_have_more:
            self._claim_more(lane)
        self._forget(lane)
        most = self._house.settings.sessions_max
        for destination in list(self._starved)[:PAGE]:
            if self._sessions >= most:
                return
            starved = self._starved.pop(destination)
            self._staff(starved)
            if starved.sessions == 0 and starved.may_have_more:
                self._claim_more(starved)

    def _starve(self, lane: Lane) -> None:
        """It has its turn when a session ends; one that has no letter ends at once."""
        self._starved[lane.destination] = lane
        if self._resting and self._sessions >= self._house.settings.sessions_max:
            resting = next(iter(self._resting))
            resting.dismiss()
            self.rested(resting)

    def _forget(self, lane: Lane) -> None:
        """A lane that is of no use goes; the store knows all that must be known."""
        is_paused = lane.paused_until > self._house.clock.now()
        if lane.is_unused and not is_paused and self._lanes.get(lane.destination) is lane:
            del self._lanes[lane.destination]

    # ---- looking

    def _look_soon(self, seconds: float) -> None:
        """At the latest then, but not more often than every LOOK_SECONDS."""
        if self._is_closing:
            return
        loop = self._house.loop
        at = max(loop.time() + seconds, self._looked_at + LOOK_SECONDS)
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer, self._timer_at = loop.call_at(at, self._look_now), at

    def _look_now(self) -> None:
        self._timer = None
        if not self._is_looking and not self._is_closing:
            self._is_looking = True
            self._hands.spawn(self._look())

    async def _look(self) -> None:
        """One page of what is due, and what is aged; the timer is set for what comes next."""
        house = self._house
        wait = LOOK_SECONDS_MAX
        try:
            now = int(house.clock.now())
            found = await house.store.queue_due(now, self._cursor, PAGE)
            for due in found:
                self._due(due.destination, due.failures)
            if len(found) == PAGE:
                self._cursor = (found[-1].wake, found[-1].destination)
                wait = LOOK_SECONDS
            else:
                self._cursor = (-1, "")
                after = await house.store.queue_next(now)
                wait = min(wait, (FAR if after is None else after) - house.clock.now())
            if await self._attend():
                wait = LOOK_SECONDS
        except StoreFailure as failure:
            house.log.warning("queue.not_read", reason=failure.text)
            wait = AGAIN_SECONDS
        finally:
            self._is_looking = False
            self._looked_at = house.loop.time()
            self._look_soon(max(wait, LOOK_SECONDS))

    def _due(self, destination: str, failures: int) -> None:
        lane = self._lane(destination)
        if lane.is_pausing:
            return
        if lane.sessions == 0:
            lane.failures = failures
            lane.paused_until = 0
        lane.may_have_more = True
        self._claim_more(lane)

    async def _attend(self) -> bool:
        """Letters that are looked at for their age. True: there are more."""
        house = self._house
        if not await house.store.queue_is_aged(int(house.clock.now())):
            return False
        (claimed,) = await house.store.commit(ClaimAged(house.holder, house.until(), AGED_LETTERS))
        assert isinstance(claimed, QueueClaimed)
        for letter in claimed.letters:
            job = Job(letter)
            self._hands.hold(job)
            self._hands.settle_aged(job)
        return claimed.more

    def _claim_more(self, lane: Lane) -> None:
        """Rows for a lane that has hands free."""
        if self._is_closing or lane.is_claiming or len(lane.jobs) >= LANE_JOBS_MAX:
            return
        is_full = self._hands.letters >= HELD_MAX
        most = self._house.settings.sessions_max
        if lane.sessions == 0 and (is_full or self._sessions >= most):
            self._starve(lane)
            return
        if is_full:
            return  # a session of the lane asks again, at the latest when it ends
        lane.is_claiming = True
        self._hands.spawn(self._claim(lane))

    async def _claim(self, lane: Lane) -> None:
        house = self._house
        try:
            (claimed,) = await house.store.commit(
                ClaimQueue(lane.destination, house.holder, house.until(), self._rows_for(lane))
            )
            assert isinstance(claimed, QueueClaimed)
            lane.may_have_more = claimed.more
            for letter in claimed.letters:
                self._take_claimed(lane, letter)
        except StoreFailure as failure:
            lane.may_have_more = False
            house.log.warning("queue.not_claimed", reason=failure.text)
        finally:
            lane.is_claiming = False
        for _ in range(lane.pace.allowed - lane.sessions):
            self._staff(lane)
        self._forget(lane)

    def _rows_for(self, lane: Lane) -> int:
        """What a destination is not yet trusted with would have to be given back."""
        if lane.failures:
            return 1
        return min(self._house.settings.claim_rows_max, ROWS_A_SESSION * lane.pace.allowed)

    def _take_claimed(self, lane: Lane, letter: QueueLetter) -> None:
        """Rows that a changed configuration sends elsewhere go back under the new name."""
        destination = lane.destination
        if destination != HERE:
            destination = self._house.routes.destination(letter.recipients[0].address)
        job = Job(letter)
        if destination and destination == lane.destination:
            self._take_in(destination, job)
            return
        self._hands.hold(job)
        if destination:
            self._hands.write_back(job, destination)
        else:
            self._hands.settle(job, [Attempt(r.number, BAD_ADDRESS) for r in letter.recipients])

    # ---- for lanes

    def settle(self, lane: Lane, job: Job, attempts: list[Attempt]) -> "asyncio.Task[None]":
        """See `Lane.settled`."""
        if lane.failures and any(attempt.host for attempt in attempts):
            lane.failures = lane.paused_until = 0  # somebody is there, whatever he says
            self._hands.spawn(self._pause(lane, PauseQueue(lane.destination, 0, 0)))
        task = self._hands.settle(job, attempts)
        self._staff(lane)
        return task

    def may_rest(self, lane: Lane) -> bool:
        """See `lane.Settler`. Not while other destinations have no connection at all."""
        if self._starved and self._sessions >= self._house.settings.sessions_max:
            return False
        self._resting[lane] = None
        return True

    def rested(self, lane: Lane) -> None:
        """See `lane.Settler`."""
        if not lane.idle_sessions:
            self._resting.pop(lane, None)

    def out_of_reach(self, lane: Lane, reply: RemoteReply, *, tried: bool) -> None:
        """The last session of a lane finds nobody: the destination pauses, its jobs go back. One
        letter at least counts as tried."""
        house = self._house
        lane.pace.failed()
        if lane.sessions > 1:
            return
        now = house.clock.now()
        lane.failures += 1
        lane.paused_until = pause_until(house.settings, lane.destination, lane.failures, now)
        lane.may_have_more = False
        house.row.add("destinations_out_of_reach_total")
        house.log.info(
            "relay.out_of_reach",
            destination=lane.destination,
            failures=lane.failures,
            seconds=lane.paused_until - int(now),
            why=reply.said,
        )
        pause = PauseQueue(lane.destination, lane.paused_until, lane.failures, reply.said)
        self._hands.spawn(self._pause(lane, pause))
        job = None if tried else lane.take()
        if job is not None:
            attempts = [Attempt(row.number, reply) for row in job.letter.recipients]
            self._hands.settle(job, attempts)
        self._give_back(lane)
        house.loop.call_later(lane.paused_until - now + LOOK_SECONDS, self._pause_over, lane)

    def _pause_over(self, lane: Lane) -> None:
        self._forget(lane)
        self._look_soon(0.0)

    def _give_back(self, lane: Lane) -> None:
        while lane.jobs:
            self._hands.write_back(lane.jobs.popleft())

    async def _pause(self, lane: Lane, pause: PauseQueue) -> None:
        lane.is_pausing = True
        try:
            await self._house.store.commit(pause)
        except StoreFailure as failure:
            self._house.log.warning("queue.not_paused", reason=failure.text)
        finally:
            lane.is_pausing = False
