"""What is published, asked of a name server of the test's own."""

import time
from pathlib import Path

import dns.resolver
import pytest

from dns_world import SERVFAIL, DnsServer, Zone
from posthouse.app import dns_look
from posthouse.app.dns_look import Names, addresses_of, local_addresses, look
from posthouse.app.dns_records import records

HOST, OURS = "mail.example.org", ("192.0.2.7", "2001:db8::7")
RIGHT: Zone = {
    (HOST, "A"): ["192.0.2.7"],
    (HOST, "AAAA"): ["2001:db8::7"],
    ("7.2.0.192.in-addr.arpa", "PTR"): [f"{HOST}."],
    (
        "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "PTR",
    ): ["Mail.Example.ORG."],
    ("example.org", "MX"): ["20 mx.example.net.", f"10 {HOST}."],
    ("example.org", "TXT"): ['"some other text"', '"v=spf1 mx" " -all"'],
    **{(r.name, "SRV"): [r.value] for r in records("example.org", HOST, OURS) if r.kind == "SRV"},
}
WANTED = records("example.org", HOST, OURS)


def said(zone: Zone, local: tuple[str, ...] = OURS) -> list[str]:
    with DnsServer(zone) as server:
        return look("example.org", HOST, WANTED, Names([server.address]), local)


def test_nothing_is_said_when_all_is_well() -> None:
    """Case does not matter, other MX hosts and other texts neither."""
    assert said(RIGHT) == []


def without(*keys: tuple[str, str]) -> Zone:
    return {key: value for key, value in RIGHT.items() if key not in keys}


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        (without(("example.org", "MX")), "example.org has no MX record yet"),
        ({**RIGHT, ("example.org", "MX"): ["0 ."]}, "example.org says that it takes no mail"),
        (
            {**RIGHT, ("example.org", "MX"): ["5 mx.example.net."]},
            f"the MX of example.org is mx.example.net, not {HOST}",
        ),
        (without((HOST, "A"), (HOST, "AAAA")), f"{HOST} has no address record yet"),
        ({**RIGHT, (HOST, "CNAME"): ["example.org."]}, f"{HOST} is an alias (CNAME)"),
        (
            without(("7.2.0.192.in-addr.arpa", "PTR")),
            f"the reverse name of 192.0.2.7 is missing, it should be {HOST}",
        ),
        (
            {**RIGHT, ("7.2.0.192.in-addr.arpa", "PTR"): ["pool-7.example.net."]},
            f"the reverse name of 192.0.2.7 is pool-7.example.net, it should be {HOST}",
        ),
        (without(("example.org", "TXT")), "example.org has no SPF record"),
        (
            {**RIGHT, ("example.org", "TXT"): ['"v=spf1 mx -all"', '"V=SPF1 -all"']},
            "example.org has 2 SPF records",
        ),
        (
            {**RIGHT, ("_imaps._tcp.example.org", "SRV"): [f"0 1 994 {HOST}."]},
            "example.org lacks SRV records, or they lead elsewhere: _imaps._tcp;",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(zone: Zone, begin: str) -> None:
    """One sentence for one fault, that begins with what it is about."""
    (sentence,) = said(zone)
    assert sentence.startswith(begin)


def test_another_machine_may_have_the_name() -> None:
    """Said as a question: behind a router it is right. Where we do not know ours, nothing is."""
    (sentence,) = said(RIGHT, ("10.0.0.5",))
    assert f"{HOST} is 192.0.2.7, 2001:db8::7, and this machine has 10.0.0.5" in sentence
    assert said(RIGHT, ()) == []


def test_a_service_that_is_off_need_not_be_published() -> None:
    """Only what leads clients to us is missed."""
    wanted = records("example.org", HOST, OURS, {"imaps": ("*:993",)})
    zone = without(("_pop3._tcp.example.org", "SRV"), ("_pop3s._tcp.example.org", "SRV"))
    with DnsServer(zone) as server:
        assert look("example.org", HOST, wanted, Names([server.address])) == []


def test_no_answer_ends_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """SERVFAIL or silence: one sentence with the name, in a few seconds."""
    monkeypatch.setattr(dns_look, "LOOK_SECONDS", 0.3)
    (sentence,) = said({**RIGHT, ("example.org", "MX"): [SERVFAIL]})
    assert sentence.startswith("the DNS could not be asked (example.org MX: ")
    began = time.monotonic()
    (sentence,) = look("example.org", HOST, WANTED, Names(["192.0.2.1:9"]))
    assert sentence.startswith("the DNS could not be asked (example.org MX: ")
    assert time.monotonic() - began < 5


def test_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a resolver's configuration is told so, not left with a traceback."""

    def no_file(_self: object, **_how: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "__init__", no_file)
    (sentence,) = look("example.org", HOST, WANTED, Names())
    assert "names no DNS server" in sentence
    assert addresses_of(HOST, Names()) == ()


def test_addresses_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are published; else those of this machine that the world can reach."""
    monkeypatch.setattr(dns_look, "local_addresses", lambda: ("10.0.0.5", "8.8.4.4"))
    with DnsServer(RIGHT) as server:
        names = Names([server.address])
        assert addresses_of(HOST, names) == OURS
        assert addresses_of("other.example", names) == ("8.8.4.4",)


def test_addresses_of_this_machine() -> None:
    """Whatever they are, they are addresses, and asking sends nothing."""
    assert all(Path(address).name == address for address in local_addresses())
