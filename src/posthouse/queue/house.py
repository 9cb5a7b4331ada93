"""What the queue of one worker works with, and its ports upward."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.queue.intake import LocalDelivery
from posthouse.queue.lane import Session
from posthouse.queue.letter import Incoming
from posthouse.queue.route import Routes
from posthouse.queue.settings import QueueSettings
from posthouse.queue.settle import Told
from posthouse.store.contract import Store
from posthouse.store.values_queue import QueueLetter


class Carrier(Protocol):
    """Brings letters of a lane to their next host; one session a call."""

    async def carry(self, session: Session) -> None:
        """Takes letters until there are none, or no host can be reached."""


class Reporter(Protocol):
    """Writes to senders."""

    async def compose(self, letter: QueueLetter, told: list[Told]) -> list[Incoming]:
        """The reports of one letter; none when its sender cannot be written to."""


@dataclass(slots=True, kw_only=True)
class QueueHouse:
    """One a worker."""

    store: Store
    settings: QueueSettings
    routes: Routes
    local: LocalDelivery
    reporter: Reporter
    clock: Clock
    log: Log
    row: Row
    loop: asyncio.AbstractEventLoop
    holders: str
    """How claims of this worker and of its predecessors begin: `w0:`."""
    life: str
    """Makes this one's claims different from theirs."""

    @property
    def holder(self) -> str:
        return self.holders + self.life

    def until(self) -> int:
        """When a claim made now is over."""
        return int(self.clock.now() + self.settings.lease_seconds) + 1
