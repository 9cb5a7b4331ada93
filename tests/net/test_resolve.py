"""DNS against a server in the test: what exists, what does not, what nobody can say."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dns_world import FORGED, GARBAGE, SERVFAIL, SILENT, TRUNCATED, DnsServer
from posthouse.base.clock import SetClock
from posthouse.net.resolve import (
    DnsSettings,
    LookupFailed,
    Resolver,
    server_of,
    system_servers,
)

ZONE = {
    ("example.net", "MX"): ["20 b.example.net.", "10 a.example.net."],
    ("a.example.net", "A"): ["192.0.2.1", "192.0.2.2"],
    ("a.example.net", "AAAA"): ["2001:db8::1"],
    ("b.example.net", "CNAME"): ["c.example.net."],
    ("c.example.net", "A"): ["192.0.2.9"],
    ("null.example", "MX"): ["0 ."],
    ("bare.example", "A"): ["192.0.2.3"],
    ("broken.example", "MX"): [SERVFAIL],
    ("half.example", "AAAA"): [SERVFAIL],
    ("half.example", "A"): ["192.0.2.4"],
    ("silent.example", "MX"): [SILENT],
    ("garbage.example", "MX"): [GARBAGE],
    ("large.example", "TXT"): [TRUNCATED, '"a" "b"'],
    ("forged.example", "A"): [FORGED, "192.0.2.5"],
    ("loop.example", "CNAME"): ["loop.example."],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["a.example.net."],
}


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer(ZONE) as server:
        yield server


def ask(
    dns: DnsServer, questions: Callable[[Resolver], Awaitable[Any]], clock: SetClock | None = None
) -> Any:
    """The answer, by a resolver of its own."""

    async def run() -> Any:
        settings = DnsSettings(servers=(dns.address,), try_seconds_max=0.2, tries_max=2)
        resolver = Resolver(asyncio.get_running_loop(), clock or SetClock(), settings)
        try:
            return await questions(resolver)
        finally:
            await resolver.close()

    return asyncio.run(run())


def test_exchangers(dns: DnsServer) -> None:
    """MX records with their preference; none; no such domain: three different answers."""
    found = ask(dns, lambda r: r.exchangers("Example.NET."))
    assert sorted(found) == [(10, "a.example.net."), (20, "b.example.net.")]
    assert ask(dns, lambda r: r.exchangers("null.example")) == [(0, ".")]
    assert ask(dns, lambda r: r.exchangers("bare.example")) == []
    assert ask(dns, lambda r: r.exchangers("nowhere.example")) is None


def test_addresses(dns: DnsServer) -> None:
    """Both families in turn, aliases followed, localhost never asked for."""
    first, *others = ask(dns, lambda r: r.addresses("a.example.net"))
    assert first == "2001:db8::1"
    assert sorted(others) == ["192.0.2.1", "192.0.2.2"]  # a set of records has no order
    assert ask(dns, lambda r: r.addresses("b.example.net")) == ["192.0.2.9"]
    assert ask(dns, lambda r: r.addresses("nowhere.example")) == []
    asked = len(dns.asked)
    assert ask(dns, lambda r: r.addresses("localhost.")) == ["127.0.0.1"]
    assert len(dns.asked) == asked


def test_one_family_that_fails_does_not_hide_the_other(dns: DnsServer) -> None:
    """An address is an address, whoever could not be asked for more."""
    assert ask(dns, lambda r: r.addresses("half.example")) == ["192.0.2.4"]


@pytest.mark.parametrize("name", ["broken", "silent", "garbage"])
def test_what_nobody_can_say(dns: DnsServer, name: str) -> None:
    """SERVFAIL, silence and garbage raise; they never mean that there is no such name."""
    with pytest.raises(LookupFailed) as failed:
        ask(dns, lambda r: r.exchangers(f"{name}.example"))

    assert f"{name}.example MX" in str(failed.value)
    assert len(dns.asked) == 2


def test_a_loop_of_aliases_ends(dns: DnsServer) -> None:
    """It is a failure, and no endless walk."""
    with pytest.raises(LookupFailed):
        ask(dns, lambda r: r.look_up("loop.example", "A"))


def test_a_large_answer_comes_by_tcp(dns: DnsServer) -> None:
    """RFC 7766 5; the strings of a record are joined."""
    assert ask(dns, lambda r: r.texts("large.example")) == [b"ab"]


def test_forged_datagrams_pass_by(dns: DnsServer) -> None:
    """Another id, another question, no message: the true answer is awaited."""
    assert ask(dns, lambda r: r.addresses("forged.example")) == ["192.0.2.5"]


def test_names(dns: DnsServer) -> None:
    """An address back to its name."""
    assert ask(dns, lambda r: r.names("192.0.2.1")) == ["a.example.net"]


def test_one_question_for_many(dns: DnsServer) -> None:
    """Who asks the same at the same time shares the answer; one that gives up takes it from
    nobody."""
    dns.pause_seconds = 0.05

    async def many(resolver: Resolver) -> Any:
        impatient = asyncio.ensure_future(resolver.exchangers("example.net"))
        others = [asyncio.ensure_future(resolver.exchangers("example.net")) for _ in range(50)]
        await asyncio.sleep(0.01)
        impatient.cancel()
        return await asyncio.gather(*others)

    found = ask(dns, many)

    assert all(len(each) == 2 for each in found)
    assert len(dns.asked) == 1


def test_answers_are_kept_as_long_as_they_hold(dns: DnsServer) -> None:
    """The least TTL counts; what does not exist is kept too, what failed only for a moment."""
    clock = SetClock()

    async def run(resolver: Resolver) -> list[int]:
        counts = []
        for seconds in (0, 29, 2, 270, 5):
            clock.advance(seconds)
            await resolver.exchangers("example.net")
            await resolver.exchangers("nowhere.example")
            counts.append(resolver.asked)
        resolver.forget()
        await resolver.exchangers("example.net")
        return [*counts, resolver.asked]

    counts = ask(dns, run, clock)
    assert counts[0] == counts[1]
    assert counts[1] < counts[2]

    async def failing(resolver: Resolver) -> int:
        for seconds in (0, 4, 2):
            clock.advance(seconds)
            with pytest.raises(LookupFailed):
                await resolver.exchangers("broken.example")
        return resolver.asked

    assert ask(dns, failing, clock) == 4


def test_names_that_cannot_be() -> None:
    """A label that is too long or empty is no question: such a name does not exist."""
    with DnsServer({}) as dns:
        assert ask(dns, lambda r: r.exchangers("x" * 64 + ".example")) is None
        assert ask(dns, lambda r: r.addresses("a..b")) == []
        assert dns.asked == []


def test_the_next_server_is_asked(dns: DnsServer) -> None:
    """One that is not there costs no answer."""

    async def run() -> Any:
        settings = DnsSettings(servers=("127.0.0.1:9", dns.address), try_seconds_max=0.2)
        return await Resolver(asyncio.get_running_loop(), SetClock(), settings).addresses(
            "bare.example"
        )

    assert asyncio.run(run()) == ["192.0.2.3"]


def test_servers(tmp_path: Path) -> None:
    """As the configuration and /etc/resolv.conf write them."""
    assert server_of("192.0.2.1") == ("192.0.2.1", 53)
    assert server_of("192.0.2.1:5353") == ("192.0.2.1", 5353)
    assert server_of("2001:db8::1") == ("2001:db8::1", 53)
    assert server_of("[2001:db8::1]:54") == ("2001:db8::1", 54)
    for wrong in ("localhost", "192.0.2.1:0", "192.0.2.1:x", ""):
        assert DnsSettings(servers=(wrong,)).wrong()
    assert DnsSettings(servers=("192.0.2.1",)).wrong() == []
    file = tmp_path / "resolv.conf"
    assert system_servers(file) == [("127.0.0.1", 53)]
    file.write_text("search x\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver what\n")
    assert system_servers(file) == [("192.0.2.1", 53), ("fe80::1", 53)]
