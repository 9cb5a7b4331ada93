"""What the POP3 station needs of the house, and nothing more: filled by `app.plan`, by a few fakes
in tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from posthouse.authenticate.caller import Facts
from posthouse.authenticate.user import Users
from posthouse.base.clock import Clock
from posthouse.base.ids import Ids
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.read.pop3.settings import Pop3Settings
from posthouse.store.contract import Store
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.pop3.offer import Offer


class Line(Protocol):
    """The part of `net.connection.Connection` that is used."""

    @property
    def facts(self) -> Facts: ...

    def flush(self) -> None: ...

    async def drained(self) -> None: ...

    async def turn(self) -> None: ...


class Handle(Protocol):
    """Something that the loop will do later."""

    def cancel(self) -> None: ...


class Loop(Protocol):
    """The part of an event loop that is used."""

    def call_soon(self, callback: Callable[[], object], /) -> object: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Handle: ...


@dataclass(slots=True, kw_only=True)
class Pop3House:
    """What all POP3 sessions of a process share."""

    store: Store
    users: Users
    ids: Ids
    clock: Clock
    log: Log
    row: Row
    loop: Loop
    pause: Callable[[float], Awaitable[None]]
    """`await pause(seconds)`."""
    offer: Offer
    limits: Pop3Limits
    settings: Pop3Settings
