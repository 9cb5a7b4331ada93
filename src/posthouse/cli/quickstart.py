"""Sets up a mail server for your domain: data directory, configuration, first account, DNS records
to publish.

  posthouse quickstart you@example.org
  posthouse serve

Asks nothing it can find out; can be run again, what is there is kept. Says what is wrong with
ports and DNS.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from posthouse.cli import exits
from posthouse.cli.house import open_house
from posthouse.cli.output import say
from posthouse.cli.passwords import add_password_options, read_password

if TYPE_CHECKING:
    from posthouse.app.quickstart import Listening


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="the first account, as you@your.domain")
    parser.add_argument("--dir", default="./var", help="the data directory (default ./var)")
    parser.add_argument("--hostname", default="", help="this server's name (default mail.DOMAIN)")
    parser.add_argument(
        "--loopback", action="store_true", help="listen on 127.0.0.1 and high ports, to try it out"
    )
    parser.add_argument(
        "--no-checks", action="store_true", help="do not look at ports and published DNS"
    )
    add_password_options(parser)


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.quickstart import LOOPBACK, PRODUCTION, first_account, make_directory
    from posthouse.directory.manage import NotDone, address_of

    try:
        address = address_of(arguments.address)
    except NotDone as why:
        raise exits.Stop(exits.USAGE, why.sentence, why.hint) from why
    given = ""
    if arguments.password_stdin or arguments.password_file:
        given = read_password(arguments, arguments.address)
    hostname = arguments.hostname or f"mail.{address.domain}"
    listen: Listening = LOOPBACK if arguments.loopback else PRODUCTION
    data = Path(arguments.dir)
    try:
        config = make_directory(data, hostname, listen)
    except OSError as error:
        raise exits.Stop(exits.PERMISSION, f"cannot make {data}: {error.strerror}") from error
    arguments.config = str(config)
    with open_house(arguments) as house:
        hostname = house.config.hostname
        account = house.run(first_account(house.store, house.manage, arguments.address, given))
    say(f"configuration {config}")
    if not account.password:
        say(f"account {account.address} is there already, its password stays")
    elif given:
        say(f"account {account.address} made, with the password you gave")
    else:
        sys.stdout.write(f"account {account.address} password {account.password}\n")
    _dns(data, address.domain, hostname, checks=not arguments.no_checks)
    if not arguments.no_checks:
        _ports(listen)
    named = "" if data == Path("./var") else f" --config {config}"
    say(f"next: posthouse check{named}, then posthouse serve{named}")
    return exits.OK


def _dns(data: Path, domain: str, hostname: str, *, checks: bool) -> None:
    from posthouse.app.dns_records import addresses_of, look, records, zone

    text = zone(domain, records(domain, hostname, addresses_of(hostname) if checks else ()))
    file = data / f"{domain}.zone"
    file.write_text(text, "utf-8")
    sys.stdout.write(text)
    say(f"these records are also in {file}")
    if checks:
        for sentence in look(domain, hostname):
            say(f"DNS: {sentence}")


def _ports(listen: "Listening") -> None:
    from posthouse.app.quickstart import port_problems

    for sentence in port_problems(listen):
        say(f"port: {sentence}")
