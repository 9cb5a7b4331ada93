"""The letters that a worker has in hand: their claims are renewed, what became of them is written.

Nothing leaves the hands before the store has it. A row that is another one's by now is no longer
our concern: it was freed, dropped or taken over, and whoever has it settles it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from posthouse.base.ids import id_text
from posthouse.queue.full import put_off_full
from posthouse.queue.house import QueueHouse
from posthouse.queue.intake import Outbound, unit_of
from posthouse.queue.lane import Attempt, Job
from posthouse.queue.letter import Incoming
from posthouse.queue.settle import Decision, Told, decide, decide_aged, give_back, said_by
from posthouse.queue.trace import Station, pack
from posthouse.store.contract import StoreFailure
from posthouse.store.values import AnyValue, Note, Why
from posthouse.store.values_queue import QueueLetter, Settle, Settled, Settlement

AGAIN_SECONDS: Final = 1.0
"""When the store is away or full it is asked again so often."""
TEMPORARY: Final = (Why.AWAY, Why.FULL, Why.OURS)
EVENTS: Final = {
    "relayed": "relay.relayed",
    "deferred": "relay.deferred",
    "bounced": "relay.bounced",
}
RENEWALS_A_LEASE: Final = 3
RENEWED_TOGETHER: Final = 200


class Hands:
    """See above. `outbound` takes reports that go elsewhere."""

    def __init__(self, house: QueueHouse, outbound: Outbound) -> None:
        self._house = house
        self._outbound = outbound
        self._held: dict[Job, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.octets = 0
        """Of letters that are at hand whole."""

    @property
    def letters(self) -> int:
        """How many are in hand."""
        return len(self._held)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task that nobody forgets."""
        task = self._house.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def hold(self, job: Job) -> None:
        """This worker has it now."""
        self._held[job] = None
        self.octets += job.octets_held
        self._house.row.set("queue_jobs", len(self._held))

    async def close(self) -> None:
        """Cuts what still runs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what became of a letter

    def settle(self, job: Job, attempts: list[Attempt]) -> "asyncio.Task[None]":
        """After an attempt; done when it is on stable storage."""
        house = self._house
        self._count(job, attempts)
        decision = decide(job.letter, attempts, house.settings, house.clock.now())
        return self.spawn(self._write(job, decision, self._story(job, attempts)))

    def settle_aged(self, job: Job) -> "asyncio.Task[None]":
        """A letter that was claimed for its age."""
        house = self._house
        now = house.clock.now()
        decision, attend = decide_aged(job.letter, house.settings, now)
        stations = [
            Station(
                int(now * 1000),
                "queue",
                "given up" if told.action.value == "failed" else "delayed",
                (("recipient", f"<{told.recipient.address}>"), ("answer", told.reply.text)),
            )
            for told in decision.told
        ]
        return self.spawn(self._write(job, decision, stations, attend))

    def write_back(self, job: Job, destination: str = "") -> "asyncio.Task[None]":
        """Nobody came to it: as it was, or under another destination."""
        rows = give_back(job.letter, self._house.clock.now(), destination)
        return self.spawn(self._write(job, Decision(rows), []))

    async def _write(
        self, job: Job, decision: Decision, stations: list[Station], attend: int = -1
    ) -> None:
        house, letter = self._house, job.letter
        try:
            reports = await self._reports(letter, decision.told)
            attends = ((letter.letter, attend),) if attend >= 0 else ()
            settle = Settle(house.holder, tuple(decision.rows), attends)
            while not await self._commit(letter, settle, stations, reports):
                reports = []
        finally:
            del self._held[job]
            self.octets -= job.octets_held
            house.row.set("queue_jobs", len(self._held))

    async def _commit(
        self,
        letter: QueueLetter,
        settle: Settle,
        stations: list[Station],
        reports: list[Incoming],
    ) -> bool:
        """Until the store has it, or has it no more. False: once more, without the reports."""
        house = self._house
        while True:
            values: list[AnyValue] = [settle]
            plans = []
            for report in reports:
                more, plan = unit_of(report, house.local, self._outbound, house.clock.now())
                values += more
                plans.append((plan, report))
            if stations:
                now = int(house.clock.now())
                values.append(Note(letter.letter, now, letter.message_id, pack(stations)))
            try:
                await house.store.commit(*values)
            except StoreFailure as failure:
                if failure.why in TEMPORARY:
                    house.log.warning("queue.store_away", reason=failure.text)
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                if failure.why is Why.OVER_QUOTA and (full := await self._put_off(reports)):
                    reports = full
                    continue
                event = "queue.report_lost" if reports else "queue.not_ours"
                house.log.warning(event, id=id_text(letter.letter), reason=failure.text)
                return not reports
            for plan, report in plans:
                if plan is not None:
                    self._outbound.committed(plan, report)
            return True

    async def _put_off(self, reports: list[Incoming]) -> list[Incoming]:
        """A sender without room for his reports gets them when he has; none: that is not it."""
        store = self._house.store
        full = [await put_off_full(report, store, may_be_all=True) for report in reports]
        if not any(full):
            return []
        return [late or report for late, report in zip(full, reports, strict=True)]

    async def _reports(self, letter: QueueLetter, told: list[Told]) -> list[Incoming]:
        if not told:
            return []
        house = self._house
        try:
            reports = await house.reporter.compose(letter, told)
        except Exception as error:  # noqa: BLE001 - the row must be settled whatever happens
            house.row.add("faults_total")
            house.log.fault("queue.report_fault", error, id=id_text(letter.letter))
            return []
        house.row.add("reports_total", len(reports))
        return reports

    # ---- claims

    async def renew_for_ever(self) -> None:
        """Nobody else shall take what this worker still has in hand."""
        settings = self._house.settings
        while True:
            await asyncio.sleep(settings.lease_seconds / RENEWALS_A_LEASE)
            jobs = list(self._held)
            for at in range(0, len(jobs), RENEWED_TOGETHER):
                part = jobs[at : at + RENEWED_TOGETHER]
                await asyncio.gather(*[self._renew(job) for job in part if job in self._held])

    async def _renew(self, job: Job) -> None:
        until = self._house.until()
        rows = tuple(
            Settled(job.letter.letter, row.number, Settlement.KEPT, due=until)
            for row in job.letter.recipients
        )
        try:
            await self._house.store.commit(Settle(self._house.holder, rows))
        except StoreFailure as failure:
            if failure.why in (Why.GONE, Why.IN_USE):
                job.is_lost = True

    # ---- what is told

    def _story(self, job: Job, attempts: list[Attempt]) -> list[Station]:
        """For `posthouse trace`."""
        at_ms = int(self._house.clock.now() * 1000)
        addresses = {row.number: row.address for row in job.letter.recipients}
        return [
            Station(
                at_ms,
                "deliver",
                _event(attempt),
                (
                    ("recipient", f"<{addresses[attempt.number]}>"),
                    ("host", attempt.host or "-"),
                    ("answer", attempt.reply.said),
                ),
            )
            for attempt in attempts
        ]

    def _count(self, job: Job, attempts: list[Attempt]) -> None:
        house = self._house
        addresses = {row.number: row.address for row in job.letter.recipients}
        for attempt in attempts:
            event = _event(attempt)
            house.row.add(f"recipients_{event}_total")
            house.log.info(
                EVENTS[event],
                id=id_text(job.letter.letter),
                recipient=addresses[attempt.number],
                answer=said_by(attempt.host, attempt.reply),
            )

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._house.row.add("faults_total")
            self._house.log.fault("queue.fault", error)


def _event(attempt: Attempt) -> str:
    if attempt.reply.is_positive:
        return "relayed"
    return "bounced" if attempt.reply.is_permanent else "deferred"
