"""Letters with NUL become letters without."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.nul import without_nul
from posthouse.mail.structure import find_part, parse
from posthouse.mail.text import decode_transfer

TWO = (
    b"Subject: two\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nhello\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
    b"--x\r\nContent-Type: a/b\r\ncontent-transfer-encoding: BINARY\r\nX-Other: 1\r\n\r\n"
    b"\0\1\r\n\2\r\n"
    b"--x\r\n\r\nmore\r\n--x--\r\nend\r\n"
)


def test_a_part_is_written_anew_and_the_rest_is_not_touched() -> None:
    """Only its encoding changes, in header and body."""
    assert without_nul(TWO) == (
        b"Subject: two\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nhello\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
        b"--x\r\nContent-Type: a/b\r\nX-Other: 1\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"AAENCgI=\r\n"
        b"--x\r\n\r\nmore\r\n--x--\r\nend\r\n"
    )


def test_a_letter_inside() -> None:
    """Parts of letters inside are parts too."""
    inner = b"Subject: in\r\n\r\na\0b"
    found = without_nul(b"Content-Type: message/rfc822\r\n\r\n" + inner)

    assert found == (
        b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Transfer-Encoding: base64\r\n"
        b"\r\nYQBi\r\n"
    )


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: \0\r\n\r\na",
        b"Content-Transfer-Encoding: base64\r\n\r\nQQ\0==",
        TWO.replace(b"hello", b"\0"),
        TWO.replace(b"end", b"\0"),
        b"Content-Type: multipart/mixed\r\n\r\n\0",
    ],
)
def test_elsewhere(octets: bytes) -> None:
    """A NUL in a header, around parts, or in what is encoded already has no remedy."""
    assert without_nul(octets) is None


@given(st.binary(max_size=400))
def test_the_body_reads_the_same(body: bytes) -> None:
    """What the encoding says is what came."""
    found = without_nul(b"Content-Type: a/b\r\n\r\n\0" + body)

    assert found is not None
    part = find_part(parse(found), (1,))
    assert part is not None
    coded = found[part.body_start : part.body_end]
    assert decode_transfer(coded, part.encoding) == b"\0" + body
    assert coded == base64.encodebytes(b"\0" + body).replace(b"\n", b"\r\n")
