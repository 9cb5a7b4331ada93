"""`posthouse quickstart`."""

import re
import tomllib
from pathlib import Path

from cli.conftest import Command

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
    assert "xn--fsqu00a.xn--0zwm56d. " in ended.out
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


def test_the_checks_are_said(posthouse: Command, monkeypatch: object) -> None:
    """What is wrong with DNS and ports is said, and does not fail."""
    import pytest

    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    monkeypatch.setattr("posthouse.app.dns_records.look", lambda *_: ["it has no MX record yet"])
    monkeypatch.setattr("posthouse.app.dns_records.addresses_of", lambda _host: ("192.0.2.7",))
    monkeypatch.setattr("posthouse.app.quickstart.port_problems", lambda _listen: ["25 is taken"])
    ended = posthouse.bare("quickstart", "you@example.net", "--loopback")
    assert "DNS: it has no MX record yet" in ended.err
    assert "port: 25 is taken" in ended.err
    assert "192.0.2.7" in ended.out
