"""What the doors of one worker share: settings, ports and counters. Made by `app.plan`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from posthouse.accept.flight import Flight
from posthouse.accept.settings import AcceptSettings
from posthouse.base.clock import Clock
from posthouse.base.ids import Ids
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.directory.resolve import Directory
from posthouse.queue.intake import Intake
from posthouse.store.bodies_file import BodyFiles

InThread = Callable[..., Awaitable[Any]]
"""`await in_thread(function, *arguments)` runs it beside the loop."""


@dataclass(slots=True, kw_only=True)
class AcceptHouse:
    """One for all doors that take letters: they share the room for letters on their way."""

    hostname: str
    settings: AcceptSettings
    directory: Directory
    intake: Intake
    bodies: BodyFiles
    flight: Flight
    ids: Ids
    clock: Clock
    log: Log
    metrics: Row
    in_thread: InThread
