"""What is offered."""

import pytest

from posthouse.wire.imap.offer import Offer


@pytest.mark.parametrize(
    ("has_tls", "plaintext_auth", "names"),
    [
        (False, False, b"IMAP4rev1 ID STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-256"),
        (False, True, b"IMAP4rev1 ID STARTTLS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN"),
        (
            True,
            False,
            b"IMAP4rev1 ID AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN",
        ),
    ],
)
def test_before_login(has_tls: bool, plaintext_auth: bool, names: bytes) -> None:
    """Before log-in: TLS, and the ways to log in that are safe on this connection."""
    offer = Offer(
        before=("ID",),
        mechanisms=("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"),
        starttls=True,
        plaintext_auth=plaintext_auth,
    )

    assert offer.capabilities(has_tls=has_tls, is_authenticated=False) == names
    assert offer.may_log_in(has_tls=has_tls) is (b"LOGINDISABLED" not in names)


def test_after_login() -> None:
    """After log-in the rest is offered, and no way to log in."""
    offer = Offer(before=("ID",), after=("IDLE", "Move"), starttls=True)

    assert offer.capabilities(has_tls=False, is_authenticated=True) == b"IMAP4rev1 ID IDLE Move"
    assert offer.extensions == {"ID", "IDLE", "MOVE"}


def test_no_certificate() -> None:
    """Without a certificate STARTTLS is not offered."""
    assert b"STARTTLS" not in Offer().capabilities(has_tls=False, is_authenticated=False)
