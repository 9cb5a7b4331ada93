import codecs

import pytest

from posthouse.mail.charsets import SECOND_TRY, SHIFTING, codec


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("utf-8", "utf_8"),
        ("UTF8", "utf_8"),
        (" utf-8 ", "utf_8"),
        ("utf8mb4", "utf_8"),
        ("unicode-1-1-utf-7", "utf_7"),
        ("us-ascii", "ascii"),
        ("ANSI_X3.4-1968", "ascii"),
        ("unknown-8bit", "ascii"),
        ("ISO_8859-1:1987", "cp1252"),
        ("latin1", "cp1252"),
        ("iso-8859-15", "iso8859_15"),
        ("iso-8859-8-i", "iso8859_8"),
        ("windows-1252", "cp1252"),
        ("cp-850", "cp850"),
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("GB_2312-80", "gb18030"),
        ("gb18030", "gb18030"),
        ("x-gbk", "gb18030"),
        ("hz-gb-2312", "hz"),
        ("big5", "big5hkscs"),
        ("Big5-HKSCS", "big5hkscs"),
        ("cn-big5", "big5hkscs"),
        ("shift_jis", "cp932"),
        ("windows-31j", "cp932"),
        ("x-sjis", "cp932"),
        ("iso-2022-jp", "iso2022_jp"),
        ("iso-2022-jp-ms", "iso2022_jp"),
        ("euc-jp", "euc_jp"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("x-windows-949", "cp949"),
        ("windows-874", "cp874"),
        ("tis-620", "cp874"),
        ("koi8-ru", "koi8_u"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ("utf-16", "utf_16"),
    ],
)
def test_labels(label: str, name: str) -> None:
    """The labels of mail lead to their codec, whatever their case and punctuation."""
    assert codec(label) == name


@pytest.mark.parametrize(
    "label", ["", "hex", "zlib", "rot13", "punycode", "idna", "unicode_escape", "x" * 9999, "中文"]
)
def test_others(label: str) -> None:
    """No other codec of Python is reached."""
    assert codec(label) is None


def test_codecs_exist() -> None:
    """Every codec named here exists and gives text."""
    import posthouse.mail.charsets as charsets

    names = {*charsets._LABELS.values(), *SHIFTING, *SECOND_TRY, *SECOND_TRY.values()}
    for name in names:
        assert codecs.lookup(name)
        assert isinstance(b"a\0\0\0".decode(name, "replace"), str)


def test_shifting() -> None:
    """A codec is said to shift exactly when printable ASCII does not stay what it is."""
    import posthouse.mail.charsets as charsets

    printable = bytes(range(32, 127)) * 2
    for name in set(charsets._LABELS.values()):
        plain = printable.decode(name, "replace") == printable.decode("ascii")
        if not plain:
            assert name in SHIFTING | {"cp864", "johab"}, name
