"""The doors over a memory store, with Ann, Bob and their aliases; sessions driven without a socket.

`submission_talk` plays a transcript against the real submission door: its answers come from the
station, so a transcript has no A lines.
"""

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from tests.turn import run_now

from posthouse.accept.flight import Flight
from posthouse.accept.house import AcceptHouse
from posthouse.accept.lmtp import LmtpDoor
from posthouse.accept.settings import AcceptSettings, LmtpSettings
from posthouse.accept.smtp import SmtpDoor
from posthouse.accept.submission import SubmissionDoor, SubmissionHouse
from posthouse.authenticate.settings import AuthSettings
from posthouse.authenticate.user import Users
from posthouse.base.clock import SetClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.decide.allowance import Allowance
from posthouse.decide.names import Lookup
from posthouse.decide.settings import SubmissionSettings
from posthouse.deliver.local import InboxDelivery
from posthouse.directory.credentials import credentials_for
from posthouse.directory.resolve import Directory
from posthouse.net.connection import Connection
from posthouse.net.ports import PeerFacts
from posthouse.net.tls import TlsFacts
from posthouse.queue.intake import Intake
from posthouse.queue.letter import Incoming
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.memory import MemoryStore
from posthouse.store.values import INBOX, AddAccount, AddDomain, Credential, PutAlias, SetAccount
from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.service import SmtpService
from talk import Cutter, Talk, play

END_POINT = b"hash of the certificate: 32 octets"
TLS = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, END_POINT)
HOSTNAME = "mail.example.org"


class WatchedIntake:
    """An intake that keeps each letter it was given; outside recipients go no further."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.letters: list[Incoming] = []
        self.sends_elsewhere = True

    async def take(self, letter: Incoming, *, may_wait: bool = True) -> str:
        self.letters.append(letter)
        if letter.residents:
            return await self._intake.take(replace(letter, outside=()), may_wait=may_wait)
        return "accepted elsewhere"


@dataclass(slots=True)
class Wire:
    """What stands for a connection."""

    facts: PeerFacts


@dataclass
class World:
    """One worker's doors."""

    submission: SubmissionSettings = field(default_factory=SubmissionSettings)
    lmtp: LmtpSettings = field(default_factory=LmtpSettings)
    accept: AcceptSettings = field(default_factory=AcceptSettings)
    limits: SmtpLimits = field(default_factory=SmtpLimits)
    lookup: Lookup | None = None
    plaintext: bool = False

    def __post_init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="posthouse-")
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.clock = SetClock()
        self.store = MemoryStore(self.clock)
        self.lines: list[bytes] = []
        self.log = Log(self.clock, self.lines.append, Level.INFO)
        self.row = Metrics().row(2)
        for domain in ("example.org", "intern"):
            run_now(self.store.commit(AddDomain(domain)))
        for name in ("ann@example.org", "bob@example.org", "张三@example.org"):
            run_now(self.store.commit(AddAccount(name, name, 0, secret())))
        both = ("ann@example.org", "bob@example.org")
        run_now(self.store.commit(PutAlias("sales@example.org", both)))
        run_now(self.store.commit(PutAlias("ann@intern", both[:1])))
        self.users = Users(
            self.store,
            AuthSettings(channel_binding=True),
            self.clock,
            in_thread=self.in_thread,
            pause=self.pause,
            metrics=self.row,
        )
        self.intake = WatchedIntake(Intake(self.store, InboxDelivery(), self.clock))
        self.house = AcceptHouse(
            hostname=HOSTNAME,
            settings=self.accept,
            directory=Directory(self.store),
            intake=cast(Intake, self.intake),
            bodies=BodyFiles(Path(self.folder)),
            flight=Flight(self.accept.in_flight_octets_max, self.row),
            ids=Ids(self.clock),
            clock=self.clock,
            log=self.log,
            metrics=self.row,
            in_thread=self.in_thread,
        )

    async def in_thread(self, function: Any, *arguments: Any) -> Any:
        return function(*arguments)

    async def pause(self, _seconds: float) -> None: ...

    def smtp_door(self) -> SmtpDoor:
        return SmtpDoor(self.house, SmtpService(HOSTNAME, limits=self.limits, tls_offered=True))

    def lmtp_door(self) -> LmtpDoor:
        service = SmtpService(HOSTNAME, limits=self.limits, is_lmtp=True)
        return LmtpDoor(self.house, service, self.lmtp)

    def submission_door(self) -> SubmissionDoor:
        service = SmtpService(
            HOSTNAME,
            limits=self.limits,
            tls_offered=True,
            auth_mechanisms=self.users.mechanisms(binds=True),
            auth_required=True,
            plaintext_auth_allowed=self.plaintext,
            old_auth_line=self.submission.old_auth_line,
        )
        house = SubmissionHouse(
            accept=self.house,
            users=self.users,
            settings=self.submission,
            allowance=Allowance(self.submission, self.clock),
            lookup=self.lookup,
        )
        return SubmissionDoor(house, service)

    def session(self, door: Any, *, tls: TlsFacts | None = None) -> "Session":
        return Session(*door.open(cast(Connection, wire(tls))))

    def inbox(self, account: int) -> list[bytes]:
        """The octets of every letter in somebody's INBOX."""

        async def read() -> list[bytes]:
            found: list[bytes] = []
            everything = ((1, 2**32 - 1),)
            async for rows in self.store.letters(account, INBOX, everything, ("octets", "body")):
                for octets, body in rows:
                    found.append(self.house.bodies.read(body) if octets is None else octets)
            return found

        return now(read())

    def count(self, name: str) -> int:
        from posthouse.base.metrics import _INDEX

        return self.row.values[_INDEX[name]]


@lru_cache(maxsize=1)
def secret() -> tuple[Credential, ...]:
    """The password "secret", hashed once for all tests: it takes its time."""
    return credentials_for("secret")


def now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that may only wait for the loop's next turn."""
    return asyncio.run(coroutine)


def wire(tls: TlsFacts | None = None) -> Wire:
    """A peer on the network."""
    return Wire(PeerFacts("192.0.2.1", 40_000, "192.0.2.2", 25, tls))


class Session:
    """One client of a door: lines in, replies out."""

    def __init__(self, core: Any, visit: Any) -> None:
        self.core = core
        self.visit = visit
        self.say(b"")

    def say(self, octets: bytes) -> str:
        """What the server says to these octets."""
        if octets:
            self.core.receive(octets)
        said = self.core.take_output()
        while (question := self.core.next_question()) is not None:
            said += self.core.take_output()
            self.core.answer(run_now(self.visit.answer(question)))
        return (said + self.core.take_output()).decode()

    def lines(self, *lines: str) -> list[str]:
        """The last line of each reply."""
        return [self.say(line.encode() + b"\r\n").splitlines()[-1] for line in lines]

    def letter(self, text: bytes, *recipients: str, sender: str = "x@outside.example") -> str:
        """A whole transaction; the reply to the letter."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{name}>" for name in recipients)):
            reply = self.lines(line)[0]
            if not reply.startswith("250"):
                return reply
        self.lines("DATA")
        return self.say(text + b".\r\n")


def play_submission(talk: Talk, cut: Cutter) -> list[str]:
    """A transcript against the real submission door.

    Settings: `= tls yes`, `= plaintext yes`, `= submission.KEY value`.
    """
    given = talk.settings
    world = World(
        submission=SubmissionSettings(**section(given, "submission.")),
        plaintext=given.get("plaintext") == "yes",
    )
    tls = TLS if given.get("tls") == "yes" else None
    return play_door(world.submission_door(), talk, cut, tls)


def play_mx(talk: Talk, cut: Cutter) -> list[str]:
    """The same with the door for other servers."""
    return play_door(World().smtp_door(), talk, cut, None)


def play_lmtp(talk: Talk, cut: Cutter) -> list[str]:
    """The same with LMTP. Settings: `= lmtp.KEY value`, `= full ADDRESS`."""
    world = World(lmtp=LmtpSettings(**section(talk.settings, "lmtp.")))
    if "full" in talk.settings:
        account = run_now(world.store.account_by_address(talk.settings["full"]))
        assert account is not None
        run_now(world.store.commit(SetAccount(account.id, quota_octets=1)))
    return play_door(world.lmtp_door(), talk, cut, None)


def play_door(door: Any, talk: Talk, cut: Cutter, tls: TlsFacts | None) -> list[str]:
    """Answers come from the station."""
    core, visit = door.open(cast(Connection, wire(tls)))
    try:
        return play(core, talk, cut, lambda question, _answer: run_now(visit.answer(question)))
    finally:
        visit.ended()


def section(given: dict[str, str], prefix: str) -> dict[str, Any]:
    """The keys of one section, as the values they mean."""
    words: dict[str, Any] = {"yes": True, "no": False}
    return {
        key.removeprefix(prefix): int(value) if value.isdigit() else words.get(value, value)
        for key, value in given.items()
        if key.startswith(prefix)
    }
