"""The value of a log-in."""

import msgspec

from posthouse.store.values import AnyValue, Noted, RecordLogin


def test_it_survives_the_socket() -> None:
    """As a value of a unit and as one that rides along."""
    value = RecordLogin(1, 2, "imap", "2001:db8::1", "PLAIN", "TLSv1.3", "wrong password")

    for kind in (AnyValue, Noted):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind) == value
