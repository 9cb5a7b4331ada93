"""`make run`: a mail server to try, in ./var on loopback, with two people of example.org.

Makes what is missing and keeps what is there, so that a second run has the same accounts and mail.
Never run in production: the passwords stand in a file beside the mail, readable by its owner.
"""

import os
import sys
from pathlib import Path
from typing import Final

from posthouse.app.config import Config
from posthouse.app.config_load import EXIT_CONFIG, ConfigFailed, load_config
from posthouse.app.quickstart import CONFIG_NAME, LOOPBACK, first_account, make_directory
from posthouse.app.serve import serve
from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import SystemClock
from posthouse.base.log import Level, Log, to_stderr
from posthouse.directory.manage import Manage
from posthouse.store.sqlite.direct import open_direct, run_now

FOLDER: Final = Path("var")
HOSTNAME: Final = "mail.example.org"
PEOPLE: Final = ("ann@example.org", "bob@example.org")
ACCOUNTS_NAME: Final = "demo-accounts"
NEXT: Final = """\
next: send a letter with any program that speaks SMTP on 127.0.0.1:2525 to bob@example.org,
      read it as bob@example.org by IMAP on 127.0.0.1:2143 or 2993 (TLS), POP3 on 2110 or 2995,
      see what the house does: .venv/bin/posthouse status     stop it with Ctrl-C
"""


def main(folder: Path = FOLDER) -> int:
    """Prepares, tells, serves until Ctrl-C."""
    make_directory(folder, HOSTNAME, LOOPBACK)
    try:
        config = load_config(str(folder / CONFIG_NAME))
    except ConfigFailed as failed:
        sys.stderr.write(f"posthouse: {failed}\n")
        return EXIT_CONFIG
    for address, password in accounts(config).items():
        _say(f"account {address} password {password}")
    return serve(config, announce=_announce)


def accounts(config: Config) -> dict[str, str]:
    """The people of the demonstration with their passwords, made where they are missing."""
    path = config.data / ACCOUNTS_NAME
    known = _read(path)
    clock = SystemClock()
    store = open_direct(config.data, clock=clock, log=Log(clock, to_stderr, Level.WARNING))
    try:
        manage = Manage(store, scram=config[AuthSettings].scram)
        for address in PEOPLE:
            made = run_now(first_account(store, manage, address, known.get(address, "")))
            if made.password:
                known[address] = made.password
                _write(path, known)
    finally:
        store.close()
    return known


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.split() for line in path.read_text("utf-8").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _write(path: Path, known: dict[str, str]) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{address} {password}\n" for address, password in known.items())
    new.replace(path)


def _announce(line: str) -> None:
    for pair in line.removeprefix("posthouse ready ").split():
        service, _, where = pair.partition("=")
        _say(f"{service:12} {where.replace(',', ' ')}")
    _say(NEXT.rstrip("\n"))
    _say(line)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
