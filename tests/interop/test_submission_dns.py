"""Submission with a name server of the test's own, a queue behind it, and domains that are not."""

from pathlib import Path
from typing import Any

import pytest

from dns_world import SERVFAIL, DnsServer
from interop.programs import inbox
from outside.clients import Smtp
from outside.server import LOOPBACK, PASSWORD, Server

ANN = "ann@example.org"
ZONE: dict[tuple[str, str], Any] = {
    ("there.example", "MX"): ["10 mx.there.example."],
    ("null.example", "MX"): ["0 ."],
    ("host.example", "A"): ["192.0.2.1"],
    ("broken.example", "MX"): [SERVFAIL],
}


def logged_in(server: Server) -> Smtp:
    import base64

    client = Smtp(server.ports["submission"])
    word = base64.b64encode(f"\0{ANN}\0{PASSWORD}".encode())
    client.ok(b"AUTH PLAIN " + word)
    return client


def settings(dns: DnsServer, resolvable: str) -> dict[str, dict[str, object]]:
    return {
        "listen": {"submission": (LOOPBACK,)},
        "dns": {"servers": (dns.address,)},
        "tls": {"allow_plaintext_auth": True},
        "submission": {"resolvable": resolvable},
    }


@pytest.mark.parametrize("resolvable", ["no", "all"])
def test_domains_of_recipients(tmp_path: Path, resolvable: str) -> None:
    """Where configured a domain without mail is told at RCPT, else the queue finds out."""
    with DnsServer(ZONE) as dns, Server(tmp_path, settings(dns, resolvable)) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        with logged_in(server) as client:
            client.ok(f"MAIL FROM:<{ANN}>".encode())
            found = {
                name: client.command(f"RCPT TO:<x@{name}.example>".encode())[0]
                for name in ("there", "host", "null", "nowhere", "broken")
            }
    fine = dict.fromkeys(found, 250)
    assert found == (
        fine if resolvable == "no" else fine | {"null": 550, "nowhere": 550, "broken": 450}
    )
    assert bool(dns.asked) is (resolvable == "all")


def test_local_and_outside_in_one_unit(tmp_path: Path) -> None:
    """One letter: the local recipient has it at once, the other one waits in the queue."""
    with DnsServer(ZONE) as dns, Server(tmp_path, settings(dns, "no")) as server:
        server.add_domain("example.org")
        server.add_account(ANN)
        with logged_in(server) as client:
            text = f"From: {ANN}\r\nSubject: both\r\n\r\nHello\r\n".encode()
            assert client.deliver(text, ANN, "eve@broken.example", sender=ANN) == 250
        (letter,) = inbox(server, ANN)
        assert b"Subject: both" in letter
        assert "eve@broken.example" in server.run("queue", "list").stdout
