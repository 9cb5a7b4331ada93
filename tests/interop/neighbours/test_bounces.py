"""Who is not there: reports travel back, in both directions, and never start another one."""

import re

from interop.neighbours.bodies import BODIES
from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import (
    HOUSE,
    HOUSE_LETTER_OCTETS_MAX,
    Neighbourhood,
    make_letter,
    submit,
)

ANN = f"ann@{HOUSE}"


def test_an_unknown_user_there(around: Neighbourhood, neighbour: Neighbour) -> None:
    """Our report tells our sender who, where, and what the neighbour said. RFC 3464"""
    letter = make_letter()
    ghost = f"ghost@{neighbour.settings.domain}"
    submit(around.house.smtp_port, letter, ANN, ghost, f"ben@{neighbour.settings.domain}")

    around.at(neighbour, "ben", letter.token)
    (report,) = around.at_house("ann", letter.token)
    assert report.startswith(b"Return-Path: <>\r\n")
    text = report.decode()
    assert f"Final-Recipient: rfc822; {ghost}\r\nAction: failed\r\n" in text
    assert re.search(r"^Status: 5\.(1\.1|0\.0|1\.0)\r$", text, re.MULTILINE)
    assert f"Remote-MTA: dns; 127.0.0.1:{neighbour.port}" in text
    assert "Diagnostic-Code: smtp; 550 " in text
    around.settled()


def test_an_unknown_user_here(around: Neighbourhood, neighbour: Neighbour) -> None:
    """We refuse at RCPT; the neighbour's report to its sender says what we said."""
    letter = make_letter()
    ann = f"ann@{neighbour.settings.domain}"
    submit(neighbour.port, letter, ann, f"ghost@{HOUSE}", f"ben@{HOUSE}")

    around.at_house("ben", letter.token)
    (report,) = around.at(neighbour, "ann", letter.token)
    assert b"ghost@house.example" in report
    assert re.search(rb"550[ -]5\.1\.1", report)
    # Where it is delivered some leave out the empty Return-Path, or name nobody's address in it.
    assert not re.search(rb"(?im)^return-path: <.*@", report.partition(b"\r\n\r\n")[0])


def test_their_report_comes_to_our_sender(around: Neighbourhood, neighbour: Neighbour) -> None:
    """A letter of ours through the neighbour to somebody it cannot reach: it reports to us."""
    letter = make_letter()
    submit(neighbour.port, letter, ANN, "ghost@plain.example")

    (report,) = around.at_house("ann", letter.token)
    assert report.startswith(b"Return-Path: <>\r\n")
    assert b"ghost@plain.example" in report


def test_nobody_is_told_without_a_sender(around: Neighbourhood, neighbour: Neighbour) -> None:
    """To an unknown user with the empty sender: given up here, no report to anybody."""
    letter = make_letter()
    submit(around.house.smtp_port, letter, "", f"ghost@{neighbour.settings.domain}")

    around.settled()
    mark = make_letter()
    submit(around.house.smtp_port, mark, "", ANN)
    around.at_house("ann", mark.token)
    assert around.house_has(letter.token) == 0
    around.emptied(neighbour)


def test_a_letter_too_large_for_us(around: Neighbourhood, neighbour: Neighbour) -> None:
    """SIZE tells the neighbour before it sends; its sender is told. RFC 1870"""
    large = BODIES["large"]
    letter = make_letter(large * (HOUSE_LETTER_OCTETS_MAX // len(large) + 1))
    submit(neighbour.port, letter, f"ann@{neighbour.settings.domain}", ANN)

    (report,) = around.at(neighbour, "ann", letter.token)
    assert b"ann@house.example" in report
