"""What a door offers."""

import pytest

from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.service import SmtpService


def words(reply: bytes) -> list[str]:
    """The lines of an EHLO reply without their codes."""
    return [line[4:] for line in reply.decode().split("\r\n")[:-1]]


def test_every_extension_is_offered() -> None:
    """The limits stand in SIZE and LIMITS. RFC 1870 3, RFC 9422 4"""
    limits = SmtpLimits(letter_octets_max=70_000, recipients_max=200, letters_per_session_max=7)
    assert words(SmtpService("post.example", limits=limits).hello) == [
        "post.example",
        "PIPELINING",
        "SIZE 70000",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "BINARYMIME",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "LIMITS RCPTMAX=200 MAILMAX=7",
        "HELP",
    ]


@pytest.mark.parametrize(
    ("in_the_clear", "plain", "over_tls"),
    [(False, ["STARTTLS"], ["AUTH PLAIN"]), (True, ["STARTTLS", "AUTH PLAIN"], ["AUTH PLAIN"])],
)
def test_tls_and_auth_are_offered_in_turn(
    in_the_clear: bool, plain: list[str], over_tls: list[str]
) -> None:
    """STARTTLS until TLS stands, AUTH from then on or where allowed. RFC 3207 4.2, RFC 4954 4"""
    service = SmtpService(
        "post.example",
        tls_offered=True,
        auth_mechanisms=["plain"],
        plaintext_auth_allowed=in_the_clear,
    )
    assert [w for w in words(service.hello) if w.startswith(("STARTTLS", "AUTH"))] == plain
    assert [w for w in words(service.hello_tls) if w.startswith(("STARTTLS", "AUTH"))] == over_tls
    assert service.auth_mechanisms == ("PLAIN",)


def test_greetings_name_the_host_and_the_language() -> None:
    """RFC 5321 4.2, RFC 2033 4.1"""
    assert SmtpService("post.example").greeting == b"220 post.example ESMTP Posthouse\r\n"
    assert SmtpService("post.example", is_lmtp=True).greeting.startswith(b"220 post.example LMTP")
    assert SmtpService("post.example").helo == b"250 post.example\r\n"
    assert SmtpService("post.example").goodbye.startswith(b"221 2.0.0 post.example ")


def test_bound_mechanisms_need_tls() -> None:
    """What is bound to TLS is offered only inside it. RFC 5802 6"""
    service = SmtpService(
        "post.example",
        auth_mechanisms=["SCRAM-SHA-256-PLUS", "PLAIN"],
        plaintext_auth_allowed=True,
    )
    assert "AUTH PLAIN" in words(service.hello)
    assert "AUTH SCRAM-SHA-256-PLUS PLAIN" in words(service.hello_tls)


@pytest.mark.parametrize(
    ("mechanisms", "line"),
    [(["PLAIN", "LOGIN"], ["AUTH=LOGIN PLAIN"]), (["SCRAM-SHA-256"], []), ([], [])],
)
def test_old_clients_have_a_line_of_their_own(mechanisms: list[str], line: list[str]) -> None:
    """With an equals sign, and only what they can."""
    service = SmtpService("post.example", auth_mechanisms=mechanisms, old_auth_line=True)

    assert [word for word in words(service.hello_tls) if word.startswith("AUTH=")] == line
