"""Accounts: people who get mail here. Changes are true at once in a running server.

printf '%s' "$PASSWORD" | posthouse account add ann@example.org --password-stdin
posthouse account set ann@example.org --quota 2G
posthouse account logins ann@example.org        (who came in, who was refused, from where)
posthouse account remove ann@example.org        (asks first: its mail goes too)
"""

import argparse
from datetime import UTC, datetime

from posthouse.cli import exits
from posthouse.cli.actions import actions_of, add_action, add_json
from posthouse.cli.house import House, open_house
from posthouse.cli.output import confirm, count_of, octets_of, octets_text, say, show, show_one
from posthouse.cli.passwords import add_password_options, read_password
from posthouse.directory.manage import NotDone, address_of
from posthouse.store.contract import Account, LoginRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    add = add_action(
        actions, "add", "a new account", "account add ann@example.org",
        "account add ann@example.org --quota 2G --password-file FILE",
    )  # fmt: skip
    _add_address(add)
    add.add_argument("--quota", default="0", help="most octets of mail, as 2G; 0: no limit")
    add.add_argument(
        "--quota-messages", default="0", metavar="N", help="most messages; 0: no limit"
    )
    add_password_options(add)
    change = add_action(
        actions, "set", "change password, quota or state", "account set ann@example.org --password",
        "account set ann@example.org --quota 5G", "account set ann@example.org --disable",
    )  # fmt: skip
    _add_address(change)
    change.add_argument("--quota", help="most octets of mail, as 2G; 0: no limit")
    change.add_argument("--quota-messages", metavar="N", help="most messages; 0: no limit")
    change.add_argument("--password", action="store_true", help="ask for a new password")
    add_password_options(change)
    state = change.add_mutually_exclusive_group()
    state.add_argument("--enable", action="store_true", help="may log in and get mail")
    state.add_argument("--disable", action="store_true", help="may not; its mail is kept")
    rename = add_action(
        actions, "rename", "another address, the same mail",
        "account rename ann@example.org ann.lee@example.org",
    )  # fmt: skip
    _add_address(rename)
    rename.add_argument("new_address", help="the address from now on")
    remove = add_action(
        actions, "remove", "the account and all its mail", "account remove ann@example.org"
    )
    _add_address(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")
    one = add_action(
        actions, "show", "one account and its mailboxes", "account show ann@example.org"
    )
    _add_address(one)
    add_json(one)
    logins = add_action(
        actions, "logins", "who logged in or was refused, newest first",
        "account logins ann@example.org", "account logins ann@example.org --json",
    )  # fmt: skip
    _add_address(logins)
    add_json(logins)
    listing = add_action(
        actions, "list", "all accounts", "account list", "account list --domain example.org --json"
    )
    listing.add_argument("--domain", default="", help="only of this domain")
    add_json(listing)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="of the account, as ann@example.org")


def run(arguments: argparse.Namespace) -> int:
    _expect_something(arguments)
    password = None
    if arguments.action == "add" or (arguments.action == "set" and wants_password(arguments)):
        password = read_password(arguments, arguments.address)
    with open_house(arguments) as house:
        return _act(house, arguments, password)


def _expect_something(arguments: argparse.Namespace) -> None:
    """Before anybody is asked for a password. Raises Stop."""
    if arguments.action == "add":
        try:
            address_of(arguments.address)
        except NotDone as why:
            raise exits.Stop(exits.DATA, why.sentence, why.hint) from why
    elif arguments.action == "set":
        wishes = (
            arguments.enable, arguments.disable, arguments.quota, arguments.quota_messages,
            wants_password(arguments),
        )  # fmt: skip
        if not any(wish is not None and wish is not False for wish in wishes):
            raise exits.Stop(
                exits.USAGE,
                "nothing to change",
                "say --password, --quota, --quota-messages, --enable or --disable",
            )


def wants_password(arguments: argparse.Namespace) -> bool:
    """Whether `set` shall change the password."""
    return bool(arguments.password or arguments.password_stdin or arguments.password_file)


def _act(house: House, arguments: argparse.Namespace, password: str | None) -> int:
    manage = house.manage
    match arguments.action:
        case "add":
            assert password is not None
            account = house.run(
                manage.add_account(
                    arguments.address,
                    password,
                    octets_of(arguments.quota),
                    count_of(arguments.quota_messages),
                )
            )
            say(f"account {account.shown} added")
        case "set":
            _set(house, arguments, password)
        case "rename":
            old, new = house.run(manage.rename_account(arguments.address, arguments.new_address))
            say(f"account {old.shown} is now {new}, its mail stays")
        case "remove":
            account = house.run(manage.account(arguments.address))
            confirm(
                f"remove {account.shown} and its {account.letters} letters"
                f" ({octets_text(account.octets)}) for good?",
                yes=arguments.yes,
            )
            house.run(manage.remove_account(arguments.address))
            say(f"account {account.shown} removed, with {account.letters} letters")
        case "show":
            _show(house, arguments)
        case "logins":
            _logins(house, arguments)
        case _:
            _list(house, arguments)
    return 0


def _set(house: House, arguments: argparse.Namespace, password: str | None) -> None:
    enabled = True if arguments.enable else False if arguments.disable else None
    quota = None if arguments.quota is None else octets_of(arguments.quota)
    letters = None if arguments.quota_messages is None else count_of(arguments.quota_messages)
    account = house.run(
        house.manage.set_account(
            arguments.address,
            password=password,
            quota_octets=quota,
            quota_letters=letters,
            enabled=enabled,
        )
    )
    say(f"account {account.shown} changed")


def _show(house: House, arguments: argparse.Namespace) -> None:
    account = house.run(house.manage.account(arguments.address))
    mailboxes = house.run(house.store.mailboxes(account.id))
    shown = record(account)
    if arguments.json:
        shown["mailboxes"] = [
            {"name": m.name, "messages": m.messages, "unseen": m.unseen, "octets": m.octets}
            for m in mailboxes
        ]
    else:
        shown["mailboxes"] = [f"{m.name} {m.messages}" for m in mailboxes]
    show_one(shown, as_json=arguments.json)


def _list(house: House, arguments: argparse.Namespace) -> None:
    rows, after = [], ""
    domain = arguments.domain and house.run(house.manage.domain(arguments.domain)).name
    while page := house.run(house.store.accounts(domain, after)):
        rows += [record(account) for account in page]
        after = page[-1].address
    show(rows, ("account", "enabled", "letters", "size", "quota"), as_json=arguments.json)


def _logins(house: House, arguments: argparse.Namespace) -> None:
    account = house.run(house.manage.account(arguments.address))
    rows = [login(row) for row in house.run(house.store.logins(account.id))]
    columns = ("last", "times", "door", "peer", "mechanism", "tls", "result")
    show(rows, columns, as_json=arguments.json)


def login(row: LoginRow) -> dict[str, object]:
    """Log-ins that were alike, as they are shown."""
    return {
        "first": _time(row.first),
        "last": _time(row.last),
        "times": row.count,
        "door": row.door,
        "peer": row.peer,
        "mechanism": row.mechanism,
        "tls": row.tls,
        "let_in": not row.refused,
        "refused": row.refused,
        "result": f"refused: {row.refused}" if row.refused else "let in",
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def record(account: Account) -> dict[str, object]:
    """One account as it is shown."""
    return {
        "account": account.shown,
        "address": account.address,
        "enabled": account.enabled,
        "letters": account.letters,
        "octets": account.octets,
        "size": octets_text(account.octets),
        "quota_octets": account.quota_octets,
        "quota": octets_text(account.quota_octets) if account.quota_octets else "-",
        "quota_messages": account.quota_letters,
        "created": datetime.fromtimestamp(account.created, UTC).isoformat(),
    }
