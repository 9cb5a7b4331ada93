"""Words of letters that no column holds."""

import pytest

from posthouse.mail.render import render
from posthouse.read.imap.search_scan import ScanKey, only_header
from posthouse.read.imap.search_scan import test_of as tried_by
from posthouse.wire.imap.search_keys import InBody, InHeader, InText

LETTER = (
    b"Subject: =?utf-8?Q?=C3=84pfel?=\r\nX-Two: one\r\nX-Two: =?utf-8?Q?zw=C3=B6lf?=\r\n\r\n"
    b"Birnen und X-Drei\r\n"
)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (InBody("birnen"), True),
        (InBody("äpfel"), False),
        (InText("ÄPFEL"), True),
        (InText("und"), True),
        (InText("kirschen"), False),
        (InHeader("X-TWO", "zwölf"), True),
        (InHeader("X-TWO", "ONE"), True),
        (InHeader("X-TWO", "three"), False),
        (InHeader("X-TWO", ""), True),
        (InHeader("X-DREI", ""), False),
        (InHeader("SUBJECT", ""), True),
    ],
    ids=str,
)
def test_a_letter_has_these_words(key: ScanKey, expected: bool) -> None:
    """Compared decoded, in any case; header fields are looked for in the header only."""
    rendered = render(LETTER, 0)

    assert expected is tried_by(key)(LETTER, rendered.header_octets, rendered.parts)
    assert only_header(key) is isinstance(key, InHeader)
