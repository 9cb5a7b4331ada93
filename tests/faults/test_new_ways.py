"""Routes, the smart host and limits that change while letters are on their way, by SIGHUP."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from outside.clients import Smtp
from outside.hosts import Host, OtherHost
from outside.server import eventually
from remote_world import Remote

LATER = {"RCPT": [b"451 4.2.1 not now"], "DATA": [b"503 5.5.1 nobody to send it to"]}


@pytest.fixture
def hosts() -> Iterator[tuple[Remote, Remote]]:
    with OtherHost() as first, OtherHost() as second:
        yield first, second


def house(folder: Path, **sections: object) -> Host:
    return Host(folder / "a", "a.example", **sections)


def reload(server: Host, *changes: tuple[str, str]) -> None:
    """Replaces texts of the configuration, or adds them; returns when it is in force."""
    text = server.config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new) if old else text + new
    server.config.write_text(text)
    count = len(server.events("config.reloaded")) + 1
    server.signal(signal.SIGHUP)
    server.await_event("config.reloaded", count)


def test_letters_that_wait_go_the_new_way(tmp_path: Path, hosts: tuple[Remote, Remote]) -> None:
    """A route is changed: what waits for the old host goes to the new one, and so does what comes;
    the supervisor is the same process.
    """
    first, second = hosts
    first.script.update(LATER)
    server = house(tmp_path)
    server.route("far.example", first.port)
    with server:
        server.people("ann")
        server.send("ann@a.example", "one@far.example")
        eventually(lambda: "RCPT TO:<one@far.example>" in "".join(first.said), what="a try")
        pid = server.status().supervisor
        reload(server, (f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}"))
        server.send("ann@a.example", "two@far.example")
        eventually(lambda: len(second.letters) == 2, what="both letters at the new host")
        assert {r for one in second.letters for r in one.recipients} == {
            "one@far.example",
            "two@far.example",
        }
        assert first.letters == []
        eventually(lambda: not server.queue(), what="an empty queue")
        assert server.status().supervisor == pid


def test_a_smart_host_that_comes_and_goes(tmp_path: Path, hosts: tuple[Remote, Remote]) -> None:
    """Everything goes through it from the reload on; without it again by route."""
    first, second = hosts
    server = house(tmp_path)
    server.route("far.example", first.port)
    with server:
        server.people("ann")
        smart = f'smart_host = "127.0.0.1:{second.port}"\n[relay]'
        reload(server, ("[relay]", f"[relay]\n{smart.removesuffix('[relay]')}"))
        server.send("ann@a.example", "x@other.example")
        server.send("ann@a.example", "x@far.example")
        eventually(lambda: len(second.letters) == 1, what="by the smart host")
        eventually(lambda: len(first.letters) == 1, what="by its own route")
        route = f'[[route]]\ndomain = "far.example"\nto = "127.0.0.1:{first.port}"\n'
        reload(server, (route, ""))
        server.send("ann@a.example", "y@far.example")
        eventually(lambda: len(second.letters) == 2, what="without its route")


def test_a_letter_on_its_way_is_not_sent_twice(
    tmp_path: Path, hosts: tuple[Remote, Remote]
) -> None:
    """The next host takes its time over the last dot while the configuration changes: the old
    worker waits for it, and no new one takes the letter meanwhile.
    """
    slow, _ = hosts
    slow.seconds = 3.0
    server = house(tmp_path)
    server.route("far.example", slow.port)
    with server:
        server.people("ann")
        server.send("ann@a.example", "one@far.example")
        eventually(lambda: "DATA" in "".join(slow.said), what="it is on its way")
        reload(server, ("[relay]", "[relay]\nsmart_host = '127.0.0.1:9'"))
        eventually(lambda: slow.letters, what="the letter")
        eventually(lambda: not server.queue(), what="an empty queue")
        assert len(slow.letters) == 1
        assert slow.most_open == 1


def test_limits_of_the_doors(tmp_path: Path) -> None:
    """The next session is told the new ones; one that is open ends as at a restart of a worker."""
    server = house(tmp_path)
    with server:
        with Smtp(server.ports["smtp"]) as old:
            assert b"SIZE 5" in old.ok(b"EHLO x")
            reload(server, ("", "[smtp]\nletter_octets_max = 70000\n"))
            assert old.line().startswith(b"421 ")
        with Smtp(server.ports["smtp"]) as new:
            assert b"SIZE 70000" in new.ok(b"EHLO x")


def test_what_needs_a_restart_is_named(tmp_path: Path) -> None:
    """The rest of the new configuration is in force; the line names the keys that are not."""
    server = house(tmp_path)
    with server:
        data = server.status().data
        reload(
            server,
            (f'data = "{data}"', f'data = "{tmp_path / "elsewhere"}"\nuser = "nobody"'),
            ("[relay]", "[relay]\nsmart_host = '127.0.0.1:9'"),
        )
        (line,) = server.events("config.needs_restart")
        assert 'keys="data user"' in line
        assert server.status().data == data
        assert not (tmp_path / "elsewhere").exists()
