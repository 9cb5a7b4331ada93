"""Sets up a mail server for your domain: data directory, configuration, key, first account, DNS
records to publish, units for systemd.

  posthouse quickstart you@example.org --dir /var/lib/posthouse    # for production, as root
  posthouse quickstart you@example.org --loopback                  # to try it, as anybody

Asks nothing it can find out; can be run again, what is there is kept. Says what is wrong with
ports and DNS. As root the server's user is `posthouse`, or --user.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from posthouse.cli import exits
from posthouse.cli.house import House, open_house, owner_of, read_config
from posthouse.cli.output import say
from posthouse.cli.passwords import add_password_options, read_password

if TYPE_CHECKING:
    from posthouse.app.config import Config
    from posthouse.app.quickstart import Listening
    from posthouse.mail.address import Address


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="the first account, as you@your.domain")
    parser.add_argument("--dir", default="./var", help="the data directory (default ./var)")
    parser.add_argument("--hostname", default="", help="this server's name (default mail.DOMAIN)")
    parser.add_argument("--user", default="", help="whom the server becomes when root starts it")
    parser.add_argument(
        "--loopback", action="store_true", help="listen on 127.0.0.1 and high ports, to try it out"
    )
    parser.add_argument(
        "--no-checks", action="store_true", help="do not look at ports and published DNS"
    )
    add_password_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.quickstart import LOOPBACK, PRODUCTION, USER, first_account, make_directory
    from posthouse.directory.manage import NotDone, address_of

    try:
        address = address_of(arguments.address)
    except NotDone as why:
        raise exits.Stop(exits.USAGE, why.sentence, why.hint) from why
    hostname = _hostname(arguments.hostname or f"mail.{address.domain}")
    given = ""
    if arguments.password_stdin or arguments.password_file:
        given = read_password(arguments, arguments.address)
    user = arguments.user or (USER if os.geteuid() == 0 and not arguments.loopback else "")
    data = Path(arguments.dir)
    try:
        config = make_directory(
            data, hostname, LOOPBACK if arguments.loopback else PRODUCTION, user
        )
    except OSError as error:
        raise exits.Stop(
            exits.PERMISSION,
            f"cannot make {data}: {error.strerror}",
            "choose another with --dir, or run this as root",
        ) from error
    arguments.config = str(config)
    _give(read_config(arguments))
    with open_house(arguments) as house:
        account = house.run(first_account(house.store, house.manage, arguments.address, given))
        _key(house)
    say(f"configuration {config}")
    if not account.password:
        say(f"account {account.address} is there already, its password stays")
    elif given:
        say(f"account {account.address} made, with the password you gave")
    else:
        sys.stdout.write(f"account {account.address} password {account.password}\n")
    _tell_of_names(address)
    _dns(house, address.domain, checks=not arguments.no_checks)
    if not arguments.no_checks:
        _ports(house)
    steps = [] if arguments.loopback else _units(house, config)
    _give(house.config)
    named = "" if data == Path("./var") else f" --config {config}"
    for step in steps:
        say(step)
    say(f"next: posthouse check{named}, then posthouse serve{named}")
    return exits.OK


def _hostname(text: str) -> str:
    """As the DNS and the configuration have it: A-labels."""
    from posthouse.mail.address import normal_domain

    try:
        return normal_domain(text)
    except ValueError as error:
        raise exits.Stop(
            exits.USAGE, f"{text!r} is no host name: {error}", "--hostname mail.example.org"
        ) from error


def _key(house: House) -> None:
    """The self-signed certificate and its key, unless the configuration names others."""
    from posthouse.app.config import TlsSettings
    from posthouse.app.privileges import acting_as
    from posthouse.base.clock import SystemClock
    from posthouse.net.certificates import CertificateFailed, open_certificates

    config, tls = house.config, house.config[TlsSettings]
    if tls.certificate != "auto":
        return
    try:
        with acting_as(house.person):
            open_certificates(
                certificate="auto",
                key="",
                data=config.data,
                hostname=config.hostname,
                clock=SystemClock(),
            )
    except (CertificateFailed, OSError) as error:
        raise exits.Stop(
            exits.DATA, f"cannot make a certificate: {error}", f"look at the files in {config.data}"
        ) from error


def _tell_of_names(address: "Address") -> None:
    """What an address beyond ASCII needs of others."""
    from posthouse.mail.address import domain_to_unicode

    people = domain_to_unicode(address.domain)
    if people != address.domain:
        say(f"in the DNS and to older programs {people} is {address.domain}")
    if not address.is_ascii:
        say(f"only servers with SMTPUTF8 can write to {address}; for the others give it a second")
        say(f"  name in ASCII: posthouse alias add NAME@{people} {address}")


def _dns(house: House, domain: str, *, checks: bool) -> None:
    from posthouse.app.dns_records import records, zone
    from posthouse.app.quickstart import write_ours
    from posthouse.net.resolve import DnsSettings

    hostname, listen = house.config.hostname, _listen(house)
    addresses: tuple[str, ...] = ()
    sentences: list[str] = []
    if checks:
        from posthouse.app.dns_look import Names, addresses_of, local_addresses, look

        names = Names(house.config[DnsSettings].servers)
        addresses = addresses_of(hostname, names)
        wanted = records(domain, hostname, addresses, listen)
        sentences = look(domain, hostname, wanted, names, local_addresses())
    text = zone(domain, records(domain, hostname, addresses, listen))
    file = write_ours(house.config.data / f"{domain}.zone", text, comment=";")
    sys.stdout.write(text)
    say(f"these records are also in {file}")
    for sentence in sentences:
        say(f"DNS: {sentence}")


def _ports(house: House) -> None:
    from posthouse.app.quickstart import port_problems
    from posthouse.app.status import ask_status

    if ask_status(house.config.data) is not None:
        say("port: the server runs already, so its ports were not tried")
        return
    for problem in port_problems(_listen(house)):
        say(f"port: {problem.sentence}")


def _listen(house: House) -> "Listening":
    """What is served in fact: of the configuration, without what is still to come."""
    from posthouse.app.config import Listen
    from posthouse.app.plan import served

    return served(house.config[Listen])


def _units(house: House, config: Path) -> list[str]:
    """Writes them; gives what to do with them."""
    import getpass

    from posthouse.app.config import Root
    from posthouse.app.quickstart import write_ours
    from posthouse.app.units import SERVICE_NAME, SOCKET_NAME, Site, program_words, service, sockets

    data = house.config.data
    user = house.config[Root].user or getpass.getuser()
    folder = data / "systemd"
    site = Site(user, data, config.absolute(), program_words())
    files = [
        write_ours(folder / SERVICE_NAME, service(site), comment="#"),
        write_ours(folder / SOCKET_NAME, sockets(_listen(house)), comment="#"),
    ]
    is_root = os.geteuid() == 0
    steps = [f"to run it by systemd{'' if is_root else ', as root'}:"]
    if is_root and user != "root" and house.person is None:
        steps += [
            f"  useradd --system --user-group --shell /usr/sbin/nologin {user}",
            f"  chown -R {user}: {data}",
        ]
    return [
        *steps,
        f"  install -m 644 {' '.join(map(str, files))} /etc/systemd/system/",
        "  systemctl daemon-reload",
        f"  systemctl enable --now {SOCKET_NAME} {SERVICE_NAME}",
    ]


def _give(config: "Config") -> None:
    """What root made or finds here is the server's user's."""
    from posthouse.app.privileges import give

    person = owner_of(config)
    if person is not None:
        give(config.data, person)
