"""What the IMAP station needs of the house, and nothing more: filled by `app.build`, by a few fakes
in tests."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from mmap import mmap
from typing import Any, Final, Protocol

from posthouse.authenticate.caller import Facts
from posthouse.authenticate.user import LoggedIn, Users
from posthouse.base.clock import Clock
from posthouse.base.ids import Ids
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.mail.rendered import Rendered
from posthouse.read.imap.thread_cache import ThreadCache
from posthouse.store.contract import Store
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer

__all__ = [
    "AFTER_LOGIN",
    "BodyFiles",
    "BodyWriter",
    "ImapHouse",
    "Line",
    "LoggedIn",
    "after_login",
    "breathe",
]

AFTER_LOGIN: Final = (
    "IDLE",
    "NAMESPACE",
    "CHILDREN",
    "UNSELECT",
    "UIDPLUS",
    "MOVE",
    "MULTIAPPEND",
    "REPLACE",
    "BINARY",
    "CONDSTORE",
    "QRESYNC",
    "ESEARCH",
    "SORT",
    "SORT=DISPLAY",
    "ESORT",
    "THREAD=ORDEREDSUBJECT",
    "THREAD=REFERENCES",
    "SEARCHRES",
    "WITHIN",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "SPECIAL-USE",
    "CREATE-SPECIAL-USE",
    "STATUS=SIZE",
    "OBJECTID",
    "SAVEDATE",
    "PREVIEW",
    "UTF8=ACCEPT",
    "COMPRESS=DEFLATE",
    "UNAUTHENTICATE",
    "QUOTA",
    "QUOTA=RES-STORAGE",
    "QUOTA=RES-MESSAGE",
)
"""Capabilities that this station has the handlers for."""


def after_login(limits: ImapLimits) -> tuple[str, ...]:
    """What an Offer names after log-in: one limit holds for all mailboxes. RFC 7889 2"""
    return (*AFTER_LOGIN, f"APPENDLIMIT={limits.letter_octets_max}")


class Line(Protocol):
    """The part of `net.connection.Connection` that is used."""

    @property
    def facts(self) -> Facts: ...

    def flush(self) -> None: ...

    async def drained(self) -> None: ...

    async def turn(self) -> None: ...

    def abort(self) -> None: ...


async def breathe(line: Line) -> None:
    """Between slices: what is ready goes out at the client's pace, and others have their turn."""
    line.flush()
    await line.drained()
    await line.turn()


class BodyWriter(Protocol):
    """A large body on its way to a file."""

    @property
    def digest(self) -> bytes: ...

    @property
    def size(self) -> int: ...

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> None:
        """The file and its name are durable when this returns; may run in a thread."""

    def mapped(self) -> AbstractContextManager[mmap]:
        """What was written, without a copy in memory; not for an empty file."""

    def drop(self) -> None:
        """Nothing of it stays; harmless after `finish`: a file without a row is swept."""


class BodyFiles(Protocol):
    """Where large bodies stand."""

    def start(self, body: bytes) -> BodyWriter: ...


@dataclass(slots=True, kw_only=True)
class ImapHouse:
    """What all IMAP sessions of a process share."""

    store: Store
    users: Users
    bodies: BodyFiles
    ids: Ids
    clock: Clock
    log: Log
    row: Row
    loop: asyncio.AbstractEventLoop
    aside: Callable[..., Awaitable[Any]]
    """`await aside(function, *arguments)` runs it in a thread."""
    render: Callable[[bytes | mmap, int], Rendered]
    """`mail.render`, octets and the time received."""
    offer: Offer
    limits: ImapLimits
    threads: ThreadCache = field(default_factory=ThreadCache)
    identity: dict[str, str] = field(default_factory=lambda: {"name": "Posthouse"})
    """What ID tells. RFC 2971"""
