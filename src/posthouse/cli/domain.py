"""Domains whose mail is for us. Changes are true at once in a running server.

posthouse domain add example.org
posthouse domain list --json
"""

import argparse

from posthouse.cli.actions import actions_of, add_action, add_json
from posthouse.cli.house import House, open_house
from posthouse.cli.output import say, show, show_one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    told = "mail for this domain is for us from now on"
    for name, text, example in (
        ("add", told, "domain add example.org"),
        ("remove", "it is not ours any more (it must be empty)", "domain remove example.org"),
        ("rename", "all its accounts and aliases move to a new name",
         "domain rename example.org example.net"),
        ("show", "one domain", "domain show example.org"),
    ):  # fmt: skip
        one = add_action(actions, name, text, example)
        one.add_argument("name", help="of the domain, as example.org or 例子.测试")
        if name == "rename":
            one.add_argument("new_name", help="the name from now on")
        if name == "show":
            add_json(one)
    add_json(add_action(actions, "list", "all domains", "domain list", "domain list --json"))


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
