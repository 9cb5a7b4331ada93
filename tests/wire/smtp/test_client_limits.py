"""The limits of a host that we talk to."""

from dataclasses import fields

from posthouse.wire.smtp.client_limits import ClientLimits


def test_the_defaults_are_what_the_rfc_asks_for() -> None:
    """RFC 5321 4.5.3.2: at least so long; each limit has its meaning."""
    limits = ClientLimits()
    assert limits.greeting_seconds_max >= 300
    assert limits.command_seconds_max >= 300
    assert limits.data_seconds_max >= 120
    assert limits.block_seconds_max >= 180
    assert limits.dot_seconds_max >= 600
    assert all(field.metadata["meaning"].endswith((".", *"0123456789")) for field in fields(limits))
