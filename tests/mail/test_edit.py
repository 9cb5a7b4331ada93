"""Edits of a header."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.edit import field, with_fields, without_fields
from posthouse.mail.header import Header

HEADER = b"A: 1\r\nBcc: x,\r\n\ty\r\nb : 2\r\n 3\r\nBCC:\r\nC:\t4\r\n"


def test_fields_go_with_their_folded_lines() -> None:
    """However their name is written; the others stay octet for octet."""
    assert without_fields(Header(HEADER), {b"bcc"}) == b"A: 1\r\nb : 2\r\n 3\r\nC:\t4\r\n"
    assert without_fields(Header(HEADER), set()) == HEADER


def test_fields_come_above_all_others() -> None:
    """In the order given."""
    assert with_fields(b"A: 1\r\n", [("B", "2"), ("C", "3")]) == b"B: 2\r\nC: 3\r\nA: 1\r\n"


def test_a_long_value_is_folded_once() -> None:
    """At a space before column 78. RFC 5322 2.1.1"""
    made = field("Long", "word " * 20)

    assert made.count(b"\r\n ") == 1
    assert len(made.split(b"\r\n")[0]) <= 78
    assert made.replace(b"\r\n ", b" ") == b"Long: " + b"word " * 20 + b"\r\n"
    assert field("X", "y" * 200) == b"X: " + b"y" * 200 + b"\r\n"


def test_no_value_can_make_another_field() -> None:
    """Line ends and other controls become spaces."""
    assert field("From", "a\r\nEvil: 1\0") == b"From: a  Evil: 1 \r\n"


@given(
    st.lists(st.sampled_from([b"Bcc: a\r\n", b"X: b\r\n c\r\n", b"bcc:d\r\n\te\r\n", b"Y:\r\n"]))
)
def test_what_is_not_named_stays(fields: list[bytes]) -> None:
    """Any header without its Bcc is the others in their order."""
    kept = b"".join(one for one in fields if not one.lower().startswith(b"bcc"))

    assert without_fields(Header(b"".join(fields)), {b"bcc"}) == kept
