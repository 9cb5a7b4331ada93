"""Aliases: addresses whose mail goes to one or more others, here or elsewhere; @example.org is the
catch-all of a domain.

  posthouse alias add info@example.org ann@example.org bob@example.org
  posthouse alias add @example.org ann@example.org
"""

import argparse

from posthouse.cli.actions import actions_of, add_action, add_json
from posthouse.cli.house import House, open_house
from posthouse.cli.output import say, show, show_one
from posthouse.store.contract import Alias


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    for name, text in (("add", "a new alias"), ("set", "replace the targets of an alias")):
        one = add_action(
            actions, name, text, f"alias {name} info@example.org ann@example.org bob@example.org"
        )
        _add_address(one)
        one.add_argument("target", nargs="+", help="where its mail goes, here or elsewhere")
    rename = add_action(
        actions, "rename", "another address, the same targets",
        "alias rename info@example.org office@example.org",
    )  # fmt: skip
    _add_address(rename)
    rename.add_argument("new_address", help="the address from now on")
    remove = add_action(
        actions, "remove", "mail for it is refused from now on", "alias remove info@example.org"
    )
    _add_address(remove)
    one = add_action(actions, "show", "one alias", "alias show info@example.org")
    _add_address(one)
    add_json(one)
    listing = add_action(
        actions, "list", "all aliases", "alias list", "alias list --domain example.org --json"
    )
    listing.add_argument("--domain", default="", help="only of this domain")
    add_json(listing)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="of the alias; @example.org is a domain's catch-all")


def run(arguments: argparse.Namespace) -> int:
    with open_house(arguments) as house:
        return _act(house, arguments)


def _act(house: House, arguments: argparse.Namespace) -> int:
    manage = house.manage
    match arguments.action:
        case "add" | "set":
            alias = house.run(
                manage.put_alias(
                    arguments.address, tuple(arguments.target), new=arguments.action == "add"
                )
            )
            say(f"mail for {alias.address} goes to {', '.join(alias.targets)}")
        case "rename":
            old, new = house.run(manage.rename_alias(arguments.address, arguments.new_address))
            say(f"alias {old} is now {new}")
        case "remove":
            say(f"alias {house.run(manage.remove_alias(arguments.address))} removed")
        case "show":
            show_one(record(house.run(manage.alias(arguments.address))), as_json=arguments.json)
        case _:
            _list(house, arguments)
    return 0


def _list(house: House, arguments: argparse.Namespace) -> None:
    rows, after = [], ""
    domain = arguments.domain and house.run(house.manage.domain(arguments.domain)).name
    while page := house.run(house.store.aliases(domain, after)):
        rows += [record(alias) for alias in page]
        after = page[-1].address
    show(rows, ("alias", "targets"), as_json=arguments.json)


def record(alias: Alias) -> dict[str, object]:
    """One alias as it is shown."""
    return {"alias": alias.address, "targets": list(alias.targets)}
