#!/usr/bin/env python3
"""Starts the peers that Posthouse is measured against: a private Postfix and Dovecot on loopback.

    peers.py [--dir DIR] [--store sdbox|maildir] [--tls]   starts both, until Ctrl-C
    peers.py ... -- COMMAND                                starts both, runs COMMAND, stops both

Needs root and Debian; touches no system instance (private_root.py). SMTP, IMAP and POP3 stand on
ports 22025, 22143 and 22110; COMMAND finds them in its environment: PEERS_SMTP, ..., PEERS_PIDS.
Users: u0 ... u99@bench.test, password "secret".
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import peer_settings
import private_root

ROOT = Path(__file__).parents[1]
UNPACKED = ROOT / "build/peers/bench"


def write(path: Path, text: str) -> None:
    """A file that the servers' own users may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


def quietly(*command: str | Path, log: Path) -> None:
    """Runs a command that starts daemons: they must not hold our own pipes open."""
    with log.open("ab") as said:
        ran = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    if ran.returncode:
        sys.exit(f"{command[0]} failed: {log.read_text()[-2000:]}")


def prepare(folder: Path, store: str, *, tls: bool) -> None:
    """Writes the configuration of both into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "mail").mkdir(exist_ok=True)
    shutil.chown(folder / "mail", "benchmail", "benchmail")
    if tls:
        quietly(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "30", "-subj", "/CN=mail.bench.test",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
            log=folder / "start.log",
        )  # fmt: skip
    write(folder / "dovecot/users", peer_settings.users())
    write(folder / "dovecot/dovecot.conf", peer_settings.dovecot(folder, store, tls=tls))
    (folder / "dovecot/run").mkdir(exist_ok=True)
    conf = folder / "postfix/conf"
    write(conf / "main.cf", peer_settings.postfix(folder, tls=tls))
    write(conf / "master.cf", peer_settings.master())
    write(conf / "dynamicmaps.cf", "")
    write(conf / "vmailbox", peer_settings.mailboxes())
    write(conf / "transport", peer_settings.transport())
    for name in ("spool", "data"):
        (folder / "postfix" / name).mkdir(exist_ok=True)
    shutil.chown(folder / "postfix/data", "postfix", "postfix")
    system = Path("/etc/postfix")  # the private copy: Postfix wants to know of other instances
    write(system / "main.cf", f"compatibility_level = 3.6\nalternate_config_directories = {conf}\n")
    write(system / "master.cf", "")


def pids(folder: Path) -> list[int]:
    """The root process of each of the two."""
    files = (folder / "dovecot/run/master.pid", folder / "postfix/spool/pid/master.pid")
    return [int(file.read_text()) for file in files if file.exists()]


@contextlib.contextmanager
def running(folder: Path, store: str = "sdbox", *, tls: bool = False) -> Iterator[list[int]]:
    """Both peers, between their start and their stop. Inside the private root only."""
    prepare(folder, store, tls=tls)
    log = folder / "start.log"
    dovecot: list[str | Path] = ["/usr/sbin/dovecot", "-c", folder / "dovecot/dovecot.conf"]
    postfix: list[str | Path] = ["/usr/sbin/postfix", "-c", folder / "postfix/conf"]
    quietly(*dovecot, log=log)
    try:
        quietly(*postfix, "start", log=log)
        try:
            time.sleep(1)
            yield pids(folder)
        finally:
            quietly(*postfix, "stop", log=log)
    finally:
        quietly(*dovecot, "stop", log=log)


def addresses() -> dict[str, str]:
    """Where they listen."""
    names = ("smtp", "submission", "imap", "imaps", "pop3")
    return {name: f"127.0.0.1:{peer_settings.PORTS[name]}" for name in names}


def main() -> int:
    """Starts both; stops both when the command or the user is done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, default=Path("/tmp/posthouse-peers"))
    parser.add_argument("--store", choices=["sdbox", "maildir"], default="sdbox")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("command", nargs="*")
    wanted = parser.parse_args()
    private_root.enter(UNPACKED)
    with running(wanted.dir, wanted.store, tls=wanted.tls) as roots:
        print(*(f"{name}={at}" for name, at in addresses().items()), flush=True)
        print("pids=" + ",".join(map(str, roots)), flush=True)
        if not wanted.command:
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
            return 0
        seen = {f"PEERS_{name.upper()}": at for name, at in addresses().items()}
        seen["PEERS_PIDS"] = ",".join(map(str, roots))
        return subprocess.run(wanted.command, env=os.environ | seen, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
