"""[pop3] as the house adds to it."""

from posthouse.app.config import default_config
from posthouse.read.pop3.settings import Pop3Settings
from posthouse.wire.pop3.limits import Pop3Limits


def test_both_parts_are_one_section() -> None:
    """Fetching changes nothing by default, and a drop is locked for a minute at most."""
    settings = default_config()[Pop3Settings]

    assert not settings.mark_seen
    assert settings.lease_seconds == 60
    assert not set(Pop3Settings.__slots__) & set(Pop3Limits.__slots__)
