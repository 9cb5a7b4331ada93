"""What to publish in the DNS, and what is published. No question leaves this machine."""

import dns.resolver
import pytest

from posthouse.app.dns_records import addresses_of, look, records, zone


def test_records_of_a_domain() -> None:
    """Addresses, MX, SPF and the services that clients look for."""
    found = records("example.org", "mail.example.org", ("192.0.2.7", "2001:db8::7"))
    assert [(r.name, r.kind, r.value) for r in found] == [
        ("mail.example.org", "A", "192.0.2.7"),
        ("mail.example.org", "AAAA", "2001:db8::7"),
        ("example.org", "MX", "10 mail.example.org."),
        ("example.org", "TXT", '"v=spf1 mx -all"'),
        ("_imaps._tcp.example.org", "SRV", "0 1 993 mail.example.org."),
        ("_imap._tcp.example.org", "SRV", "0 1 143 mail.example.org."),
    ]
    assert all(record.why for record in found)
    assert records("example.org", "mail.example.org")[0].value == "192.0.2.1"


def test_zone_is_a_piece_of_a_zone_file() -> None:
    """Absolute names, one record a line, read back by a parser of zones."""
    import dns.zone

    text = zone("example.org", records("example.org", "mail.example.org"))
    whole = f"@ 3600 IN SOA a. b. 1 2 3 4 5\n@ 3600 IN NS ns.example.net.\n$TTL 3600\n{text}"
    read = dns.zone.from_text(whole, origin="example.org", relativize=False)
    assert read.get_rdataset("example.org.", "MX")
    assert read.get_rdataset("_imaps._tcp.example.org.", "SRV")
    assert text.startswith("; mail of example.org")


class Answer:
    def __init__(self, exchange: str) -> None:
        self.exchange = exchange


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (["mail.example.org."], []),
        (["other.example.net.", "MAIL.example.org."], []),
        (["other.example.net."], ["the MX of example.org is other.example.net, not mail."]),
        (dns.resolver.NXDOMAIN(), ["example.org has no MX record yet"]),
        (dns.resolver.NoNameservers(), ["DNS could not be asked (NoNameservers)"]),
        (OSError("no network"), ["DNS could not be asked (OSError)"]),
    ],
    ids=["right", "among others", "wrong", "none", "no answer", "no network"],
)
def test_what_is_published(
    monkeypatch: pytest.MonkeyPatch, published: list[str] | Exception, said: list[str]
) -> None:
    """A sentence on what is missing or wrong, none when all is well, and never an exception."""

    def resolve(_self: object, _name: str, _kind: str) -> list[Answer]:
        if isinstance(published, Exception):
            raise published
        return [Answer(name) for name in published]

    monkeypatch.setattr(dns.resolver.Resolver, "__init__", lambda self: None)
    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    found = look("example.org", "mail.example.org")
    assert len(found) == len(said)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, said, strict=True))


def test_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a resolver's configuration is told so, not left with a traceback."""

    def no_file(_self: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "__init__", no_file)
    (sentence,) = look("example.org", "mail.example.org")
    assert sentence.startswith("DNS could not be asked")


def test_addresses_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them once, loopback left out; none where the name is not known."""

    def known(_host: str, _port: object, **_how: object) -> list[tuple[object, ...]]:
        return [
            (0, 0, 0, "", (address, 0))
            for address in ("127.0.1.1", "192.0.2.7", "192.0.2.7", "::1")
        ]

    monkeypatch.setattr("socket.getaddrinfo", known)
    assert addresses_of("mail.example.org") == ("192.0.2.7",)

    def unknown(*_: object, **__: object) -> None:
        raise OSError("unknown")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert addresses_of("mail.example.org") == ()
