import base64
import binascii
import quopri
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.text import (
    decode,
    decode_base64,
    decode_transfer,
    search_form,
    sort_form,
    without_controls,
)

CHINESE = "明天上午九点开会，请准时参加。"
TRADITIONAL = "明天上午九點開會，請準時參加。"


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"", "", ""),
        (b"plain", "", "plain"),
        (b"plain", "no-such-charset", "plain"),
        (b"plain", "gb2312", "plain"),
        (CHINESE.encode(), "utf-8", CHINESE),
        (CHINESE.encode("gb2312"), "gb2312", CHINESE),
        ("镕堃喆".encode("gbk"), "gb2312", "镕堃喆"),
        ("𠮷".encode("gb18030"), "gb2312", "𠮷"),
        (TRADITIONAL.encode("big5"), "big5", TRADITIONAL),
        ("嘅喺".encode("big5hkscs"), "big5", "嘅喺"),
        (CHINESE.encode("hz"), "hz-gb-2312", CHINESE),
        ("日本語①".encode("cp932"), "shift_jis", "日本語①"),
        ("日本語".encode("iso2022_jp"), "iso-2022-jp", "日本語"),
        (b"\x1b(I1\x1b(B", "iso-2022-jp", "ｱ"),
        ("한국어".encode("cp949"), "ks_c_5601-1987", "한국어"),
        (b"\x80 \x93a\x94", "iso-8859-1", "€ “a”"),
        (b"\x81\xe9", "windows-1252", "\x81é"),
        ("中文".encode("utf-7"), "unicode-1-1-utf-7", "中文"),
        ("中文".encode("utf-16"), "utf-16", "中文"),
        (b"+2AA-a +2ADcAA-", "utf-7", "\ufffda \U00010000"),
        # declared, and wrong
        (b"a\xe9 \xff", "utf-8", "a\ufffd \ufffd"),
        (b"\xd6\xd0\xff", "gb2312", "中\ufffd"),
        (b"\xff\xff a", "big5", "\ufffd\ufffd a"),
        # undeclared
        (CHINESE.encode(), "", CHINESE),
        (CHINESE.encode(), "us-ascii", CHINESE),
        (CHINESE.encode("gbk"), "", CHINESE),
        (CHINESE.encode("gbk"), "x-unknown", CHINESE),
        (TRADITIONAL.encode("big5"), "", TRADITIONAL),
        ("Grüße aus Köln".encode("latin-1"), "", "Grüße aus Köln"),
        ("été à la plage, garçon".encode("latin-1"), "", "été à la plage, garçon"),
        ("“Ärger”".encode("cp1252"), "us-ascii", "“Ärger”"),
        ("中文中文".encode()[:-1], "", "中文中\ufffd"),
        (b"\xff\xff\xff", "", "ÿÿÿ"),
        (b"\xe4", "", "ä"),
    ],
)
def test_decode(octets: bytes, charset: str, text: str) -> None:
    """Text is read in its charset, in the one it must have been, or as far as possible."""
    assert decode(octets, charset) == text


@pytest.mark.parametrize(
    ("octets", "encoding", "plain"),
    [
        (b"a=20b", "7bit", b"a=20b"),
        (b"a=20b", "", b"a=20b"),
        (b"a=20b=\r\nc=E4\r\n", "quoted-printable", b"a bc\xe4\r\n"),
        (b"a= \t\r\nb=\t\nc= d", "quoted-printable", b"abc= d"),
        (b"=zz=4", "quoted-printable", b"=zz=4"),
        (b"YWJj\r\nZGVm\r\n", "base64", b"abcdef"),
        (b"YWJjZA==", "base64", b"abcd"),
        (b"YWJjZA", "base64", b"abcd"),
        (b"YWJjZA=", "base64", b"abcd"),
        (b"YWJjZ", "base64", b"abc"),
        (b"Y!W\xffJ-j", "base64", b"abc"),
        (b"YQ==YmM=ZGVm", "base64", b"abcdef"),
        (b"====", "base64", b""),
        (b"", "base64", b""),
        (b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n", "x-uuencode", b"abc"),
        (b"junk\nbegin 644 a\n#86)C  \n\n\xff\xff\n#86\n`\nend\njunk", "uuencode", None),
        (b"#86)C\n", "x-uue", b"abc"),
        (b"begin 644 never ended\n#86)C\n", "uuencode", b"abc"),
    ],
)
def test_transfer(octets: bytes, encoding: str, plain: bytes | None) -> None:
    """Transfer encodings come off, damaged ones as far as possible."""
    found = decode_transfer(octets, encoding)
    if plain is None:
        assert found.startswith(b"abc")
    else:
        assert found == plain


@given(st.binary())
def test_transfer_round_trips(octets: bytes) -> None:
    """What the standard library encodes comes back."""
    assert decode_base64(base64.encodebytes(octets)) == octets
    assert decode_base64(base64.b64encode(octets).rstrip(b"=")) == octets
    text = octets.replace(b"\r", b"").replace(b"\n", b"")
    assert decode_transfer(quopri.encodestring(text), "quoted-printable") == text
    lines = [binascii.b2a_uu(octets[at : at + 45]) for at in range(0, len(octets), 45)]
    coded = b"begin 644 a\n" + b"".join(lines) + b" \nend\n"
    assert decode_transfer(coded, "uuencode") == octets


@given(st.text(), st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-7"]))
def test_charset_round_trips(text: str, charset: str) -> None:
    """Text in a declared charset comes back."""
    text = text.encode("utf-8", "ignore").decode()
    assert decode(text.encode(charset), charset) == text


LABELS = [
    "",
    "utf-8",
    "gb2312",
    "big5",
    "iso-2022-jp",
    "utf-7",
    "hz",
    "utf-16",
    "euc-kr",
    "x",
    "cp874",
]


@given(st.binary(), st.sampled_from(LABELS) | st.text())
def test_never_raises(octets: bytes, label: str) -> None:
    """Any octets are text in any charset."""
    search_form(decode(octets, label)).encode()
    for encoding in ("base64", "quoted-printable", "uuencode", "x"):
        decode_transfer(octets, encoding)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Ann LEE", "ann lee"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ÉVA", "éva"),
        ("E\u0301va", "éva"),
        ("ＡＢＣ　１", "abc 1"),
        ("ﬁn", "fin"),
        ("中文", "中文"),
        ("ΣΑΣ", "σασ"),
    ],
)
def test_search_form(text: str, form: str) -> None:
    """What people take for the same text has one form."""
    assert search_form(text) == form
    assert sort_form(text) == sort_form(form)


@given(st.text(max_size=30) | st.text("\u0300\u0323\uff9e\u0345aßΐ\u1fb7\u0344 ", max_size=30))
def test_forms_settle(text: str) -> None:
    """The form of a form is itself."""
    once = search_form(text)
    assert search_form(once) == once


@given(st.text("aAbBéÉßÄäσΣςжЖＡａﬁ中 ", max_size=30))
def test_forms_without_case(text: str) -> None:
    """Case makes no other form."""
    assert search_form(text.upper()) == search_form(text.lower()) == search_form(text)


def test_what_combines() -> None:
    """No letter but the two half-width marks becomes a combining character."""
    found = {
        character
        for character in map(chr, range(0x110000))
        if character.isalnum()
        and unicodedata.combining(unicodedata.normalize("NFKD", character)[0])
    }
    assert found == {"\uff9e", "\uff9f"}


@pytest.mark.parametrize(
    "unit", ["\u0300\u0323", "\uff9e\u0300", "a\u0300", "\u0344", "中", "ﷺ", " \u0300"]
)
def test_linear(unit: str) -> None:
    """Long runs of combining characters take no long time."""
    begun = time.process_time()
    search_form(unit * 100_000)
    sort_form("a" + unit * 100_000)
    assert time.process_time() - begun < 4


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff" * 500_000,
        b"\xd6\xd0\xff" * 100_000,
        b"=" * 500_000,
        b"begin 644 a\n" * 30_000,
        b"= " * 100_000,
        b"M" * 500_000,
    ],
)
def test_decoding_is_linear(octets: bytes) -> None:
    """Long nonsense takes no long time."""
    begun = time.process_time()
    for label in LABELS:
        decode(octets, label)
    for encoding in ("base64", "quoted-printable", "uuencode"):
        decode_transfer(octets, encoding)
    assert time.process_time() - begun < 6


def test_without_controls() -> None:
    """No control character, line separator or lone surrogate is left."""
    assert without_controls("a\r\nb\0\x7f\x85\u2028\ud800c") == "a  b    \ufffdc"
    assert without_controls("中　文") == "中　文"
    assert without_controls("plain") == "plain"
