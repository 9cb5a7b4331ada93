"""Houses and other hosts on loopback: letters go out, come back, and survive whatever dies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dns_world import SERVFAIL, DnsServer
from outside.hosts import Host, OtherHost
from outside.server import eventually
from remote_world import HANG


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """a.example and b.example, each the other's MX, found by DNS."""
    zone = {
        ("a.example", "MX"): ["5 mx.a.example."],
        ("b.example", "MX"): ["5 mx.b.example."],
        ("mx.a.example", "A"): ["127.0.0.1"],
        ("mx.b.example", "A"): ["127.0.0.1"],
        ("broken.example", "MX"): [SERVFAIL],
        ("null.example", "MX"): ["0 ."],
    }
    with DnsServer(zone) as dns:
        first = Host(tmp_path / "a", "a.example", dns=dns.address)
        second = Host(tmp_path / "b", "b.example", dns=dns.address, relay_port=first.smtp_port)
        first.config.write_text(
            first.config.read_text().replace("port = 25", f"port = {second.smtp_port}")
        )
        with first, second:
            first.people("ann")
            second.people("bob")
            yield first, second


def test_a_letter_goes_from_house_to_house(two: tuple[Host, Host]) -> None:
    """By MX and over TLS; nothing waits afterwards, and its trace tells the whole way."""
    first, second = two
    first.send("ann@a.example", "bob@b.example", "ann@a.example")
    (letter,) = eventually(lambda: second.inbox("bob"), what="the letter")

    assert b"Subject: over the hills" in letter
    assert b"with ESMTPS" in letter
    assert letter.count(b"Return-Path:") == 1
    assert len(first.inbox("ann")) == 1
    eventually(lambda: not first.queue(), what="an empty queue")
    (relayed,) = first.await_event("relay.relayed")
    identity = relayed.partition(" id=")[2].split()[0]
    told = eventually(
        lambda: text if "relayed" in (text := first.run("trace", identity).stdout) else "",
        what="the trace",
    )
    assert "host=mx.b.example[127.0.0.1]" in told


def test_an_unknown_user_comes_back(two: tuple[Host, Host]) -> None:
    """The other house refuses, this one reports; the report names both."""
    first, second = two
    first.send("ann@a.example", "nobody@b.example")
    (report,) = eventually(lambda: first.inbox("ann"), what="the report")

    assert b"Status: 5.1.1" in report
    assert b"Final-Recipient: rfc822; nobody@b.example" in report
    assert b"Remote-MTA: dns; mx.b.example[127.0.0.1]" in report
    assert not first.queue()
    # From a sender of the other house the report travels back.
    first.send("bob@b.example", "gone@null.example")
    (report,) = eventually(lambda: second.inbox("bob"), what="the report there")
    assert b"Status: 5.1.10" in report
    assert b"Return-Path: <>" in report


def test_what_cannot_be_looked_up_waits(two: tuple[Host, Host]) -> None:
    """SERVFAIL is no answer; `queue` shows it, holds it, and bounces it on demand."""
    first, _ = two
    first.send("ann@a.example", "x@broken.example")
    row = eventually(
        lambda: next((r for q in first.queue() for r in q["recipients"] if r["answer"]), None),
        what="an attempt",
    )

    assert "DNS" in row["answer"]
    identity = first.queue()[0]["id"]
    assert "x@broken.example" in first.run("mailq").stdout
    assert "SERVFAIL" in first.run("queue", "show", identity).stdout
    held = eventually(
        lambda: first.run("queue", "hold", "--destination", "broken.example").stderr.startswith(
            "1 of 1"
        ),
        what="the hold",
    )
    assert held
    assert first.queue()[0]["recipients"][0]["state"] == "held"
    assert "1 of 1" in first.run("queue", "bounce", identity).stderr
    (report,) = eventually(lambda: first.inbox("ann"), what="the report")
    assert b"taken out of the queue by the administrator" in report
    assert first.run("mailq").stdout == "Mail queue is empty\n"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[Host, OtherHost]]:
    """A house with a route to another host."""
    other = OtherHost()
    with other as remote:
        host = Host(tmp_path / "a", "a.example", queue={"lease_seconds": 60})
        host.route("far.example", remote.port)
        with host:
            host.people("ann")
            yield host, other


def test_a_queue_survives_kill_9(alone: tuple[Host, OtherHost]) -> None:
    """Every letter that was promised arrives after the restart, once."""
    host, other = alone
    remote = other.remote
    remote.script = {"MAIL": [b"451 not now"]}
    for number in range(30):
        host.send("ann@a.example", f"r{number}@far.example")
    host.kill()
    remote.script = {}
    remote.letters.clear()
    host.start()
    eventually(lambda: len(remote.letters) >= 30, what="all letters")
    eventually(lambda: not host.queue(), what="an empty queue")

    got = [recipient for taken in remote.letters for recipient in taken.recipients]
    assert sorted(got) == sorted(f"r{number}@far.example" for number in range(30))


def test_rows_of_a_dead_worker_are_taken_over(alone: tuple[Host, OtherHost]) -> None:
    """Its successor frees them at once; nobody waits for the lease."""
    host, other = alone
    remote = other.remote
    remote.script = {"MAIL": [HANG, b"250 ok"]}
    host.send("ann@a.example", "bob@far.example")
    eventually(lambda: any("MAIL" in line for line in remote.said), what="the attempt")
    (row,) = host.queue()[0]["recipients"]
    number = int(row["holder"][1])
    (pid,) = (p.pid for p in host.status().processes if p.kind == "worker" and p.number == number)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: remote.letters, what="the letter", seconds=20)

    assert len(remote.letters) == 1
    eventually(lambda: not host.queue(), what="an empty queue")


def test_a_stop_gives_back_what_was_not_begun(alone: tuple[Host, OtherHost]) -> None:
    """SIGTERM: the letter on its way is finished, the others wait for the next start."""
    host, other = alone
    remote = other.remote
    remote.seconds = 0.3
    for number in range(10):
        host.send("ann@a.example", f"r{number}@far.example")
    eventually(lambda: remote.open_now, what="a connection")
    assert host.stop() == 0
    states = {row["state"] for letter in host.queue() for row in letter["recipients"]}
    assert states <= {"waiting"}
    remote.seconds = 0.0
    host.start()
    eventually(lambda: not host.queue(), what="an empty queue")
    assert len(remote.letters) == 10


def test_an_alias_to_people_here_and_elsewhere(alone: tuple[Host, OtherHost]) -> None:
    """Each gets one copy, also when it came for the alias alone, from anybody."""
    host, other = alone
    host.run("alias", "add", "team@a.example", "ann@a.example", "x@far.example", "y@far.example")
    host.run("alias", "add", "away@a.example", "z@far.example")
    host.send("sam@elsewhere.example", "team@a.example")
    host.send("sam@elsewhere.example", "away@a.example")
    eventually(lambda: len(other.remote.letters) == 2, what="both letters")

    got = sorted(tuple(taken.recipients) for taken in other.remote.letters)
    assert got == [("x@far.example", "y@far.example"), ("z@far.example",)]
    assert {taken.sender for taken in other.remote.letters} == {"sam@elsewhere.example"}
    assert len(host.inbox("ann")) == 1
    eventually(lambda: not host.queue(), what="an empty queue")
