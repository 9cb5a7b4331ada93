"""Transfer encodings taken off piece by piece."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail import transfer
from posthouse.mail.text import decode_transfer
from posthouse.mail.transfer import LINE_OCTETS_MAX, Decoding

CODED = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(base64.encodebytes),
    st.binary(max_size=300).map(quopri.encodestring),
    st.lists(
        st.sampled_from([b"QUFB", b"QQ==", b"=", b"Q", b"\r\n", b"=41", b"= \r\n", b"=4", b"\0"])
    ).map(b"".join),
)


def pieces(octets: bytes, size: int) -> list[bytes]:
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def decoded(encoding: str, parts: list[bytes]) -> bytes:
    decoding = Decoding(encoding)
    return b"".join([*map(decoding.feed, parts), decoding.end()])


@given(CODED, st.integers(1, 40), st.sampled_from(sorted(transfer.KNOWN)))
def test_pieces_say_what_the_whole_says(octets: bytes, size: int, encoding: str) -> None:
    """However a body is cut, and however damaged it is."""
    assert decoded(encoding, pieces(octets, size)) == decode_transfer(octets, encoding)


@pytest.mark.parametrize(
    "octets",
    [
        b"=C3=A9" * 40_000,
        b"a" * (LINE_OCTETS_MAX - 1) + b"=C3=A9" * 5,
        b"a" * (LINE_OCTETS_MAX - 2) + b"=C3=A9" * 5,
        b"a" * (LINE_OCTETS_MAX - 3) + b"= \t \r\n" * 5,
    ],
)
@pytest.mark.parametrize("size", [1000, LINE_OCTETS_MAX, LINE_OCTETS_MAX + 1, LINE_OCTETS_MAX + 2])
def test_an_endless_line_is_cut_between_escapes(octets: bytes, size: int) -> None:
    """More than one line is never held, and no =XX is cut."""
    decoding = Decoding("quoted-printable")
    found = b""
    for part in pieces(octets, size):
        found += decoding.feed(part)
        assert len(decoding._held) <= LINE_OCTETS_MAX

    assert found + decoding.end() == decode_transfer(octets, "quoted-printable")
