"""The listening sockets over the life of a server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posthouse.app.config import Config
from posthouse.app.config_load import parse_config
from posthouse.app.openings import Openings
from posthouse.base.clock import SetClock
from posthouse.base.log import Log
from posthouse.net.listen import ListenFailed

ALL_OFF = dict.fromkeys(
    ("smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "managesieve"),
    (),
)


def config_of(data: Path, **listen: tuple[str, ...]) -> Config:
    texts = [f"{k} = {list(v)}" for k, v in ({"http": (), **ALL_OFF} | listen).items()]
    return parse_config(f"data = '{data}'\n[listen]\n" + "\n".join(texts), None, {})


@contextmanager
def openings_of(
    *doors: str, activated: list[tuple[str, socket.socket]] | None = None
) -> Iterator[tuple[Openings, list[bytes]]]:
    lines: list[bytes] = []
    openings = Openings(doors, activated or [], Log(SetClock(), lines.append))
    yield openings, lines
    openings.close()


def test_a_service_without_a_door_stays_closed(tmp_path: Path) -> None:
    """It is told once, and what has a door is opened."""
    config = config_of(
        tmp_path, smtp=("127.0.0.1:0",), pop3=("127.0.0.1:0",), lmtp=("unix:l.sock",)
    )
    with openings_of("smtp") as (openings, lines):
        openings.adopt(config)
        assert list(openings.addresses()) == ["smtp"]
    assert b"serve.no_door_yet" in lines[0]
    assert b'services="lmtp pop3"' in lines[0]


def test_a_new_config_keeps_what_stays(tmp_path: Path) -> None:
    """The same address is the same socket; what is gone is given back to be closed later."""
    with openings_of("smtp", "imap", "lmtp") as (openings, _):
        openings.adopt(config_of(tmp_path, smtp=("127.0.0.1:0",), lmtp=("unix:l.sock",)))
        before = dict(openings.sockets())
        left = openings.adopt(config_of(tmp_path, smtp=("127.0.0.1:0",), imap=("127.0.0.1:0",)))
        after = dict(openings.sockets())
        assert after["smtp"] is before["smtp"]
        assert set(after) == {"smtp", "imap"}
        assert [opening.service for opening in left] == ["lmtp"]
        assert (tmp_path / "l.sock").exists()
        openings.close(left)
        assert not (tmp_path / "l.sock").exists()


def test_when_one_fails_nothing_has_changed(tmp_path: Path) -> None:
    """An address in use: the error names it, and the sockets are as before."""
    with (
        openings_of("smtp", "imap") as (openings, _),
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        openings.adopt(config_of(tmp_path, smtp=("127.0.0.1:0",)))
        before = openings.addresses()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenFailed, match=f"imap cannot listen on {address}: .* in use"):
            openings.adopt(config_of(tmp_path, smtp=("127.0.0.1:0",), imap=(address,)))
        assert openings.addresses() == before


def test_sockets_of_systemd_are_taken(tmp_path: Path) -> None:
    """By the name of the service, or by standing where the config wants one."""
    named, placed = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "l.sock"))
    address = f"127.0.0.1:{placed.getsockname()[1]}"
    given = [("smtp", named), ("", placed), ("posthouse.socket", unix)]
    config = config_of(tmp_path, smtp=("127.0.0.1:2525",), imap=(address,), lmtp=("unix:l.sock",))
    with openings_of("smtp", "imap", "lmtp", activated=given) as (openings, _):
        openings.adopt(config)
        assert dict(openings.sockets()) == {"smtp": named, "imap": placed, "lmtp": unix}


def test_what_systemd_opened_stays_systemd_s(tmp_path: Path) -> None:
    """Closing it leaves its path: systemd listens there still and starts us again for the next."""
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "l.sock"))
    config = config_of(tmp_path, lmtp=("unix:l.sock",))
    with openings_of("lmtp", activated=[("posthouse.socket", unix)]) as (openings, _):
        openings.adopt(config)
        openings.close()
        assert unix.fileno() < 0
    assert (tmp_path / "l.sock").exists()


def test_what_nobody_wants_is_closed_and_said(tmp_path: Path) -> None:
    """A client of such a socket must not wait unheard."""
    surplus = socket.create_server(("127.0.0.1", 0))
    port = surplus.getsockname()[1]
    with openings_of("smtp", activated=[("web", surplus)]) as (openings, lines):
        openings.adopt(config_of(tmp_path))
        openings.tell_unused()
        openings.tell_unused()
    assert surplus.fileno() < 0
    (line,) = lines
    assert b"serve.socket_unused" in line
    assert b"name=web address=127.0.0.1:%d" % port in line


@pytest.mark.parametrize("mode", ["0600", "0666"])
def test_the_lmtp_socket_has_the_mode_of_the_config(tmp_path: Path, mode: str) -> None:
    """Who may hand letters in is the site's to say; other sockets are the group's."""
    text = f"data = '{tmp_path}'\n[listen]\nlmtp = ['unix:l.sock']\n"
    config = parse_config(f"{text}[lmtp]\nsocket_mode = '{mode}'\n", None, {})
    with openings_of("lmtp") as (openings, _):
        openings.adopt(config)
        assert (tmp_path / "l.sock").stat().st_mode & 0o777 == int(mode, 8)


def test_a_new_mode_for_a_socket_that_stays(tmp_path: Path) -> None:
    """A reload gives it the mode of the new configuration; a path that somebody took is no
    trouble.
    """
    text = f"data = '{tmp_path}'\n[listen]\nlmtp = ['unix:l.sock']\n[lmtp]\nsocket_mode = "
    with openings_of("lmtp") as (openings, _):
        openings.adopt(parse_config(f"{text}'0600'", None, {}))
        openings.adopt(parse_config(f"{text}'0666'", None, {}))
        assert (tmp_path / "l.sock").stat().st_mode & 0o777 == 0o666
        (tmp_path / "l.sock").unlink()
        openings.adopt(parse_config(f"{text}'0600'", None, {}))
