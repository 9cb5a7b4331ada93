"""Who may relay: nobody but those that are named."""

import pytest

from posthouse.decide.relay import NO_RELAY, RelayRule, RelayRuleSettings

RULE = RelayRule(
    RelayRuleSettings(networks=("192.0.2.0/24", "2001:db8::/32"), domains=("Example.NET",))
)


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::5", "::ffff:192.0.2.7"])
def test_hosts_of_a_network_send_to_anybody(peer: str) -> None:
    """Also where IPv4 comes as IPv6."""
    assert RULE.allows(peer, "bob@elsewhere.example")


@pytest.mark.parametrize("peer", ["192.0.3.7", "2001:db9::5", "", "fe80::1%eth0", "what"])
def test_others_send_to_the_domains_we_back_up(peer: str) -> None:
    """And to nobody else; a local part that looks like a way is none."""
    assert RULE.allows(peer, "bob@EXAMPLE.net")
    for address in ("bob@elsewhere.example", "bob%example.net@x.example", "example.net", "@"):
        assert not RULE.allows(peer, address)


def test_by_default_nobody() -> None:
    """Not even this machine."""
    assert not NO_RELAY.allows("127.0.0.1", "bob@example.net")


def test_what_the_configuration_may_say() -> None:
    """Networks with host bits and names that are none are refused."""
    wrong = RelayRuleSettings(networks=("192.0.2.1/24",), domains=("a b",)).wrong()
    assert [key for key, _ in wrong] == ["networks", "domains"]
    assert RelayRuleSettings(networks=("192.0.2.1",)).wrong() == []
