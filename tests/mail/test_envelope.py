import dataclasses

import pytest

from posthouse.mail.envelope import NULL_SENDER, Envelope, Recipient


def test_values() -> None:
    """An envelope is a value: what MAIL and RCPT leave out has its default, and nothing changes."""
    recipient = Recipient(address="bob@example.net")
    envelope = Envelope(sender=NULL_SENDER, recipients=(recipient,))
    assert (recipient.notify, recipient.original) == ((), "")
    assert (envelope.body, envelope.smtputf8) == ("7BIT", False)
    assert (envelope.envelope_id, envelope.returns) == ("", "")
    assert envelope == Envelope(sender="", recipients=(Recipient(address="bob@example.net"),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        envelope.sender = "eve@example.org"  # type: ignore[misc]
