"""Domains that a letter names."""

import pytest
from tests.turn import run_now

from accept_house import World
from posthouse.base.errors import Refusal
from posthouse.decide import names
from posthouse.decide.inspector import Named
from posthouse.decide.names import decide_name, decide_names
from posthouse.mail.address import parse_address


class Dns:
    """Knows domains that begin with "good"; says nothing of those that begin with "silent"."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def takes_mail(self, domain: str) -> bool | None:
        self.asked.append(domain)
        return None if domain.startswith("silent") else domain.startswith("good")


def decided(*texts: str, field: str = "To", resolvable: str = "no") -> tuple[str, list[str]]:
    """Status of the refusal, "" for none, and what the DNS was asked."""
    dns = Dns()
    named = [Named(field, parse_address(text)) for text in texts]
    try:
        directory = World().house.directory
        run_now(decide_names(named, directory=directory, lookup=dns, resolvable=resolvable))
    except Refusal as refusal:
        return refusal.status, dns.asked
    return "", dns.asked


@pytest.mark.parametrize(
    ("text", "field", "status"),
    [
        ("a@host.example", "To", ""),
        ("a@host", "To", "5.1.3"),
        ("a@host", "From", "5.1.7"),
        ("a@intern", "To", ""),
        ("a@[192.0.2.1]", "To", ""),
    ],
)
def test_domains_are_fully_qualified(text: str, field: str, status: str) -> None:
    """But for ours, whatever they are called. RFC 5321 2.3.5"""
    assert decided(text, field=field) == (status, [])


@pytest.mark.parametrize(
    ("text", "field", "resolvable", "status", "asked"),
    [
        ("a@bad.example", "To", "no", "", []),
        ("a@bad.example", "To", "senders", "", []),
        ("a@bad.example", "From", "senders", "5.1.8", ["bad.example"]),
        ("a@bad.example", "To", "all", "5.1.2", ["bad.example"]),
        ("a@good.example", "To", "all", "", ["good.example"]),
        ("a@silent.example", "To", "all", "4.4.3", ["silent.example"]),
        ("a@example.org", "To", "all", "", []),
    ],
)
def test_the_dns_is_asked_where_configured(
    text: str, field: str, resolvable: str, status: str, asked: list[str]
) -> None:
    """Of others' domains only; silence is no verdict."""
    assert decided(text, field=field, resolvable=resolvable) == (status, asked)


def test_each_domain_is_asked_once_and_not_too_many() -> None:
    """One letter cannot make us ask for ever."""
    twice = decided("a@good.example", "b@good.example", resolvable="all")
    many = [f"a@good{n}.example" for n in range(names.DOMAINS_ASKED_MAX + 20)]

    assert twice == ("", ["good.example"])
    assert len(decided(*many, resolvable="all")[1]) == names.DOMAINS_ASKED_MAX


def test_an_address_of_the_envelope() -> None:
    """Nothing to decide for the null sender; broken domains are refused with their reason."""
    directory = World().house.directory
    for text in ("", "Postmaster"):
        assert run_now(decide_name("RCPT TO", text, directory=directory, lookup=None)) is None
    good = run_now(decide_name("RCPT TO", "a@b.example", directory=directory, lookup=None))
    assert good == parse_address("a@b.example")
    with pytest.raises(Refusal) as refusal:
        run_now(decide_name("RCPT TO", "a@b.1", directory=directory, lookup=None))
    assert refusal.value.say.startswith("RCPT TO: an IP address stands in brackets")
