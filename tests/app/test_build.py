"""What a key of [listen] means."""

from posthouse.app.build import SERVICES, WEB
from posthouse.app.config import Listen


def test_every_service_of_the_config_has_a_meaning() -> None:
    """The keys of [listen] and the services are the same; names that end in s are implicit TLS."""
    assert set(SERVICES) == set(Listen.__slots__)
    for name, service in SERVICES.items():
        assert service.implicit_tls == (name in ("submissions", "imaps", "pop3s"))
        if service.implicit_tls:
            assert SERVICES[name[:-1]].door == service.door
    assert WEB in SERVICES
