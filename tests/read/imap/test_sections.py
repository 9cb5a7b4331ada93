"""Sections of letters held and of letters read in pieces are the same octets."""

from typing import Any

import pytest

from posthouse.mail.render import render
from posthouse.read.imap.sections import place_of, take_of
from posthouse.wire.imap.commands import BodySection

LETTER = b"""From: ann@example.org
Subject: outer
 folded
X-Ref: one
Content-Type: multipart/mixed; boundary=b

before
--b
Content-Type: text/plain

first
--b
Content-Type: message/rfc822

Subject: inner
To: bob@example.net

inner text
--b--
""".replace(b"\n", b"\r\n")
RENDERED = render(LETTER, 0)


def section(
    what: str = "", *part: int, fields: tuple[str, ...] = (), partial: Any = None
) -> BodySection:
    return BodySection(True, part, what, fields, partial, b"BODY[]")


def taken(asked: BodySection) -> bytes | None:
    return take_of(asked)(LETTER, RENDERED.header_octets, RENDERED.parts)


CASES = [
    (section(), LETTER),
    (section("HEADER"), LETTER[: LETTER.index(b"before")]),
    (section("TEXT"), LETTER[LETTER.index(b"before") :]),
    (section("", 1), b"first"),
    (section("MIME", 1), b"Content-Type: text/plain\r\n\r\n"),
    (section("", 2), b"Subject: inner\r\nTo: bob@example.net\r\n\r\ninner text"),
    (section("HEADER", 2), b"Subject: inner\r\nTo: bob@example.net\r\n\r\n"),
    (section("TEXT", 2), b"inner text"),
    (section("", 2, 1), b"inner text"),
    (section("HEADER", 1), None),
    (section("", 3), None),
    (section("HEADER.FIELDS", 3, fields=("TO",)), None),
    (section("HEADER.FIELDS", 2, fields=("TO",)), b"To: bob@example.net\r\n\r\n"),
    (section("HEADER.FIELDS", fields=("SUBJECT",)), b"Subject: outer\r\n folded\r\n\r\n"),
    (section("HEADER.FIELDS", fields=("FROM", "X-REF")),
     b"From: ann@example.org\r\nX-Ref: one\r\n\r\n"),
    (section("HEADER.FIELDS", fields=("X",)), b"\r\n"),
    (section("HEADER.FIELDS.NOT", fields=("SUBJECT", "CONTENT-TYPE")),
     b"From: ann@example.org\r\nX-Ref: one\r\n\r\n"),
    (section("", 1, partial=(1, 3)), b"irs"),
    (section("", 1, partial=(3, 30)), b"st"),
    (section("", 1, partial=(30, 3)), b""),
    (section("HEADER.FIELDS", fields=("X-REF",), partial=(2, 4)), b"Ref:"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), CASES, ids=str)
def test_a_section_is_these_octets(asked: BodySection, expected: bytes | None) -> None:
    """RFC 3501 6.4.5: parts are numbered, HEADER and TEXT are those of the letter or one inside."""
    assert expected == taken(asked)


@pytest.mark.parametrize("asked", [asked for asked, _ in CASES], ids=str)
def test_a_large_letter_has_its_sections_at_the_same_places(asked: BodySection) -> None:
    """What is read in pieces is what would be cut out."""
    place = place_of(asked, len(LETTER), RENDERED.header_octets, RENDERED.parts)

    found = None
    if place is not None:
        found = LETTER[place.start : place.end]
        if place.filter is not None:
            found = place.filter(found, len(found))
            if asked.partial is not None:
                found = found[asked.partial[0] : asked.partial[0] + asked.partial[1]]
    assert found == taken(asked)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", b"\r\n"),
        (b"Subject: x", b"Subject: x\r\n\r\n"),
        (b"subject : x\r\n", b"subject : x\r\n\r\n"),
        (b"X: y\nSubject: x\n\n", b"Subject: x\n\r\n"),
        (b"Subject2: x\r\n\r\n", b"\r\n"),
        (b"Subject: x\r\n\ty\r\nSubject: z\r\n\r\n", b"Subject: x\r\n\ty\r\nSubject: z\r\n\r\n"),
        (b" lost\r\nSubject: x\r\n\r\n", b"Subject: x\r\n\r\n"),
    ],
)
def test_fields_of_odd_headers(header: bytes, expected: bytes) -> None:
    """The empty line is always there, names are whole, continuation lines stay with their field."""
    asked = section("HEADER.FIELDS", fields=("SUBJECT",))

    assert expected == take_of(asked)(header, len(header), b"")
