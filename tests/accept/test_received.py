"""The trace fields."""

import pytest

from posthouse.accept.received import literal, trace_fields


def fields(**changed: object) -> str:
    given: dict[str, object] = {
        "sender": "ann@example.net",
        "helo": "mx.example.net",
        "peer": "192.0.2.1",
        "by": "mail.example.org",
        "with_protocol": "ESMTP",
        "tls": "",
        "letter": "01X",
        "only_recipient": "bob@example.org",
        "now": 1_795_000_000.9,
    }
    return trace_fields(**{**given, **changed}).decode()  # type: ignore[arg-type]


def test_return_path_and_received() -> None:
    """Who sent it, from where, to whom, when, and our id."""
    assert fields() == (
        "Return-Path: <ann@example.net>\r\n"
        "Received: from mx.example.net ([192.0.2.1])\r\n"
        "\tby mail.example.org (Posthouse) with ESMTP id 01X\r\n"
        "\tfor <bob@example.org>;\r\n"
        "\tWed, 18 Nov 2026 11:06:40 +0000\r\n"
    )


def test_no_recipient_is_told_of_another() -> None:
    """With several recipients there is no `for`. RFC 5321 7.2"""
    assert "for <" not in fields(only_recipient="")


def test_the_null_sender_is_kept() -> None:
    """A bounce has an empty Return-Path. RFC 5321 4.5.5"""
    assert fields(sender="").startswith("Return-Path: <>\r\n")


@pytest.mark.parametrize("helo", ["a\r\nX-Evil: 1", "a(b)c;d", "", "x" * 5000, 'a"b<c>'])
def test_what_the_peer_says_cannot_make_fields(helo: str) -> None:
    """Line ends, comments and brackets are replaced."""
    first = fields(helo=helo).split("\r\n")[1]

    assert first.startswith("Received: from ")
    assert first.endswith(" ([192.0.2.1])")
    assert len(first) < 300
    assert first.count("(") == 1


def test_the_client_need_not_be_told() -> None:
    """Our own people's machines are nobody's business. RFC 5322 3.6.7"""
    text = fields(is_peer_told=False, with_protocol="ESMTPSA")

    assert "Received: by mail.example.org (Posthouse) with ESMTPSA id 01X\r\n\tfor <" in text
    assert "192.0.2.1" not in text
    assert "mx.example.net" not in text


def test_tls_and_ipv6() -> None:
    """TLS stands beside the protocol, IPv6 as a literal."""
    text = fields(tls="TLSv1.3 AES", peer="2001:db8::1", with_protocol="ESMTPS")

    assert "([IPv6:2001:db8::1])" in text
    assert "with ESMTPS (TLSv1.3 AES) id" in text
    assert literal("") == "[local]"
