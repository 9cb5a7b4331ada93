"""What a door offers in each state."""

from posthouse.wire.pop3.offer import Offer


def names(offer: Offer, **state: bool) -> set[str]:
    return set(offer.capabilities(**state).decode().split("\r\n"))


def test_greeting_has_no_stamp() -> None:
    """A client must not think that APOP is offered. RFC 1939 7"""
    assert b"<" not in Offer("mail.example").greeting


def test_stls_and_passwords() -> None:
    """STLS before TLS stands; USER and PLAIN only where a password may be sent. RFC 2595 4"""
    offer = Offer("mail.example", mechanisms=("SCRAM-SHA-256", "PLAIN"), stls=True)
    before = names(offer, has_tls=False, is_open=False)
    after = names(offer, has_tls=True, is_open=False)

    assert "STLS" in before
    assert "USER" not in before
    assert "SASL SCRAM-SHA-256" in before
    assert "STLS" not in after
    assert "USER" in after
    assert "SASL SCRAM-SHA-256 PLAIN" in after


def test_only_tls_can_be_bound_to() -> None:
    """-PLUS is not offered without it, not even where passwords may be sent. RFC 5802 6"""
    mechanisms = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")
    offer = Offer("mail.example", mechanisms=mechanisms, plaintext_auth=True)

    assert "SASL SCRAM-SHA-256" in names(offer, has_tls=False, is_open=False)
    assert "SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256" in names(offer, has_tls=True, is_open=False)


def test_no_mechanism_no_sasl() -> None:
    """An empty list is not announced. RFC 5034 3"""
    found = names(Offer("mail.example", mechanisms=("PLAIN",)), has_tls=False, is_open=False)

    assert not [name for name in found if name.startswith("SASL")]


def test_who_we_are_is_told_after_log_in() -> None:
    """RFC 2449 6.9"""
    offer = Offer("mail.example", implementation="X-1")

    assert "IMPLEMENTATION X-1" not in names(offer, has_tls=True, is_open=False)
    assert "IMPLEMENTATION X-1" in names(offer, has_tls=True, is_open=True)
