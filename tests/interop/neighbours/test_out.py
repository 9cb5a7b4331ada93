"""What the house relays to real mail servers: whole, over TLS, to each recipient once."""

import pytest

from interop.neighbours.bodies import BODIES
from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import HOUSE, Neighbourhood, make_letter, submit

ANN = f"ann@{HOUSE}"


@pytest.mark.parametrize("place", ["", "plain."], ids=["tls", "plain"])
@pytest.mark.parametrize("body", list(BODIES))
def test_the_octets_arrive(
    around: Neighbourhood, neighbour: Neighbour, body: str, place: str
) -> None:
    """A text is at the neighbour as it came to us."""
    letter = make_letter(BODIES[body])
    domain = f"{place}{neighbour.settings.domain}"
    submit(around.house.smtp_port, letter, ANN, f"ann@{domain}")

    (found,) = around.at(neighbour, "ann", letter.token)
    assert found.partition(b"\r\n\r\n")[2] == letter.body


def test_the_way_is_told(around: Neighbourhood, neighbour: Neighbour) -> None:
    """One Return-Path with the sender; the Received fields of both, theirs first. RFC 5321 4.4"""
    letter = make_letter(fields=b"X-Kept: two  blanks\r\n\tand a fold\r\n")
    submit(around.house.smtp_port, letter, ANN, f"ann@{neighbour.settings.domain}")

    (found,) = around.at(neighbour, "ann", letter.token)
    head = found.partition(b"\r\n\r\n")[0]
    assert head.lower().count(b"return-path:") == 1
    assert b"return-path: <ann@house.example>" in head.lower()
    theirs, ours = (
        head.find(b"by mail." + neighbour.settings.domain.encode()),
        head.find(b"by mail.house.example"),
    )
    assert 0 < theirs < ours
    assert b"mail.house.example" in head[:theirs]  # whom they heard
    assert b"\r\nX-Kept: two  blanks\r\n\tand a fold\r\n" in found


def test_tls_is_used_where_it_can_be(around: Neighbourhood, neighbour: Neighbour) -> None:
    """It is found offered and used; a neighbour that only seems to have it gets the letter too."""
    letter = make_letter()
    submit(around.house.smtp_port, letter, ANN, f"ann@{neighbour.settings.domain}")

    (found,) = around.at(neighbour, "ann", letter.token)
    assert (b"esmtps" in _their_field(found, neighbour)) == neighbour.serves_tls


def test_tls_is_not_used_where_it_may_not(around: Neighbourhood, neighbour: Neighbour) -> None:
    """A route that says never is kept to."""
    letter = make_letter()
    submit(around.house.smtp_port, letter, ANN, f"ann@plain.{neighbour.settings.domain}")

    (found,) = around.at(neighbour, "ann", letter.token)
    assert b"esmtps" not in _their_field(found, neighbour)


def test_a_route_that_insists_on_tls(around: Neighbourhood, neighbour: Neighbour) -> None:
    """The letter goes over TLS or waits; never in the clear."""
    letter = make_letter()
    recipient = f"ann@must.{neighbour.settings.domain}"
    submit(around.house.smtp_port, letter, ANN, recipient)

    if neighbour.serves_tls:
        (found,) = around.at(neighbour, "ann", letter.token)
        assert b"esmtps" in _their_field(found, neighbour)
    else:
        assert "TLS" in around.waiting(recipient)["answer"]
        around.house.run("queue", "drop", "--recipient", recipient)


def test_each_recipient_once(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Two there and one here: each has the letter once, the two by one transaction."""
    letter = make_letter()
    there = neighbour.settings.domain
    submit(
        around.house.smtp_port, letter, ANN, f"ann@{there}", f"sales@{there}", f"ben@{there}",
        f"ben@{HOUSE}",
    )  # fmt: skip

    around.at(neighbour, "ben", letter.token)
    around.at_house("ben", letter.token)
    around.settled()
    around.emptied(neighbour)
    for name in ("ben", "ann"):
        copies = around.at(neighbour, name, letter.token)
        # An alias of Ann's: some leave one copy, some two.
        assert len(copies) == 1 or (name == "ann" and len(copies) == 2)
    ids = {
        _their_id(copy)
        for n in ("ann", "ben")
        for copy in neighbour.inbox(n)
        if letter.token.encode() in copy
    }
    assert len(ids) == 1


def test_a_letter_without_a_sender(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Reports and receipts go out with the empty sender. RFC 5321 4.5.5"""
    letter = make_letter()
    submit(around.house.smtp_port, letter, "", f"ben@{neighbour.settings.domain}")

    (found,) = around.at(neighbour, "ben", letter.token)
    assert b"ann@house.example" not in found.partition(b"\r\nFrom:")[0]
    around.settled()


def test_a_letter_in_utf8(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Addresses and fields in UTF-8 go as they are to who speaks SMTPUTF8. RFC 6531"""
    letter = make_letter(
        subject="主题", fields="X-名: 例\r\n".encode().replace("X-名".encode(), b"X-Name")
    )
    recipient = f"例子@{neighbour.settings.domain}"
    submit(around.house.smtp_port, letter, ANN, recipient, words="BODY=8BITMIME SMTPUTF8")

    if neighbour.kind.speaks_utf8:
        (found,) = around.at(neighbour, "ann", letter.token)
        assert f"Subject: 主题 {letter.token}\r\n".encode() in found
        assert "X-Name: 例\r\n".encode() in found
        assert b" with utf8" in _their_field(found, neighbour)
    else:
        (report,) = around.at_house("ann", letter.token)
        assert b"Status: 5.6.7" in report  # RFC 6531 3.5
        assert b"Diagnostic-Code" not in report


def _their_field(found: bytes, neighbour: Neighbour) -> bytes:
    """The Received field of the neighbour, in lower case."""
    fields = found.partition(b"\r\n\r\n")[0].lower().split(b"\r\nreceived:")[1:]
    name = b"by mail." + neighbour.settings.domain.encode()
    (field,) = [field for field in fields if name in field]
    return field


def _their_id(found: bytes) -> bytes:
    """By which the neighbour knows the letter."""
    return found.partition(b" id ")[2].split()[0].rstrip(b";")
