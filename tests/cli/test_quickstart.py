"""`posthouse quickstart`."""

import os
import pwd
import re
import socket
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.conftest import Command
from dns_world import DnsServer

HERE = ("--loopback", "--no-checks")


def test_two_words_make_a_house(posthouse: Command) -> None:
    """Directory 0700, configuration, domain, account with a password that is told once, zone."""
    ended = posthouse.bare("quickstart", "you@example.net", *HERE)

    assert re.search(r"^account you@example\.net password \S{12,}$", ended.out, re.MULTILINE)
    assert "example.net." in ended.out
    data = Path("var")
    assert data.stat().st_mode & 0o777 == 0o700
    config = tomllib.loads((data / "posthouse.toml").read_text())
    assert config["hostname"] == "mail.example.net"
    assert config["listen"]["smtp"] == ["127.0.0.1:2525"]
    assert Path(config["data"]) == data.absolute()
    assert " IN MX " in (data / "example.net.zone").read_text()
    assert "posthouse check, then posthouse serve" in ended.err
    assert posthouse.bare("account", "list", "--json").json[0]["address"] == "you@example.net"


def test_again_keeps_what_is_there(posthouse: Command) -> None:
    """A second run changes neither password nor configuration; another address is added."""
    posthouse.bare("quickstart", "you@example.net", *HERE)
    config = Path("var/posthouse.toml").read_text()
    again = posthouse.bare("quickstart", "you@example.net", "--hostname", "other.example", *HERE)
    assert "is there already, its password stays" in again.err
    assert "password" not in again.out
    assert Path("var/posthouse.toml").read_text() == config
    posthouse.bare("quickstart", "me@example.com", *HERE)
    assert len(posthouse.bare("account", "list", "--json").json) == 2


def test_with_a_password_and_a_folder(posthouse: Command, tmp_path: Path) -> None:
    """A password that was given is not shown; --dir and --hostname are used; the next step names
    the file."""
    words = (
        "quickstart",
        "安@例子.测试",
        "--dir",
        str(tmp_path / "site"),
        "--password-stdin",
        *HERE,
    )
    ended = posthouse.bare(*words, "--hostname", "mx.example.net", said="secret")
    assert "secret" not in ended.out + ended.err
    config = tmp_path / "site" / "posthouse.toml"
    assert f"posthouse serve --config {config}" in ended.err
    assert tomllib.loads(config.read_text())["hostname"] == "mx.example.net"
    assert "xn--fsqu00a.xn--0zwm56d.   " in ended.out
    production = posthouse.bare("quickstart", "a@example.net", "--dir", "prod", "--no-checks")
    assert production.code == 0
    assert tomllib.loads(Path("prod/posthouse.toml").read_text())["listen"]["smtp"] == ["*:25"]


def test_what_cannot_be(posthouse: Command, tmp_path: Path) -> None:
    """No address, no directory: a sentence, and nothing is made."""
    assert "is not an address" in posthouse.bare("quickstart", "you", *HERE, code=64).err
    assert not Path("var").exists()
    (tmp_path / "file").write_text("")
    words = ("quickstart", "you@example.net", "--dir", str(tmp_path / "file" / "x"), *HERE)
    assert "cannot make" in posthouse.bare(*words, code=77).err
    posthouse.bare("quickstart", "you@example.net", "--password-stdin", *HERE, said="", code=65)


def test_the_checks_are_said(posthouse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with DNS and ports is said, and does not fail."""
    with DnsServer({("mail.example.net", "A"): ["192.0.2.7"]}) as dns, closed_port() as taken:
        monkeypatch.setenv("POSTHOUSE_DNS_SERVERS", dns.address)
        monkeypatch.setenv("POSTHOUSE_LISTEN_SMTP", f"127.0.0.1:{taken}")
        ended = posthouse.bare("quickstart", "you@example.net", "--loopback")
        Path("var/posthouse.toml").unlink()
        with monkeypatch.context() as without:
            without.setattr("posthouse.app.quickstart._try", lambda *_: PermissionError(13, "no"))
            forbidden = posthouse.bare("quickstart", "you@example.net", "--loopback")
    assert "DNS: example.net has no MX record yet" in ended.err
    assert "DNS: example.net has no SPF record" in ended.err
    assert f"port: smtp on 127.0.0.1:{taken}: address already in use" in ended.err
    assert "mail.example.net.              3600 IN A    192.0.2.7" in ended.out
    assert f"port: only root, or systemd, may open {taken}, 2587, 2465, 2424, 2143" in forbidden.err


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_units_for_systemd(posthouse: Command) -> None:
    """Written beside the data with what to do with them; none for who only tries it."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    ended = posthouse.bare("quickstart", "you@example.net", "--user", me, "--no-checks")
    folder = Path("var/systemd").absolute()
    assert f"install -m 644 {folder}/posthouse.service {folder}/posthouse.socket" in ended.err
    assert "systemctl enable --now posthouse.socket posthouse.service" in ended.err
    text = (folder / "posthouse.service").read_text()
    assert f"\nUser={me}\n" in text
    assert f"--config {Path('var/posthouse.toml').absolute()}\n" in text
    tried = posthouse.bare("quickstart", "you@example.net", "--dir", "try", *HERE)
    assert "systemctl" not in tried.err
    assert not Path("try/systemd").exists()


def test_what_was_changed_is_not_written_over(posthouse: Command) -> None:
    """Again and again leaves every file as it is; one that somebody changed is kept, with the new
    one beside it; a new address in the DNS comes into the zone that nobody touched.
    """
    words = ("quickstart", "you@example.net", "--no-checks")
    posthouse.bare(*words)
    names = ("posthouse.toml", "certificate-key.pem", "example.net.zone",
             "systemd/posthouse.service", "systemd/posthouse.socket")  # fmt: skip
    before = {name: (Path("var") / name).read_bytes() for name in names}
    assert "already" in posthouse.bare(*words).err
    assert before == {name: (Path("var") / name).read_bytes() for name in names}
    unit = Path("var/systemd/posthouse.service")
    mine = unit.read_text().replace("RestartSec=2s", "RestartSec=9s")
    unit.write_text(mine)
    again = posthouse.bare(*words)
    assert unit.read_text() == mine
    assert "RestartSec=2s" in Path(f"{unit}.new").read_text()
    assert f"{unit.absolute()}.new" in again.err


def test_names_beyond_ascii(posthouse: Command) -> None:
    """A-labels for the DNS with the name of the people beside them; what SMTPUTF8 means for a
    Chinese local part, with the command that helps.
    """
    ended = posthouse.bare("quickstart", "安@例子.测试", *HERE)
    config = tomllib.loads(Path("var/posthouse.toml").read_text())
    assert config["hostname"] == "mail.xn--fsqu00a.xn--0zwm56d"
    assert "; Mail of 例子.测试 (xn--fsqu00a.xn--0zwm56d)" in ended.out
    assert "例子.测试 is xn--fsqu00a.xn--0zwm56d" in ended.err
    assert "posthouse alias add NAME@例子.测试 安@例子.测试" in ended.err
    named = posthouse.bare(
        "quickstart", "ann@example.net", "--dir", "b", "--hostname", "邮件.例子.测试", *HERE
    )
    assert "SMTPUTF8" not in named.err
    assert "xn--" in tomllib.loads(Path("b/posthouse.toml").read_text())["hostname"]
    wrong = posthouse.bare("quickstart", "a@example.net", "--hostname", "no host", *HERE, code=64)
    assert "is no host name" in wrong.err
