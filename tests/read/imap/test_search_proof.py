"""What is proved absent is absent, whatever the letter."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.search_text import body_text
from posthouse.mail.structure import parse
from posthouse.mail.text import search_form
from posthouse.read.imap.search_proof import proof_of

ALIKE = "ſtraße ﬁve ｆｕｌｌ ⅷ ½ ㍿ ㊀ ⼀ 一 豈 更 İ K 𝐀 🄰"


def letter(text: str, charset: str = "utf-8", encoding: str = "8bit", kind: str = "plain") -> bytes:
    return (
        f"Content-Type: text/{kind}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{text}"
    ).encode(charset)


def proved(wanted: str, octets: bytes) -> bool:
    absent = proof_of(search_form(wanted))
    return absent is not None and absent(octets, parse(octets))


def test_every_character_that_looks_like_another_is_known() -> None:
    """All of Unicode is tried: what folds into an ASCII letter or digit, or into Han, is found."""
    ascii_word, han = re.compile("[a-z0-9]"), re.compile("[\u4e00-\u9fa5]")
    forgotten = []
    for number in range(0x80, sys.maxunicode + 1):
        if 0xD800 <= number < 0xE000 or 0xAC00 <= number < 0xD7A4:
            continue  # surrogates are no text, Hangul folds into itself
        character = chr(number)
        form = search_form(character)
        if form == character:
            continue
        for run, pattern in (("xyzzy", ascii_word), ("丂丄", han)):
            if pattern.search(form) and proved(run, letter(character)):
                forgotten.append(f"U+{number:04X}")

    assert forgotten == []


@pytest.mark.parametrize(
    ("wanted", "octets", "expected"),
    [
        ("needle", letter("hay"), True),
        ("needle", letter("a NEEDLE"), False),
        ("needle", letter("你好"), True),
        ("世界", letter("你好"), True),
        ("世界", letter("世界"), False),
        ("世", letter("hay"), True),
        ("? !", letter("hay"), False),
        ("needle", letter("hay", encoding="base64"), False),
        ("needle", letter("hay", kind="html"), False),
        ("needle", letter("hay é", charset="iso-8859-1"), False),
        ("needle", letter("hay") + b"\xff", False),
        ("five", letter("ﬁve"), False),
    ],
)
def test_what_is_proved(wanted: str, octets: bytes, expected: bool) -> None:
    """Only plain text proves anything."""
    assert expected is proved(wanted, octets)


@given(
    st.text(st.sampled_from("ab1 一二" + ALIKE), min_size=1, max_size=4),
    st.text(st.sampled_from("ab1 一二\u0301é" + ALIKE), max_size=12),
    st.sampled_from(["utf-8", "gb18030"]),
    st.sampled_from(["8bit", "quoted-printable"]),
)
def test_nothing_present_is_proved_absent(
    wanted: str, text: str, charset: str, encoding: str
) -> None:
    """The proof never contradicts the reading."""
    octets = letter(text, charset, encoding)

    if proved(wanted, octets):
        assert search_form(wanted) not in body_text(octets, parse(octets))
