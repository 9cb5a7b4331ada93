"""Where a letter goes next. RFC 5321 5.1, RFC 7505"""

from pathlib import Path

import pytest

from posthouse.base.chance import as_given
from posthouse.queue.route import (
    LOOP,
    NO_DOMAIN,
    NULL_MX,
    FixedHost,
    Routes,
    hosts_of,
    literal_address,
)
from posthouse.queue.settings import RelaySettings, Route

ROUTES = Routes(
    RelaySettings(smart_host="smart.example:587", smart_host_tls="verify"),
    [
        Route(domain="Example.net", to="127.0.0.1:2626"),
        Route(domain=".example.net", to="[::1]:24", protocol="lmtp"),
        Route(domain="direct.example"),
    ],
)


@pytest.mark.parametrize(
    ("address", "destination"),
    [
        ("bob@example.NET", "via:127.0.0.1:2626"),
        ("bob@a.b.example.net", "via:lmtp:::1:24"),
        ("bob@direct.example", "direct.example"),
        ("bob@elsewhere.example", "via:smart.example:587/verify"),
        ("bob@[192.0.2.1]", "via:smart.example:587/verify"),
        ("bob@bücher.example", "via:smart.example:587/verify"),
        ("no address", ""),
    ],
)
def test_routes_go_before_the_smart_host(address: str, destination: str) -> None:
    """The exact domain, then those above it, then the smart host; "" where nothing can be done."""
    assert ROUTES.destination(address) == destination


def test_fixed_hosts() -> None:
    """A destination leads back to its host; what the configuration names no more is by DNS."""
    assert ROUTES.fixed("via:smart.example:587/verify") == FixedHost(
        host="smart.example", port=587, tls="verify"
    )
    lmtp = ROUTES.fixed("via:lmtp:::1:24")
    assert lmtp is not None
    assert lmtp.is_lmtp
    assert ROUTES.fixed("via:gone.example:25") is None
    assert Routes(RelaySettings(), []).destination("bob@BÜCHER.example") == "xn--bcher-kva.example"


def test_two_routes_to_one_host_keep_their_own_ways() -> None:
    """What must go over TLS, or as somebody, does not share a connection with what need not."""
    place = "127.0.0.1:2626"
    given = [
        Route(domain="open.example", to=place, tls="never"),
        Route(domain="may.example", to=place),
        Route(domain="closed.example", to=place, tls="must"),
        Route(domain="ann.example", to=place, tls="must", user="ann", password_file="a"),
        Route(domain="ben.example", to=place, tls="must", user="ben", password_file="b"),
    ]
    routes = Routes(RelaySettings(), given)

    destinations = [routes.destination(f"x@{route.domain}") for route in given]
    assert len(set(destinations)) == len(given)
    assert destinations[1] == "via:127.0.0.1:2626"
    for route, destination in zip(given, destinations, strict=True):
        fixed = routes.fixed(destination)
        assert fixed is not None
        assert (fixed.tls, fixed.user, fixed.password_file) == (
            route.tls, route.user, route.password_file,
        )  # fmt: skip


def test_a_password_is_read_when_it_is_needed(tmp_path: Path) -> None:
    """Its first line; a new one is used at once."""
    file = tmp_path / "password"
    host = FixedHost(host="x", port=1, user="ann", password_file=str(file))
    file.write_text("one\r\ntwo\n")
    assert host.password == "one"
    file.write_text(" two ")
    assert host.password == " two "


def hosts(records: list[tuple[int, str]] | None, *own: str) -> object:
    return hosts_of("example.net", records, own_names=frozenset(own), shuffle=as_given)


def test_the_best_preference_first() -> None:
    """Equal ones in any order, no host twice, without the final dot."""
    records = [(20, "C."), (10, "b.example."), (10, "a.example."), (30, "c.")]
    assert hosts(records) == ["a.example", "b.example", "c"]
    turned = hosts_of(
        "x", records, own_names=frozenset(), shuffle=lambda items: list(reversed(items))
    )
    assert turned == ["b.example", "a.example", "c"]


def test_without_records() -> None:
    """No MX: the domain itself; no domain: for good; one ".": nobody takes mail there."""
    assert hosts([]) == ["example.net"]
    assert hosts(None) is NO_DOMAIN
    assert hosts([(0, ".")]) is NULL_MX
    assert hosts([(0, "."), (5, "a.")]) == ["a"]


def test_loops_to_ourselves() -> None:
    """With us among the hosts only better ones are left. RFC 5321 5.1"""
    records = [(10, "a."), (20, "me."), (20, "b."), (30, "c.")]
    assert hosts(records, "me") == ["a"]
    assert hosts([(10, "me.")], "me") is LOOP
    assert hosts([], "example.net") is LOOP


def test_address_literals() -> None:
    """RFC 5321 4.1.3"""
    assert literal_address("[192.0.2.1]") == "192.0.2.1"
    assert literal_address("[IPv6:2001:db8::1]") == "2001:db8::1"
    assert literal_address("example.net") == ""
