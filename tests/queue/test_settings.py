"""[queue], [relay], [[route]]: what is no good is said at start."""

from pathlib import Path

from posthouse.queue.settings import QueueSettings, RelaySettings, Route


def test_the_defaults_are_what_the_rfc_asks_for() -> None:
    """RFC 5321 4.5.4.1: at least 30 minutes between late attempts, at least 4 days in all."""
    settings = QueueSettings()
    assert settings.retry_seconds_max >= 1800
    assert settings.lifetime_seconds >= 4 * 86_400
    assert settings.lease_seconds > settings.idle_seconds_max


def test_places_and_log_ins(tmp_path: Path) -> None:
    """host:port; a user has a password file that is there."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    assert RelaySettings().wrong() == []
    assert RelaySettings(smart_host="mx.example:25").wrong() == []
    assert [k for k, _ in RelaySettings(smart_host="mx.example").wrong()] == ["smart_host"]
    good = RelaySettings(
        smart_host="mx.example:587",
        smart_host_user="ann",
        smart_host_password_file=str(password),
    )
    assert good.wrong() == []
    assert RelaySettings(smart_host_user="ann").wrong()
    missing = Route(
        domain="example.net", to="[::1]:25", user="x", password_file=str(password) + "x"
    )
    assert [k for k, _ in missing.wrong()] == ["password_file"]


def test_domains_of_routes() -> None:
    """A domain, or all below one."""
    assert Route(domain="example.net", to="127.0.0.1:25").wrong() == []
    assert Route(domain=".example.net").wrong() == []
    assert [k for k, _ in Route(domain="a b", to="x").wrong()] == ["domain", "to"]
