"""A queue in one loop, without network: the in-memory store, a carrier that a test writes.

world = QueueWorld()
world.carry = lambda session, job: [...]     # what is heard of a letter
world.run(coroutine)
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tests.letters import letter

from posthouse.base.clock import SetClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.deliver.bounce import Bounces
from posthouse.deliver.here import Carriers, HereCarrier
from posthouse.deliver.local import InboxDelivery
from posthouse.directory.resolve import Directory
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.house import QueueHouse
from posthouse.queue.intake import Intake
from posthouse.queue.lane import Attempt, Job, Session
from posthouse.queue.letter import Incoming
from posthouse.queue.route import Routes
from posthouse.queue.runner import Runner
from posthouse.queue.settings import QueueSettings, RelaySettings
from posthouse.store.contract import Store
from posthouse.store.memory import MemoryStore
from posthouse.store.values import INBOX, AddAccount, AddDomain
from posthouse.store.values_queue import QueueLetter
from posthouse.wire.smtp.remote_replies import RemoteReply

YES = RemoteReply(250, "2.0.0", "kept")
LATER = RemoteReply(451, "4.2.1", "later")
NO = RemoteReply(550, "5.1.1", "nobody here")
NOT_THERE = RemoteReply(451, "4.4.1", "no connection")

Carry = Callable[[Session, Job], Awaitable[RemoteReply]]


class ScriptedCarrier:
    """Asks the test for each letter; raises what the test raises."""

    def __init__(self) -> None:
        self.replies: dict[str, list[RemoteReply | Exception]] = {}
        """By destination, one after the other; the last one stays. Without: yes."""
        self.carried: list[tuple[str, str]] = []
        """Destination and first address of each letter."""
        self.sessions: list[str] = []
        self.gate: dict[str, asyncio.Event] = {}
        """Letters of these destinations wait for it."""
        self.idle_seconds = 0.01

    async def carry(self, session: Session) -> None:
        self.sessions.append(session.destination)
        while True:
            job = session.take()
            if job is None:
                await session.wait(self.idle_seconds)
                job = session.take()
            if job is None:
                return
            self.carried.append((session.destination, job.letter.recipients[0].address))
            if session.destination in self.gate:
                await self.gate[session.destination].wait()
            reply = self._next(session.destination)
            if isinstance(reply, Exception):
                raise reply
            if reply is NOT_THERE:
                attempts = [Attempt(row.number, reply) for row in job.letter.recipients]
                session.settled(job, attempts)
                session.out_of_reach(reply, tried=True)
                return
            await session.settled(
                job, [Attempt(row.number, reply, "mx.example") for row in job.letter.recipients]
            )
            session.pace.succeeded(0.01)

    def _next(self, destination: str) -> RemoteReply | Exception:
        replies = self.replies.get(destination, [YES])
        return replies.pop(0) if len(replies) > 1 else replies[0]


class QueueWorld:
    """One worker's queue. Ann has account 1 at example.org."""

    def __init__(
        self,
        store: Store | None = None,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
        **settings: Any,
    ) -> None:
        self.loop = new_loop()
        self.clock = SetClock()
        self.store = store or MemoryStore(self.clock)
        self.log: list[str] = []
        self.settings = QueueSettings(**settings)
        self.metrics = Metrics()
        self.carrier = ScriptedCarrier()
        self.directory = Directory(self.store)
        if store is None:
            self.run(
                self.store.commit(
                    AddDomain("example.org"), AddAccount("ann@example.org", "", 0, ())
                )
            )
        self.runner = self.another("w0:")
        self.intake = Intake(self.store, InboxDelivery(), self.clock, self.runner)

    def another(self, holders: str, life: str = "a") -> Runner:
        """A worker beside, or one that comes after."""
        log = Log(self.clock, lambda line: self.log.append(line.decode()), Level.DEBUG)
        house = QueueHouse(
            store=self.store,
            settings=self.settings,
            routes=Routes(RelaySettings(), []),
            local=InboxDelivery(),
            reporter=Bounces(
                hostname="mail.example.org",
                store=self.store,
                directory=self.directory,
                ids=Ids(self.clock),
                clock=self.clock,
                log=log,
            ),
            clock=self.clock,
            log=log,
            row=self.metrics.row(2),
            loop=self.loop,
            holders=holders,
            life=life,
        )
        return Runner(house, Carriers(HereCarrier(house, self.directory), self.carrier))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 20))

    def letter(self, *addresses: str, sender: str = "ann@example.org", **to: Any) -> Incoming:
        """A letter for people elsewhere."""
        made = letter()
        outside = tuple(Recipient(address=address, **to) for address in addresses)
        return Incoming(
            body=made.body,
            rendered=made.rendered,
            message_id=made.rendered.message_id,
            received=int(self.clock.now()),
            envelope=Envelope(sender=sender, recipients=outside),
            residents=(),
            outside=outside,
        )

    def take(self, *addresses: str, **given: Any) -> None:
        """Accepts one."""
        self.run(self.intake.take(self.letter(*addresses, **given)))

    def until(self, met: Callable[[], bool], seconds: float = 5) -> None:
        """Lets the loop turn, and the clock with it."""

        end = self.loop.time() + seconds
        while not met():
            assert self.loop.time() < end, (self.log[-5:], self.carrier.carried)
            self.loop.run_until_complete(asyncio.sleep(0.003))

    @property
    def queue(self) -> list[QueueLetter]:
        found: list[QueueLetter] = self.run(self.store.queue_list(limit=10_000))
        return found

    def inbox(self, account: int = 1) -> list[bytes]:
        """The letters that somebody here got."""

        async def read() -> list[bytes]:
            return [
                row[0]
                async for part in self.store.letters(account, INBOX, ((1, 10**6),), ("octets",))
                for row in part
            ]

        found: list[bytes] = self.run(read())
        return found

    def close(self) -> None:
        self.run(self.runner.close())
        self.loop.close()
