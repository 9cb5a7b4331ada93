"""Residents are plain values."""

from posthouse.directory.residents import Resident


def test_a_resident_may_get_mail_unless_said_otherwise() -> None:
    """Enabled, no detail."""
    resident = Resident("ann@example.org", (1,))

    assert resident.enabled
    assert resident.detail == ""
