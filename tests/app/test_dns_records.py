"""What to publish in the DNS, read back by the parsers of others."""

import shutil
import subprocess
from pathlib import Path

import dns.name
import dns.rdatatype
import dns.zone
import pytest

from posthouse.app.dns_records import PLACEHOLDER, Record, port_of, records, zone
from posthouse.app.quickstart import LOOPBACK, PRODUCTION

IDN = "xn--fsqu00a.xn--0zwm56d"
HEAD = """\
$TTL 3600
@ IN SOA ns.{0}. host.{0}. 1 7200 3600 86400 60
@ IN NS ns.{0}.
ns IN A 192.0.2.9
"""


def parsed(domain: str, text: str) -> dns.zone.Zone:
    """A whole zone with the records in it."""
    return dns.zone.from_text(HEAD.format(domain) + text, origin=domain, relativize=False)


def test_records_of_a_domain() -> None:
    """Addresses, MX, SPF for the domain and for the host, the services that clients look for."""
    found = records("example.org", "mail.example.org", ("192.0.2.7", "2001:db8::7"))
    assert [(r.name, r.kind, r.value) for r in found] == [
        ("mail.example.org", "A", "192.0.2.7"),
        ("mail.example.org", "AAAA", "2001:db8::7"),
        ("mail.example.org", "TXT", '"v=spf1 a -all"'),
        ("example.org", "MX", "10 mail.example.org."),
        ("example.org", "TXT", '"v=spf1 mx -all"'),
        ("_imaps._tcp.example.org", "SRV", "0 1 993 mail.example.org."),
        ("_imap._tcp.example.org", "SRV", "0 1 143 mail.example.org."),
        ("_pop3s._tcp.example.org", "SRV", "0 1 995 mail.example.org."),
        ("_pop3._tcp.example.org", "SRV", "0 1 110 mail.example.org."),
        ("_submissions._tcp.example.org", "SRV", "0 1 465 mail.example.org."),
        ("_submission._tcp.example.org", "SRV", "0 1 587 mail.example.org."),
    ]
    assert all(record.why for record in found)


def test_what_is_off_is_said_to_be_off() -> None:
    """A service without a listener, or with a unix socket only, has the root as its target."""
    listen = {**PRODUCTION, "pop3": (), "pop3s": ("unix:x",), "imap": ("*:1143",)}
    found = {r.name: r.value for r in records("example.org", "mx.example.org", (), listen)}
    assert found["_pop3._tcp.example.org"] == "0 0 0 ."
    assert found["_pop3s._tcp.example.org"] == "0 0 0 ."
    assert found["_imap._tcp.example.org"] == "0 1 1143 mx.example.org."


def test_who_tries_it_out_sees_the_ports_of_the_world() -> None:
    """Listeners on the loopback are not what would be published."""
    assert records("a.test", "b.a.test", (), LOOPBACK) == records("a.test", "b.a.test")
    assert port_of(("localhost:2993",), 993) == 993
    assert port_of(("[::1]:2993",), 993) == 993
    assert port_of(("192.0.2.1:2993",), 993) == 2993


def test_an_address_that_is_not_known_is_marked() -> None:
    """A placeholder that nobody has, with a comment that cannot be missed."""
    text = zone("example.org", records("example.org", "mail.example.org"))
    assert "; WRITE THE ADDRESS OF THIS SERVER HERE" in text
    assert PLACEHOLDER in text


def test_one_name_has_one_policy() -> None:
    """A host that is the domain itself gets no second SPF record. RFC 7208 3.2"""
    found = records("example.org", "example.org", ("192.0.2.7",))
    assert [r.value for r in found if r.kind == "TXT"] == ['"v=spf1 mx -all"']


@pytest.mark.parametrize(
    ("domain", "hostname"),
    [("example.org", "mail.example.org"), (IDN, f"mail.{IDN}"), ("example.org", "mx.example.net")],
    ids=["plain", "idn", "host elsewhere"],
)
def test_parsers_of_others_take_the_zone(tmp_path: Path, domain: str, hostname: str) -> None:
    """dnspython reads all of it inside a zone; so does BIND's checker where it is at hand."""
    found = records(domain, hostname, ("192.0.2.7", "2001:db8::7"))
    text = zone(domain, found)
    read = parsed(domain, text)
    inside = [r for r in found if r.name.endswith(domain)]
    for record in inside:
        name, kind = dns.name.from_text(record.name), dns.rdatatype.from_text(record.kind)
        assert record.value in [rr.to_text() for rr in read.find_rdataset(name, kind)]
    assert len([line for line in text.splitlines() if not line.startswith(";")]) == len(inside)
    checker = shutil.which("named-checkzone")
    if checker:
        whole = tmp_path / "zone"
        whole.write_text(HEAD.format(domain) + text)
        ran = subprocess.run([checker, domain, whole], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout
        assert "OK" in ran.stdout


def test_the_comments_help() -> None:
    """The domain as people write it, what belongs to another zone, the reverse name."""
    text = zone(IDN, records(IDN, "mx.example.net", ("192.0.2.7",)))
    assert text.startswith(f"; Mail of 例子.测试 ({IDN}): publish")
    assert "; where this server is: goes to the zone of mx.example.net\n; mx.example.net." in text
    assert "; 7.2.0.192.in-addr.arpa. IN PTR mx.example.net.\n" in text
    assert zone("example.org", []).startswith("; Mail of example.org: publish")


def test_lines_stand_in_columns() -> None:
    """As wide as the longest name."""
    assert Record("a.test", "MX", "10 b.", "why").line(10) == "a.test.    3600 IN MX   10 b."
