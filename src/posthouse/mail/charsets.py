"""Which codec reads a charset label found in mail: the WHATWG labels and the oddities of mailers.

Only codecs of this table are ever reached by a label from outside: `codecs.lookup` would also give
zlib, punycode or rot13, and remembers every name it was ever asked for.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

LABEL_LENGTH_MAX: Final = 60

# Left the codec, right the labels without case and punctuation, so that "ISO_8859-1:1987",
# "cp-850" and "Shift_JIS" need one entry each.
_TABLE: Final = """
ascii: ascii usascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 us csascii ibm367 cp367
    646 7bit unknown8bit xunknown unknown default none binary 8bit 7bitascii
utf_8: utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 utf8mb3 utf8mac utf8bom csutf8 utf
    cesu8 utf8unicode
utf_7: utf7 unicode11utf7 csunicode11utf7 csutf7 xunicode20utf7 unicode20utf7
utf_16: utf16 unicode csunicode iso10646ucs2 ucs2 unicodefeff unicodefffe csutf16
utf_16_le: utf16le
utf_16_be: utf16be
utf_32: utf32 ucs4 iso10646ucs4 csucs4
utf_32_le: utf32le
utf_32_be: utf32be
cp1252: cp1252 windows1252 xcp1252 ansi win1252 iso88591 isoir100 iso885911987 latin1 l1 ibm819
    cp819 csisolatin1 88591 isolatin1 iso8859 windows
cp1250: cp1250 windows1250 xcp1250 win1250
cp1251: cp1251 windows1251 xcp1251 win1251 win ansi1251
cp1253: cp1253 windows1253 xcp1253
cp1254: cp1254 windows1254 xcp1254 iso88599 isoir148 iso885991989 latin5 l5 csisolatin5 88599
cp1255: cp1255 windows1255 xcp1255
cp1256: cp1256 windows1256 xcp1256
cp1257: cp1257 windows1257 xcp1257
cp1258: cp1258 windows1258 xcp1258
iso8859_2: iso88592 isoir101 iso885921987 latin2 l2 csisolatin2 88592
iso8859_3: iso88593 isoir109 iso885931988 latin3 l3 csisolatin3 88593
iso8859_4: iso88594 isoir110 iso885941988 latin4 l4 csisolatin4 88594
iso8859_5: iso88595 isoir144 iso885951988 cyrillic csisolatincyrillic 88595
iso8859_6: iso88596 isoir127 iso885961987 arabic csisolatinarabic ecma114 asmo708 csiso88596e
    csiso88596i iso88596e iso88596i 88596
iso8859_7: iso88597 isoir126 iso885971987 greek greek8 csisolatingreek ecma118 elot928 suneugreek
    88597
iso8859_8: iso88598 isoir138 iso885981988 hebrew csisolatinhebrew visual iso88598e csiso88598e
    iso88598i csiso88598i logical 88598
iso8859_10: iso885910 isoir157 latin6 l6 csisolatin6 iso8859101992
iso8859_13: iso885913 latin7 l7
iso8859_14: iso885914 latin8 l8 isoceltic isoir199
iso8859_15: iso885915 latin9 latin0 l9 csisolatin9 885915
iso8859_16: iso885916 latin10 l10 isoir226
cp874: cp874 windows874 dos874 tis620 iso885911 88591thai iso8859112001 xwindows874
koi8_r: koi8r koi8 koi cskoi8r
koi8_u: koi8u koi8ru
koi8_t: koi8t
kz1048: kz1048 strk10482002 rk1048
ptcp154: ptcp154 pt154 cyrillicasian
mac_roman: macintosh mac xmacroman macroman csmacintosh
mac_cyrillic: xmaccyrillic xmacukrainian maccyrillic
mac_latin2: xmacce maccentraleurope xmaccentraleurope
mac_greek: xmacgreek macgreek
mac_turkish: xmacturkish macturkish
mac_iceland: xmacicelandic
hp_roman8: hproman8 roman8 r8
cp437: cp437 ibm437 437 cspc8codepage437
cp720: cp720
cp737: cp737 ibm737
cp775: cp775 ibm775
cp850: cp850 ibm850 850 cspc850multilingual
cp852: cp852 ibm852 852 cspcp852
cp855: cp855 ibm855 855
cp857: cp857 ibm857 857
cp858: cp858 ibm858 ibm00858
cp860: cp860 ibm860 860
cp861: cp861 ibm861 861
cp862: cp862 ibm862 862 dos862
cp863: cp863 ibm863 863
cp864: cp864 ibm864
cp865: cp865 ibm865 865
cp866: cp866 ibm866 866 csibm866
cp869: cp869 ibm869 869
cp1006: cp1006
cp1125: cp1125 ibm1125 cp866u ruscii
gb18030: gb2312 gb231280 gbk gb18030 gb180302000 gb180302005 gb180302022 gb chinese csgb2312
    csiso58gb231280 isoir58 xgbk cp936 936 ms936 windows936 xcp936 cp20936 euccn xeuccn
    eucgb2312cn gb23121980 cngb csgbk csgb18030 gb1988 gb12345 zhcn hanzi
hz: hzgb2312 hz hzgb cp52936 xhz
big5hkscs: big5 big5hkscs cnbig5 csbig5 xxbig5 xbig5 big5eten big5e cp950 950 ms950 windows950
    xcp950 big5tw big5hkscs2004 hkscs xwindows950 csbig5hkscs zhtw big5uao big5plus
cp932: shiftjis csshiftjis ms932 mskanji sjis windows31j xsjis cp932 932 cswindows31j windows932
    xmscp932 cp943 cp943c ibm943 xshiftjis shiftjisms
euc_jp: eucjp xeucjp cseucpkdfmtjapanese ujis eucjpms cp51932 eucjpwin xeuc xeucjpms
    extendedunixcodepackedformatforjapanese
iso2022_jp: iso2022jp csiso2022jp iso2022jp1 iso2022jpms cp50220 cp50221 cp50222 jis xjis jis7
    iso2022jpext junet
iso2022_jp_2: iso2022jp2 csiso2022jp2
iso2022_jp_3: iso2022jp3 iso2022jp2004
cp949: euckr cseuckr csksc56011987 isoir149 korean ksc56011987 ksc56011989 ksc5601 ksc56011992
    windows949 xwindows949 cp949 949 uhc ms949 xeuckr ksx1001 cp51949
johab: johab cp1361 ms1361
iso2022_kr: iso2022kr csiso2022kr cp50225
"""

_SQUASH: Final = re.compile(r"[^a-z0-9]+")


def _read_table() -> dict[str, str]:
    labels: dict[str, str] = {}
    name = ""
    for word in _TABLE.split():
        if word.endswith(":"):
            name = word[:-1]
        else:
            assert word not in labels, word
            labels[word] = name
    return labels


_LABELS: Final = _read_table()

SHIFTING: Final = frozenset(
    {"utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"}
    | {"hz", "iso2022_jp", "iso2022_jp_2", "iso2022_jp_3", "iso2022_kr"}
)
"""Codecs for which octets below 128 are not always ASCII."""

SECOND_TRY: Final[Mapping[str, str]] = {
    # Where the first codec refuses an octet, this one may know it: private characters, half-width
    # kana, and the undefined corners of windows-1252.
    "big5hkscs": "cp950",
    "gb18030": "gbk",
    "cp932": "shift_jis_2004",
    "euc_jp": "euc_jis_2004",
    "iso2022_jp": "iso2022_jp_ext",
    "cp1252": "latin_1",
    "cp1254": "iso8859_9",
    "cp874": "iso8859_11",
}


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """The Python codec for a charset label, None for an unknown one. RFC 2978, WHATWG Encoding."""
    return _LABELS.get(_SQUASH.sub("", label[:LABEL_LENGTH_MAX].lower()))
