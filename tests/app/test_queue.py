"""The queue of a worker, put together from the configuration."""

from posthouse.app.config import Config, default_config
from posthouse.app.queue import routes_of
from posthouse.queue.settings import RelaySettings, Route


def test_routes_come_from_the_configuration() -> None:
    """Smart host and routes as they stand there; without them by DNS."""
    config = default_config()
    assert routes_of(config).destination("bob@example.net") == "example.net"
    parts = dict(config.parts)
    parts[RelaySettings] = RelaySettings(smart_host="smart.example:25")
    parts[Route] = (Route(domain="example.net", to="127.0.0.1:26"),)
    routes = routes_of(Config(None, parts))

    assert routes.destination("bob@example.net") == "via:127.0.0.1:26"
    assert routes.destination("bob@elsewhere.example") == "via:smart.example:25"
