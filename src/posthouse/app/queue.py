"""The queue of one worker, put together: runner, carrier, reports, resolver."""

import secrets

from posthouse.app.build import House
from posthouse.app.config import Config
from posthouse.base.chance import shuffled
from posthouse.base.ids import Ids
from posthouse.deliver.bounce import Bounces
from posthouse.deliver.dialogue import Contexts
from posthouse.deliver.here import Carriers, HereCarrier
from posthouse.deliver.local import InboxDelivery
from posthouse.deliver.remote import RemoteCarrier, RemoteHouse
from posthouse.directory.resolve import Directory
from posthouse.net.resolve import DnsSettings, Resolver
from posthouse.queue.confirm import Confirmations
from posthouse.queue.house import QueueHouse
from posthouse.queue.route import Routes
from posthouse.queue.runner import Runner
from posthouse.queue.settings import QueueSettings, RelaySettings, Route
from posthouse.wire.smtp.client_limits import ClientLimits


def queue_of(house: House) -> tuple[Runner, Confirmations]:
    """Made once a worker, by the first door that takes letters."""
    config = house.config
    routes = routes_of(config)
    carrier = RemoteCarrier(
        RemoteHouse(
            hostname=config.hostname,
            relay=config[RelaySettings],
            queue=config[QueueSettings],
            limits=config[ClientLimits],
            routes=routes,
            resolver=resolver_of(house),
            store=house.store,
            contexts=Contexts(),
            clock=house.clock,
            log=house.log,
            loop=house.loop,
            shuffle=shuffled,
        )
    )
    # A first worker frees what any of its number held, of a server that is gone. Later ones
    # leave those of an older configuration alone, which may be waiting for an answer still.
    holders = f"w{house.number}:{f'{house.generation}.' if house.generation else ''}"
    directory = Directory(house.store)
    queue = QueueHouse(
        store=house.store,
        settings=config[QueueSettings],
        routes=routes,
        local=InboxDelivery(),
        reporter=Bounces(
            hostname=config.hostname,
            store=house.store,
            directory=directory,
            ids=Ids(house.clock),
            clock=house.clock,
            log=house.log,
        ),
        clock=house.clock,
        log=house.log,
        row=house.row,
        loop=house.loop,
        holders=holders,
        life=f"{'' if house.generation else '0.'}{secrets.token_hex(4)}",
    )
    here = HereCarrier(queue, directory)
    runner = Runner(queue, Carriers(here, carrier))
    here.confirmations = Confirmations(
        store=house.store,
        reporter=queue.reporter,
        local=queue.local,
        outbound=runner,
        clock=house.clock,
        log=house.log,
    )
    house.services.append(runner)
    return runner, here.confirmations


def resolver_of(house: House) -> Resolver:
    """One for all who ask the DNS in this worker, so that they share its cache."""
    if house.resolver is None:
        house.resolver = Resolver(house.loop, house.clock, house.config[DnsSettings])
    return house.resolver


def routes_of(config: Config) -> Routes:
    """Where letters go by the configuration."""
    return Routes(config[RelaySettings], config.many(Route))
