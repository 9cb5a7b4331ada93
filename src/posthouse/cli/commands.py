"""The table of subcommands: name, module, and what it is for. Importing it costs nothing."""

from typing import Final, NamedTuple


class Command(NamedTuple):
    """One subcommand; its module is imported only when it is called."""

    module: str
    summary: str


GROUPS: Final[dict[str, dict[str, Command]]] = {
    "Set up and run": {
        "quickstart": Command("quickstart", "data directory, config, first account, DNS records"),
        "serve": Command("serve", "run the servers in the foreground"),
        "status": Command("status", "is it running, and what is it doing"),
        "check": Command("check", "is this configuration right"),
        "config": Command("config", "show or explain the configuration"),
    },
    "Who lives here": {
        "domain": Command("domain", "add, remove, rename, show, list domains"),
        "account": Command("account", "add, remove, rename, show, list, set accounts"),
        "alias": Command("alias", "add, remove, rename, show, list, set aliases"),
    },
    "Mail": {
        "queue": Command(
            "queue", "letters that wait: list, show, retry, hold, release, drop, bounce"
        ),
        "mailq": Command("mailq", "the queue as Sendmail's mailq shows it"),
        "trace": Command("trace", "a letter's whole way, station by station"),
        "verify": Command("verify", "prove every stored letter readable"),
    },
    "The shell": {
        "completion": Command("completion", "print the completion script for bash or zsh"),
    },
}

COMMANDS: Final[dict[str, Command]] = {
    name: command for group in GROUPS.values() for name, command in group.items()
}
