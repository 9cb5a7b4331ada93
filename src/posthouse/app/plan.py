"""The house as it is served: which doors there are, and what each of them is made of."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from posthouse.accept.flight import Flight
from posthouse.accept.house import AcceptHouse
from posthouse.accept.lmtp import LmtpDoor
from posthouse.accept.settings import AcceptSettings, LmtpSettings
from posthouse.accept.smtp import SmtpDoor
from posthouse.accept.submission import SubmissionDoor, SubmissionHouse
from posthouse.app.build import SERVICES, WEB, DataInUse, House, MakeDoor, Plan, StoreNotUsable
from posthouse.app.config import Config, Listen, TlsSettings
from posthouse.app.pauses import Pauses
from posthouse.app.queue import queue_of, resolver_of
from posthouse.authenticate.settings import AuthSettings
from posthouse.authenticate.user import Users
from posthouse.base.clock import Clock
from posthouse.base.ids import Ids
from posthouse.base.log import Log
from posthouse.base.metrics import Row
from posthouse.base.version import VERSION
from posthouse.decide.allowance import Allowance
from posthouse.decide.mail_domains import MailDomains
from posthouse.decide.relay import RelayRule, RelayRuleSettings
from posthouse.decide.settings import SubmissionSettings
from posthouse.deliver.local import InboxDelivery
from posthouse.directory.resolve import Directory
from posthouse.mail.render import render
from posthouse.net.resolve import LookupFailed
from posthouse.queue.intake import Intake
from posthouse.read.imap.door import ImapDoor
from posthouse.read.imap.ports import ImapHouse, after_login
from posthouse.read.pop3.door import Pop3Door
from posthouse.read.pop3.ports import Pop3House
from posthouse.read.pop3.settings import Pop3Settings
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.lock import AlreadyHeld, DataLock
from posthouse.store.sqlite.migrate import SchemaTooNew, prepare, void_leases
from posthouse.store.sqlite.scribe import run_scribe
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.pop3.offer import Offer as Pop3Offer
from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.service import SmtpService

THREADS_MAX: Final = 4
"""Threads of a worker, for what the loop must not wait for: passwords, syncs of large files."""


def serve_plan() -> Plan:
    """What `posthouse serve` runs."""
    return Plan(
        doors=doors(),
        hold=_hold,
        prepare=_prepare,
        run_scribe=_run_scribe,
        open_store=open_store,
    )


def doors() -> dict[str, MakeDoor]:
    """The doors that exist."""
    return {
        "smtp": smtp_door,
        "submission": submission_door,
        "lmtp": lmtp_door,
        "imap": imap_door,
        "pop3": pop3_door,
    }


def served(listen: Listen) -> dict[str, tuple[str, ...]]:
    """Of [listen] what has a door behind it, and the web."""
    there = {*doors(), WEB}
    return {s: getattr(listen, s) for s, what in SERVICES.items() if what.door in there}


def open_store(
    config: Config, clock: Clock, log: Log, row: Row
) -> tuple[Store, Callable[[], Awaitable[None]]]:
    """The embedded store of one worker."""
    store = SqliteStore(
        config.data, clock=clock, log=log, metrics=row, settings=config[StoreSettings]
    )

    async def bring_up() -> None:
        store.start(asyncio.get_running_loop())

    return store, bring_up


def smtp_door(house: House) -> SmtpDoor:
    """Port 25: letters for the people who live here."""
    config = house.config
    service = SmtpService(config.hostname, limits=config[SmtpLimits], tls_offered=True)
    relay = RelayRule(config[RelayRuleSettings])
    return SmtpDoor(accept_house(house), service, relay=relay)


def submission_door(house: House) -> SubmissionDoor:
    """Ports 587 and 465: letters of the people who live here."""
    config = house.config
    users = users_of(house)
    settings = config[SubmissionSettings]
    service = SmtpService(
        config.hostname,
        limits=config[SmtpLimits],
        tls_offered=True,
        auth_mechanisms=users.mechanisms(binds=house.binds),
        auth_required=True,
        plaintext_auth_allowed=config[TlsSettings].allow_plaintext_auth,
        old_auth_line=settings.old_auth_line,
    )
    return SubmissionDoor(
        SubmissionHouse(
            accept=accept_house(house),
            users=users,
            settings=settings,
            allowance=Allowance(settings, house.clock),
            lookup=mail_domains(house) if settings.resolvable != "no" else None,
        ),
        service,
    )


def mail_domains(house: House) -> MailDomains:
    """What the DNS says of the domains that people write to."""
    return MailDomains(resolver_of(house), LookupFailed)


def lmtp_door(house: House) -> LmtpDoor:
    """The unix socket and port 24: letters that a front server brings."""
    config = house.config
    service = SmtpService(
        config.hostname, limits=config[SmtpLimits], is_lmtp=True, tls_offered=True
    )
    return LmtpDoor(accept_house(house), service, config[LmtpSettings])


def accept_house(house: House) -> AcceptHouse:
    """What the doors of a worker share that take letters."""
    if house.accept is None:
        config = house.config
        settings = config[AcceptSettings]
        runner, confirmations = queue_of(house)
        intake = Intake(house.store, InboxDelivery(), house.clock, runner, confirmations)
        house.accept = AcceptHouse(
            hostname=config.hostname,
            settings=settings,
            directory=Directory(house.store),
            intake=intake,
            bodies=BodyFiles(config.data),
            flight=Flight(settings.in_flight_octets_max, house.row),
            ids=Ids(house.clock),
            clock=house.clock,
            log=house.log,
            metrics=house.row,
            in_thread=threads(house),
        )
    return house.accept


def imap_door(house: House) -> ImapDoor:
    """Ports 143 and 993: mailboxes for the people who live here."""
    config = house.config
    users = users_of(house)
    offer = Offer(
        mechanisms=users.mechanisms(binds=house.binds),
        after=after_login(config[ImapLimits]),
        starttls=True,
        plaintext_auth=config[TlsSettings].allow_plaintext_auth,
    )
    return ImapDoor(
        ImapHouse(
            store=house.store,
            users=users,
            bodies=BodyFiles(config.data),
            ids=Ids(house.clock),
            clock=house.clock,
            log=house.log,
            row=house.row,
            loop=house.loop,
            aside=threads(house),
            render=render,
            offer=offer,
            limits=config[ImapLimits],
            identity={"name": "Posthouse", "version": VERSION},
        )
    )


def pop3_door(house: House) -> Pop3Door:
    """Ports 110 and 995: fetching an INBOX."""
    config = house.config
    users = users_of(house)
    offer = Pop3Offer(
        config.hostname,
        mechanisms=users.mechanisms(binds=house.binds),
        stls=True,
        plaintext_auth=config[TlsSettings].allow_plaintext_auth,
        implementation=f"Posthouse-{VERSION}",
    )
    return Pop3Door(
        Pop3House(
            store=house.store,
            users=users,
            ids=Ids(house.clock),
            clock=house.clock,
            log=house.log,
            row=house.row,
            loop=house.loop,
            pause=lambda seconds: pause(house.loop, seconds),
            offer=offer,
            limits=config[Pop3Limits],
            settings=config[Pop3Settings],
        )
    )


def users_of(house: House) -> Users:
    """Who checks log-ins: one for all doors, so that a guesser gains nothing by changing them."""
    if house.users is None:
        pauses = Pauses(house.loop)
        house.services.append(pauses)
        house.users = Users(
            house.store,
            house.config[AuthSettings],
            house.clock,
            in_thread=threads(house),
            pause=pauses.pause,
            metrics=house.row,
        )
    return house.users


def threads(house: House) -> Callable[..., Awaitable[Any]]:
    """`await in_thread(function, *arguments)` beside the worker's loop; one small pool a worker."""
    if house.threads is None:
        house.threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="aside")
    pool, loop = house.threads, house.loop

    def in_thread(function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return loop.run_in_executor(pool, function, *arguments)

    return in_thread


def pause(loop: asyncio.AbstractEventLoop, seconds: float) -> "asyncio.Future[None]":
    """A future that is done after so many seconds; unlike asyncio.sleep it needs no task."""
    future = loop.create_future()

    def over() -> None:
        if not future.done():
            future.set_result(None)

    handle = loop.call_later(seconds, over)
    future.add_done_callback(lambda _: handle.cancel())
    return future


def _hold(data: Path) -> DataLock:
    lock = DataLock(data)
    try:
        lock.take()
    except AlreadyHeld as held:
        raise DataInUse(str(held)) from held
    return lock


def _prepare(config: Config, clock: Clock, _log: Log) -> None:
    try:
        prepare(config.data, clock)
        void_leases(config.data)
    except SchemaTooNew as error:
        raise StoreNotUsable(str(error)) from error
    except StoreFailure as error:
        raise StoreNotUsable(error.text) from error


def _run_scribe(config: Config, listener: Any, clock: Clock, log: Log, row: Row) -> None:
    run_scribe(
        data=config.data,
        listener=listener,
        clock=clock,
        log=log,
        metrics=row,
        settings=config[StoreSettings],
    )
