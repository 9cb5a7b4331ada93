"""Domains whose mail is for us. Changes are true at once in a running server.

posthouse domain add example.org
posthouse domain list --json
"""

import argparse

from posthouse.cli.house import House, open_house
from posthouse.cli.output import say, show, show_one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="mail for this domain is for us from now on")
    add.add_argument("name")
    remove = actions.add_parser("remove", help="it is not ours any more (it must be empty)")
    remove.add_argument("name")
    rename = actions.add_parser("rename", help="all its accounts and aliases move to a new name")
    rename.add_argument("name")
    rename.add_argument("new_name")
    one = actions.add_parser("show", help="one domain")
    one.add_argument("name")
    one.add_argument("--json", action="store_true")
    listing = actions.add_parser("list", help="all domains")
    listing.add_argument("--json", action="store_true")


def run(arguments: argparse.Namespace) -> int:
    with open_house(arguments) as house:
        return _act(house, arguments)


def _act(house: House, arguments: argparse.Namespace) -> int:
    match arguments.action:
        case "add":
            say(f"domain {house.run(house.manage.add_domain(arguments.name))} added")
        case "remove":
            say(f"domain {house.run(house.manage.remove_domain(arguments.name))} removed")
        case "rename":
            old, new = house.run(house.manage.rename_domain(arguments.name, arguments.new_name))
            say(f"domain {old} is now {new}, its accounts and aliases too")
        case "show":
            domain = house.run(house.manage.domain(arguments.name))
            show_one(record(domain.name, domain.accounts, domain.aliases), as_json=arguments.json)
        case _:
            rows = [record(d.name, d.accounts, d.aliases) for d in house.run(house.store.domains())]
            show(rows, ("domain", "accounts", "aliases"), as_json=arguments.json)
    return 0


def record(name: str, accounts: int, aliases: int) -> dict[str, object]:
    """One domain as it is shown; internationalised names also as people read them."""
    from posthouse.mail.address import domain_to_unicode

    shown = domain_to_unicode(name)
    row: dict[str, object] = {"domain": name, "accounts": accounts, "aliases": aliases}
    return row if shown == name else {**row, "shown": shown}
