"""One letter on its way: stuffed and counted alike, however it is cut into pieces."""

import re

from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.pop3.answers import Piece
from posthouse.wire.pop3.letter import WHOLE, Letter

OCTETS = st.lists(
    st.sampled_from([b".", b"\r\n", b"..", b"x", b"\r", b"\n", b"A: b\r\n"]), max_size=30
).map(b"".join)


def sent(octets: bytes, lines: int, sizes: list[int]) -> bytes:
    """What goes over the wire, pieces of these sizes in turn."""
    letter = Letter(1, lines)
    header = octets.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in octets else len(octets)
    out = b""
    turn = 0
    while not letter.is_done:
        end = letter.at + sizes[turn % len(sizes)]
        out += letter.take(Piece(octets[letter.at : end], len(octets), header))
        turn += 1
    return out


@given(OCTETS, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_retr_gives_the_letter_back(octets: bytes, sizes: list[int]) -> None:
    """Undone by the client's rules it is the letter again, with a line end where it had none."""
    out = sent(octets, WHOLE, sizes)

    assert out == sent(octets, WHOLE, [10_000])
    assert out.find(b"\r\n.\r\n") in (-1, len(out) - 5)
    body = re.sub(rb"(^|\r\n)\.\.", rb"\1.", out[:-3])
    assert body == (octets if not octets or octets.endswith(b"\r\n") else octets + b"\r\n")


@given(OCTETS, st.integers(0, 5), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_top_is_the_beginning_of_retr(octets: bytes, lines: int, sizes: list[int]) -> None:
    """The header and so many lines, however the pieces are cut."""
    octets = b"A: b\r\n\r\n" + octets
    out = sent(octets, lines, sizes)

    assert out == sent(octets, lines, [10_000])
    wanted = octets[:8] + b"".join(re.findall(rb"[^\n]*\n|[^\n]+\Z", octets[8:])[:lines])
    assert out == sent(wanted, WHOLE, [10_000])


def test_a_header_in_ascii() -> None:
    """Only the header changes, only where it is not ASCII, and TOP counts behind it."""
    octets = "A: ü\r\n\r\nö\r\nx\r\n".encode()
    piece = Piece(octets, len(octets), 9)
    letter = Letter(1, 1, in_ascii=True)

    assert letter.take(piece) == "A: =?utf-8?b?w7w=?=\r\n\r\nö\r\n.\r\n".encode()
    assert letter.is_done
    plain = Letter(1, in_ascii=True)
    assert plain.take(Piece(b"A: b\r\n\r\n\xff", 9, 8)) == b"A: b\r\n\r\n\xff\r\n.\r\n"


def test_a_header_larger_than_a_piece_goes_as_it_is() -> None:
    """What is not there as a whole cannot be shown in another form."""
    octets = "A: ü\r\n\r\n".encode()
    letter = Letter(1, in_ascii=True)

    assert letter.take(Piece(octets[:6], 9, 9)) + letter.take(Piece(octets[6:], 9, 9)) == (
        octets + b".\r\n"
    )
