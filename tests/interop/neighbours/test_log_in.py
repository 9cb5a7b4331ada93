"""Who sends through somebody else's server as one of its people: AUTH over TLS, both ways."""

from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import (
    HOUSE,
    LOG_IN_DOMAIN,
    Neighbourhood,
    make_letter,
    submit,
)

ANN = f"ann@{HOUSE}"


def test_we_are_their_smart_host(around: Neighbourhood, neighbour: Neighbour) -> None:
    """A neighbour logs in at our submission port and sends as Ann. RFC 6409, 4954"""
    letter = make_letter()
    submit(neighbour.port, letter, ANN, f"ben@{LOG_IN_DOMAIN}")

    (found,) = around.at_house("ben", letter.token)
    assert b" with ESMTPSA (TLSv1." in found.split(b"\r\nReceived:")[1]
    assert found.startswith(f"Return-Path: <{ANN}>\r\n".encode())


def test_what_is_not_theirs_to_send(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Logged in as Ann it sends as Ben of its own: refused, and its Ben is told."""
    letter = make_letter()
    submit(neighbour.port, letter, f"ben@{neighbour.settings.domain}", f"ben@{LOG_IN_DOMAIN}")

    (report,) = around.at(neighbour, "ben", letter.token)
    assert f"ben@{LOG_IN_DOMAIN}".encode() in report
    assert b"5.7.1" in report


def test_they_are_our_smart_host(around: Neighbourhood) -> None:
    """We log in at Exim over TLS, as the route says."""
    exim = around.neighbour("exim")
    letter = make_letter()
    submit(around.house.smtp_port, letter, ANN, "ann@known.exim.example")

    (found,) = around.at(exim, "ann", letter.token)
    assert b" with esmtpsa " in found.partition(b"\r\n\r\n")[0]
    assert b"A=served:ann" in exim.log.read_bytes()
