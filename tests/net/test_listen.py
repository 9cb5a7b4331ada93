"""Addresses and listening sockets."""

import os
import socket
import stat
from pathlib import Path

import pytest

from posthouse.net import listen
from posthouse.net.listen import (
    Address,
    ListenFailed,
    activated,
    bound_address,
    close_listeners,
    open_listeners,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:25", Address("127.0.0.1", 25)),
        ("[::1]:25", Address("::1", 25)),
        ("*:25", Address("*", 25)),
        ("mail.example.org:0", Address("mail.example.org", 0)),
        ("unix:lmtp.sock", Address(path="lmtp.sock")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    """Each form is read, and written as it was."""
    assert parse_address(text) == address
    assert address.text == text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", "host:port"),
        ("25", "host:port"),
        (":25", "host:port"),
        ("host:", "a port from 0 to 65535"),
        ("host:65536", "a port from 0 to 65535"),
        ("host:２５", "a port from 0 to 65535"),
        ("::1:25", "brackets"),
        ("unix:", "a path"),
    ],
)
def test_what_is_no_address(text: str, allowed: str) -> None:
    """The error says what would be one."""
    with pytest.raises(ValueError, match=allowed):
        parse_address(text)


def test_tcp(tmp_path: Path) -> None:
    """Open, non-blocking, with the port that the kernel gave; all addresses are two sockets."""
    (one,) = open_listeners("smtp", Address("127.0.0.1", 0), data=tmp_path, backlog=5)
    assert bound_address(one).port > 0
    assert one.getblocking() is False
    every = open_listeners("smtp", Address("*", 0), data=tmp_path, backlog=5)
    assert {bound_address(s).host for s in every} <= {"0.0.0.0", "::"}
    close_listeners([one, *every])


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (Address("192.0.2.1", 0), "no such address"),
        (Address("no-such-host.invalid", 25), "no such host"),
        (Address(path="x" * 200), "longer than 107"),
        (Address(path="missing/l.sock"), "No such file"),
    ],
)
def test_errors_name_service_and_address(tmp_path: Path, address: Address, reason: str) -> None:
    """So that the administrator knows which line of the config it is."""
    with pytest.raises(ListenFailed, match=reason) as failed:
        open_listeners("smtp", address, data=tmp_path, backlog=5)
    assert f"smtp cannot listen on {address.text}" in str(failed.value)


def test_what_is_in_use(tmp_path: Path) -> None:
    """Ports and unix sockets that others serve are not taken from them."""
    (tcp,) = open_listeners("a", Address("127.0.0.1", 0), data=tmp_path, backlog=5)
    (unix,) = open_listeners("b", Address(path="l.sock"), data=tmp_path, backlog=5)
    for address in (bound_address(tcp), Address(path="l.sock")):
        with pytest.raises(ListenFailed, match="in use"):
            open_listeners("c", address, data=tmp_path, backlog=5)
    close_listeners([tcp, unix])


def test_unix_sockets(tmp_path: Path) -> None:
    """In the data directory, with their mode from the first moment; a dead one is replaced."""
    address = Address(path="l.sock")
    (first,) = open_listeners("lmtp", address, data=tmp_path, backlog=5, unix_mode=0o660)
    assert stat.S_IMODE((tmp_path / "l.sock").stat().st_mode) == 0o660
    first.close()  # as a crash does: the path stays
    (second,) = open_listeners("lmtp", address, data=tmp_path, backlog=5)
    assert stat.S_IMODE((tmp_path / "l.sock").stat().st_mode) == 0o600
    assert bound_address(second) == Address(path=str(tmp_path / "l.sock"))
    close_listeners([second])
    assert not (tmp_path / "l.sock").exists()


def test_sockets_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken only when they are for this process; each with its name. sd_listen_fds(3)"""
    made = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    base = 200
    for number, one in enumerate(made):
        os.dup2(one.fileno(), base + number)
    monkeypatch.setattr(listen, "FIRST_FD", base)
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "smtp"}

    assert activated(environ, 8) == []
    assert activated({}, 7) == []
    found = activated(environ, 7)
    assert [name for name, _ in found] == ["smtp", ""]
    assert [s.getsockname() for _, s in found] == [s.getsockname() for s in made]
    assert not any(s.getblocking() or os.get_inheritable(s.fileno()) for _, s in found)
    close_listeners(s for _, s in found)
    for one in made:
        one.close()


def test_what_is_not_permitted_has_a_hint() -> None:
    """A low port: the ways to it; a socket's folder: another one. Other failures have none."""
    denied = PermissionError(13, "Permission denied")
    port = ListenFailed("smtp", Address("*", 25), denied)
    assert port.is_forbidden
    assert "posthouse quickstart" in port.hint
    assert "setcap" in port.hint
    unix = ListenFailed("lmtp", Address(path="/run/x.sock"), denied)
    assert (
        str(unix) == "lmtp cannot listen on unix:/run/x.sock: not permitted to make a socket there"
    )
    assert unix.hint == "choose a folder that our user may write"
    taken = ListenFailed("smtp", Address("*", 25), OSError(98, "Address already in use"))
    assert not taken.is_forbidden
    assert taken.hint == ""


def test_a_path_that_cannot_be_removed_is_left(tmp_path: Path) -> None:
    """Its folder went away or is no longer ours: the end of a server does not fail over it."""
    (listener,) = open_listeners("lmtp", Address(path="l.sock"), data=tmp_path, backlog=5)
    (tmp_path / "l.sock").unlink()
    close_listeners([listener])
    assert listener.fileno() < 0
