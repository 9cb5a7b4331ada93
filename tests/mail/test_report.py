"""Delivery reports, read back by Python's own parser. RFC 3464, 6522, 6533"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.report import (
    SUBJECTS,
    Report,
    ReportedRecipient,
    one_line,
    write_report,
    xtext_decoded,
)

DATE = "Wed, 18 Nov 2026 11:06:40 +0000"
BOB = ReportedRecipient(
    address="bob@example.net",
    action="failed",
    status="5.1.1",
    said="550 5.1.1 no such user",
    original="rfc822;Bob@example.net",
    host="mx.example.net[192.0.2.1]:25",
)


def report(*recipients: ReportedRecipient, **given: Any) -> bytes:
    facts: dict[str, Any] = {
        "hostname": "mail.example.org",
        "to": "ann@example.org",
        "recipients": recipients or (BOB,),
        "letter": "01ABC",
        "arrived": DATE,
        "date": DATE,
        "message_id": "01xyz@mail.example.org",
        "envelope_id": "QQ314",
        "original": b"Subject: Hello\r\n\r\n",
    }
    return write_report(Report(**(facts | given)))


def parse(octets: bytes) -> EmailMessage:
    assert b"\n" not in octets.replace(b"\r\n", b"")
    parsed = message_from_bytes(octets, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_the_three_parts() -> None:
    """For people, for programs, and what it is about. RFC 6522 3"""
    parsed = parse(report())

    assert parsed.get_content_type() == "multipart/report"
    assert parsed["Content-Type"].params["report-type"] == "delivery-status"
    assert parsed["Auto-Submitted"] == "auto-replied"
    assert parsed["Subject"] == SUBJECTS["failed"]
    people, status, original = parsed.iter_parts()
    assert "mx.example.net[192.0.2.1]:25 said: 550 5.1.1 no such user" in people.get_content()
    assert status.get_content_type() == "message/delivery-status"
    assert original.get_content_type() == "text/rfc822-headers"
    assert "Subject: Hello" in original.get_content()


def test_the_part_for_programs() -> None:
    """The fields of RFC 3464 2.2 and 2.3."""
    _, status, _ = parse(report()).iter_parts()
    whole, bob = status.get_payload()

    assert whole["Reporting-MTA"] == "dns; mail.example.org"
    assert whole["Original-Envelope-Id"] == "QQ314"
    assert whole["Arrival-Date"] == DATE
    assert bob["Original-Recipient"] == "rfc822; Bob@example.net"
    assert bob["Final-Recipient"] == "rfc822; bob@example.net"
    assert (bob["Action"], bob["Status"]) == ("failed", "5.1.1")
    assert bob["Remote-MTA"] == "dns; mx.example.net[192.0.2.1]:25"
    assert bob["Diagnostic-Code"] == "smtp; 550 5.1.1 no such user"


def test_a_delay_says_until_when() -> None:
    """RFC 3464 2.3.9; what we say ourselves is no other host's word."""
    late = ReportedRecipient(
        address="bob@example.net", action="delayed", status="4.4.1", said="no host answers",
        tries_until=DATE,
    )  # fmt: skip
    _, status, _ = parse(report(late)).iter_parts()
    bob = status.get_payload()[1]

    assert bob["Will-Retry-Until"] == DATE
    assert bob["Remote-MTA"] is None
    assert bob["Diagnostic-Code"] is None


def test_addresses_with_utf8() -> None:
    """RFC 6533 3: their own type of part and of address."""
    zhang = ReportedRecipient(address="张@example.net", action="failed", status="5.6.7", said="no")
    octets = report(zhang, BOB)

    assert b"Content-Type: message/global-delivery-status" in octets
    assert "Final-Recipient: utf-8; 张@example.net".encode() in octets
    assert b"Final-Recipient: rfc822; bob@example.net" in octets


@pytest.mark.parametrize(
    ("original", "is_whole", "kind"),
    [
        (b"Subject: x\r\n\r\ny\r\n", True, b"message/rfc822"),
        ("Subject: ä\r\n\r\ny\r\n".encode(), True, b"message/global"),
        ("Subject: ä\r\n\r\n".encode(), False, b"message/global-headers"),
        (b"", False, b"text/rfc822-headers"),
    ],
)
def test_the_letter_comes_back(original: bytes, is_whole: bool, kind: bytes) -> None:
    """All of it or its header, octet for octet."""
    octets = report(original=original, is_whole=is_whole)

    assert b"Content-Type: " + kind + b"\r\n" in octets
    assert original in octets


def test_many_recipients() -> None:
    """People see the first fifty, programs all."""
    many = tuple(
        ReportedRecipient(address=f"r{n}@x.example", action="failed", status="5.0.0", said="no")
        for n in range(60)
    )
    octets = report(*many)

    assert octets.count(b"Final-Recipient:") == 60
    assert b"and 10 more" in octets


@given(st.text(max_size=50), st.text(max_size=2000), st.text(max_size=50))
def test_nothing_of_a_stranger_breaks_a_line(address: str, said: str, host: str) -> None:
    """Line ends, controls and length of an answer stay inside its field."""
    wild = ReportedRecipient(
        address=address, action="failed", status="5.0.0", said=said, host=host, original=address
    )
    octets = report(wild, envelope_id=one_line(said))

    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert all(len(line) < 4 * 998 for line in octets.split(b"\r\n"))
    assert octets.count(b"\r\nAction: ") == 1


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("abc", "abc"),
        ("a+2Bb+3D", "a+b="),
        ("+E5+BC+A0", "张"),
        ("+ZZ", "+ZZ"),
        ("+0D+0Ax", "x"),
        ("rfc822;张@x", "rfc822;张@x"),
    ],
)
def test_xtext(text: str, decoded: str) -> None:
    """RFC 3461 4; what is none stays, and line ends never get through."""
    assert xtext_decoded(text) == decoded
