"""One command and the server stands: as root on the ports of the world, for a Chinese domain."""

import os
import pwd
import re
import stat
import subprocess
from pathlib import Path

import pytest

from outside.clients import Imap, Smtp, letter
from outside.machine import Machine, status_of
from outside.server import SECONDS_MAX, Server, command, environment
from outside.systemd import run as run_tool

USER = "nobody"
PERSON, DOMAIN = "安@例子.测试", "xn--fsqu00a.xn--0zwm56d"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root opens ports below 1024")


def quickstart(machine: Machine, data: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*machine.words, *command(), "quickstart", PERSON, "--dir", str(data), *words],
        env=environment() | {"POSTHOUSE_DNS_SERVERS": "127.0.0.1:9"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )


def contents(data: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and not path.name.startswith(("mail.db", "lock"))
    }


def test_from_nothing_to_mail(folder: Path, machine: Machine) -> None:
    """Everything is written, everything is the user's and private; the server starts with it as it
    is on the ports of the world, takes a letter and shows it to the account that was made; a second
    run while it serves changes nothing.
    """
    data = folder / "site"
    told = quickstart(machine, data, "--user", USER)
    (password,) = re.findall(rf"^account {PERSON} password (\S+)$", told.stdout, re.MULTILINE)
    assert "the DNS could not be asked" in told.stderr
    assert "useradd" not in told.stderr  # he is there
    for path in (data, *data.rglob("*")):
        assert path.stat().st_uid == pwd.getpwnam(USER).pw_uid, path
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "certificate-key.pem").stat().st_mode) == 0o600
    assert f"{DOMAIN}.zone" in contents(data)

    server = Server(folder)
    server.data, server.config = data, data / "posthouse.toml"
    server.around = machine.words
    with server, machine.inside():
        assert server.ports["smtp"] == 25
        assert server.ports["submissions"] == 465
        (uid, *_) = status_of(server.status().workers[0])["Uid"].split()
        assert int(uid) == pwd.getpwnam(USER).pw_uid
        with Smtp(25) as client:
            assert client.command(b"MAIL FROM:<ann@example.net> SMTPUTF8")[0] == 250
            assert client.command(f"RCPT TO:<{PERSON}>".encode())[0] == 250
            assert client.command(b"DATA")[0] == 354
            assert client.command(letter() + b".")[0] == 250
        with Imap(993, tls=True) as client:
            name = PERSON.encode()
            client.ok(b'LOGIN {%d+}\r\n%s "%s"' % (len(name), name, password.encode()))
            assert b"* 1 EXISTS" in client.ok(b"SELECT INBOX")
        before = contents(data)
        again = quickstart(machine, data, "--user", USER)
        assert "is there already, its password stays" in again.stderr
        assert "the server runs already" in again.stderr
        assert contents(data) == before


def test_the_units_for_it(folder: Path, machine: Machine) -> None:
    """As systemd would read them where quickstart left them: it has nothing to say. (Of `nobody` it
    says that he is everybody's.)
    """
    data = folder / "site"
    told = quickstart(machine, data, "--user", "mail", "--no-checks")
    files = [data / "systemd" / name for name in ("posthouse.service", "posthouse.socket")]
    assert f"install -m 644 {files[0]} {files[1]} /etc/systemd/system/" in told.stderr
    ran = run_tool("systemd-analyze", "verify", "--man=no", *files)
    assert [line for line in ran.stderr.splitlines() if "posthouse" in line] == []


def test_a_user_that_is_not_there_yet(folder: Path, machine: Machine) -> None:
    """It says how to make him and give him the data; `serve` says it too, exit 77."""
    data = folder / "site"
    told = quickstart(machine, data, "--user", "posthouse-unborn", "--no-checks")
    assert "useradd --system" in told.stderr
    assert f"chown -R posthouse-unborn: {data}" in told.stderr
    ran = subprocess.run(
        [*machine.words, *command(), "serve", "--config", str(data / "posthouse.toml")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ran.returncode == 77
    assert ran.stderr.splitlines() == [
        "posthouse: there is no user posthouse-unborn on this machine",
        "hint: useradd --system --user-group --shell /usr/sbin/nologin posthouse-unborn",
    ]
