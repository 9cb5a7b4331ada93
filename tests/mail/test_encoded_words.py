import base64
import quopri
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.encoded_words import decode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", ""),
        (b"plain text", "plain text"),
        (b"a =? b", "a =? b"),
        ("中文主题".encode(), "中文主题"),  # RFC 6532
        ("中文主题".encode("gbk"), "中文主题"),
        (b"=?utf-8?B?5Lit5paH?=", "中文"),
        (b"=?UTF-8?b?5Lit5paH?= ", "中文 "),
        (b"=?gb2312?B?1tDOxA==?=", "中文"),
        (b"=?big5?B?pKSk5Q==?=", "中文"),
        (b"=?gb18030?Q?=D6=D0=CE=C4?=", "中文"),
        (b"=?iso-8859-1?q?a_b=5Fc=E9?=", "a b_cé"),
        (b"=?utf-8*de?q?a?=", "a"),  # RFC 2231 5
        # RFC 2047 8: white space between words goes, beside text it stays
        (b"(=?ISO-8859-1?Q?a?=)", "(a)"),
        (b"=?ISO-8859-1?Q?a?= b", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a?=\t  =?utf-8?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        # a character split over two words, even of different encodings
        (b"=?utf-8?B?5Lg=?= =?utf-8?B?reaW?= =?UTF-8?Q?=87?=", "中文"),
        (b"=?gb2312?Q?=D6?= =?gb2312?Q?=D0=CE=C4?=", "中文"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"x =?utf-8?q?a?= y =?gbk?B?1tDOxA==?= z", "x a y 中文 z"),
        (b"=?utf-8?q?two words in one?=", "two words in one"),
        (b"=?nonsense?q?=E4=B8=AD?=", "中"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?b?5Lit5paH", "=?utf-8?b?5Lit5paH"),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?q?=zz?=", "=zz"),
        # nothing can be smuggled into a line
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        (b"=?utf-8?q?a=00b=C2=85c=E2=80=A8d?=", "a b c d"),
        (b"a\tb", "a b"),
    ],
)
def test_words(value: bytes, text: str) -> None:
    """Encoded words are read as people mean them."""
    assert decode_words(value) == text


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1),
    st.integers(1, 20),
    st.sampled_from([True, False]),
)
def test_round_trip(text: str, step: int, in_base64: bool) -> None:
    """Text cut at any octet into words is whole again."""
    octets = text.encode()
    words = []
    for at in range(0, len(octets), step):
        piece = octets[at : at + step]
        if in_base64:
            words.append(b"=?utf-8?B?" + base64.b64encode(piece) + b"?=")
        else:
            coded = quopri.encodestring(piece, header=True).replace(b"=\n", b"")
            words.append(b"=?utf-8?Q?" + coded.replace(b"?", b"=3F") + b"?=")
    assert decode_words(b" ".join(words)) == text


PIECES = [b"=?", b"?=", b"utf-8", b"?b?", b"?q?", b"=", b" ", b"\xff", b"\0", b"gb2312", b"*en"]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=5)).map(b"".join))
def test_never_raises(value: bytes) -> None:
    """Any octets give text on one line."""
    text = decode_words(value)
    assert not set(text) & set("\r\n\0")


@pytest.mark.parametrize(
    "value", [b"=?a?b?" * 40_000, b"=?" * 100_000, b"=?utf-8?q?a?= " * 20_000, b"=?a*" * 50_000]
)
def test_linear(value: bytes) -> None:
    """Long nonsense takes no long time."""
    begun = time.process_time()
    decode_words(value)
    assert time.process_time() - begun < 2
