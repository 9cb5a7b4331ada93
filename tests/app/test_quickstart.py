"""Setting up a site."""

import re
import socket
import tomllib
from pathlib import Path

import pytest

from posthouse.app.config_load import load_config
from posthouse.app.quickstart import (
    LOOPBACK,
    PRODUCTION,
    PortProblem,
    config_text,
    first_account,
    make_directory,
    port_problems,
    quoted,
    write_ours,
)
from posthouse.base.clock import SetClock
from posthouse.directory.manage import Manage, NotDone
from posthouse.store.memory import MemoryStore
from turn import run_now


def test_configurations_can_be_read(tmp_path: Path) -> None:
    """What is written is a whole configuration, wherever the data directory is."""
    for listen in (LOOPBACK, PRODUCTION):
        data = tmp_path / 'a "quoted" \\ folder 中'
        text = config_text("mail.example.org", data, listen)
        (tmp_path / "posthouse.toml").write_text(text)
        config = load_config(str(tmp_path / "posthouse.toml"))
        assert config.data == data
        assert config.hostname == "mail.example.org"
        read = tomllib.loads(text)["listen"]
        assert {name: tuple(addresses) for name, addresses in read.items()} == listen


@pytest.mark.parametrize("text", ["", "plain", 'a"b', "a\\b", "中文"])
def test_strings_are_quoted(text: str) -> None:
    """Any text comes back as it was."""
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}


def test_directory_is_private_and_kept(tmp_path: Path) -> None:
    """0700 and 0600, also where the directory was there before; a configuration is kept."""
    data = tmp_path / "deep" / "var"
    file = make_directory(data, "mail.example.org", LOOPBACK)
    assert data.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    data.chmod(0o755)
    file.write_text("hostname = 'kept.example'\n")
    make_directory(data, "mail.example.org", LOOPBACK)
    assert data.stat().st_mode & 0o777 == 0o700
    assert file.read_text() == "hostname = 'kept.example'\n"


def test_the_first_account() -> None:
    """Domain and account are made where they are missing, with a password that cannot be
    guessed."""
    store = MemoryStore(SetClock(1_795_000_000))
    manage = Manage(store, scram=False)
    made = run_now(first_account(store, manage, "安@例子.测试"))
    assert made.address == "安@例子.测试"
    assert len(made.password) >= 16
    again = run_now(first_account(store, manage, "安@例子.测试", "other"))
    assert again.password == ""
    given = run_now(first_account(store, manage, "bob@例子.测试", "secret"))
    assert given.password == "secret"
    run_now(manage.put_alias("info@例子.测试", ("bob@例子.测试",), new=True))
    with pytest.raises(NotDone, match="alias already"):
        run_now(first_account(store, manage, "info@例子.测试"))
    with pytest.raises(NotDone):
        run_now(first_account(store, manage, "nobody"))


def test_ports_that_are_taken() -> None:
    """Each with its service and why; free ones and unix sockets are no problem."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = port_problems({"smtp": (address, "127.0.0.1:0"), "lmtp": ("unix:lmtp.sock",)})
    assert found == [PortProblem(f"smtp on {address}: address already in use")]
    sentences = [p.sentence for p in port_problems({"smtp": ("*:0", "[::1]:0", "localhost:0")})]
    assert sentences in (
        [],
        ["smtp on [::1]:0: cannot assign requested address"],  # a machine without IPv6
    )
    (problem,) = port_problems({"smtp": ("192.0.2.1:0",)})
    assert problem.sentence.startswith("smtp on 192.0.2.1:0: cannot assign")


def test_ports_that_need_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not open them is told once, with all of them."""
    denied = PermissionError(13, "Permission denied")
    monkeypatch.setattr("posthouse.app.quickstart._try", lambda _host, _port: denied)
    (problem,) = port_problems({"smtp": ("127.0.0.1:25",), "imap": ("*:143", "[::]:143")})
    assert problem == PortProblem("only root, or systemd, may open 25, 143", is_forbidden=True)


def test_our_own_files_are_known(tmp_path: Path) -> None:
    """Written anew while nobody changed them, whatever they say; else the new one goes beside."""
    path = tmp_path / "deep" / "x.zone"
    assert write_ours(path, "one\n", comment=";") == path
    first = path.read_text()
    assert re.fullmatch(r"one\n; Made by posthouse quickstart, .*: [0-9a-f]{16}\n", first)
    assert write_ours(path, "two\n", comment=";") == path
    assert path.read_text().startswith("two\n")
    path.write_text(path.read_text() + "mine\n")
    beside = write_ours(path, "three\n", comment=";")
    assert beside == tmp_path / "deep" / "x.zone.new"
    assert beside.read_text().startswith("three\n")
    assert path.read_text().endswith("mine\n")
    path.write_text("all mine\n")
    assert write_ours(path, "four\n", comment=";") == beside


def test_whom_to_become(tmp_path: Path) -> None:
    """A user stands in the configuration when there is one."""
    assert "user =" not in config_text("a.test", tmp_path, LOOPBACK)
    assert 'user = "posthouse"\n' in config_text("a.test", tmp_path, LOOPBACK, "posthouse")
