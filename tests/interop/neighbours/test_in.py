"""What real mail servers relay to the house: whole, over TLS, to each recipient once."""

import re

import pytest

from interop.neighbours.bodies import BODIES
from outside.clients import Smtp
from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import HOUSE, TLS_TO_HOUSE, Neighbourhood, make_letter, submit


@pytest.mark.parametrize("domain", list(TLS_TO_HOUSE), ids=["tls", "plain"])
@pytest.mark.parametrize("body", list(BODIES))
def test_the_octets_arrive(
    around: Neighbourhood, neighbour: Neighbour, body: str, domain: str
) -> None:
    """A text that the neighbour sends on is in the INBOX as it was."""
    letter = make_letter(BODIES[body])
    submit(neighbour.port, letter, _ann(neighbour), f"ann@{domain}")

    (found,) = around.at_house("ann", letter.token)
    assert found.partition(b"\r\n\r\n")[2] == letter.body


@pytest.mark.parametrize(("domain", "tls"), TLS_TO_HOUSE.items(), ids=["tls", "plain"])
def test_the_way_is_told(
    around: Neighbourhood, neighbour: Neighbour, domain: str, tls: bool
) -> None:
    """One Return-Path; our Received field names the neighbour and the TLS, theirs stands below."""
    letter = make_letter()
    submit(neighbour.port, letter, _ann(neighbour), f"ann@{domain}")

    (found,) = around.at_house("ann", letter.token)
    host = f"mail.{neighbour.settings.domain}"
    assert found.startswith(f"Return-Path: <{_ann(neighbour)}>\r\n".encode())
    assert found.lower().count(b"return-path:") == 1
    ours, theirs = found.split(b"\r\nReceived:")[1:3]
    assert f" from {host} ([127.0.0.1])\r\n".encode() in ours
    protocol = rb"with ESMTPS \(TLSv1\.[23] " if tls else rb"with ESMTP id "
    assert re.search(protocol, ours), ours
    assert f"by {host}".encode() in theirs


def test_each_recipient_once(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Two here and one there: each has the letter once, and here it came once."""
    letter = make_letter()
    there = neighbour.settings.domain
    submit(
        neighbour.port, letter, _ann(neighbour), f"ann@{HOUSE}", f"ben@{HOUSE}", f"ben@{there}"
    )  # fmt: skip

    around.at(neighbour, "ben", letter.token)
    around.at_house("ann", letter.token)
    around.at_house("ben", letter.token)
    around.emptied(neighbour)
    (one,), (other,) = (around.at_house(name, letter.token) for name in ("ann", "ben"))
    assert one == other


def test_a_letter_in_utf8(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Who speaks SMTPUTF8 sends us addresses and fields in UTF-8 as they are. RFC 6531"""
    if not neighbour.kind.speaks_utf8:
        assert _utf8_is_refused(neighbour)
        return
    letter = make_letter(subject="主题")
    submit(neighbour.port, letter, _utf8(neighbour), f"ann@{HOUSE}", words="BODY=8BITMIME SMTPUTF8")

    (found,) = around.at_house("ann", letter.token)
    assert f"\r\nSubject: 主题 {letter.token}\r\n".encode() in found
    assert found.startswith(f"Return-Path: <{_utf8(neighbour)}>\r\n".encode())
    assert b"with UTF8SMTPS " in found.split(b"\r\nReceived:")[1]


def test_a_letter_without_a_sender(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Reports and receipts come in with the empty Return-Path. RFC 5321 4.5.5"""
    letter = make_letter()
    submit(neighbour.port, letter, "", f"ben@{HOUSE}")

    (found,) = around.at_house("ben", letter.token)
    assert found.startswith(b"Return-Path: <>\r\n")


def _ann(neighbour: Neighbour) -> str:
    return f"ann@{neighbour.settings.domain}"


def _utf8(neighbour: Neighbour) -> str:
    return f"例子@{neighbour.settings.domain}"


def _utf8_is_refused(neighbour: Neighbour) -> bool:
    """It neither offers SMTPUTF8 nor takes what needs it."""
    with Smtp(neighbour.port, hello="") as client:
        client.expect(220)
        offered = client.ok(b"EHLO client.example")
        code, _ = client.command(f"MAIL FROM:<{_utf8(neighbour)}> SMTPUTF8".encode())
    return b"SMTPUTF8" not in offered and 500 <= code < 600
