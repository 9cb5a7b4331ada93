import time
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.parameters import (
    DEFAULT_TYPE,
    PARAMETERS_MAX,
    parameter,
    parse_parameters,
    parse_type,
    parse_value,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, DEFAULT_TYPE),
        (b"", DEFAULT_TYPE),
        (b"text", DEFAULT_TYPE),
        (b"text/", DEFAULT_TYPE),
        (b"/plain", DEFAULT_TYPE),
        (b"\xe4/\xe4", DEFAULT_TYPE),
        (b"(a) Text / HTML (b); charset=x", ("text", "html", {"charset": "x"})),
        (b"TEXT/Plain; Charset=UTF-8", ("text", "plain", {"charset": "UTF-8"})),
        (b"text/html charset=x", ("text", "html", {})),
        (b"application/vnd.ms-excel", ("application", "vnd.ms-excel", {})),
        (
            b"multipart/mixed;\tboundary=" + b"b" * 300,
            ("multipart", "mixed", {"boundary": "b" * 300}),
        ),
    ],
)
def test_types(value: bytes | None, expected: object) -> None:
    """A type that can be read is read, else it is text/plain. RFC 2045 5.2"""
    assert parse_type(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"attachment", {}),
        (b"attachment;", {}),
        (b"a; name=b", {"name": "b"}),
        (b"a; name = b ; x=y", {"name": "b", "x": "y"}),
        (b"a; name=my file.pdf; x=y", {"name": "my file.pdf", "x": "y"}),
        (b"a; name=b (comment)", {"name": "b"}),
        (b'a; name="b;c"', {"name": "b;c"}),
        (b'a; name="b\\"c\\\\"', {"name": 'b"c\\'}),
        (b'a; name="never; closed', {"name": "never; closed"}),
        (b'a; name="b"junk; x=y', {"name": "b", "x": "y"}),
        (b"a; name=b; NAME=c", {"name": "b"}),
        (b"a; name=", {"name": ""}),
        (b"a;; ;name=b", {"name": "b"}),
        (b"a; junk; =x; name=b", {"name": "b"}),
        ('a; name="中文.txt"'.encode(), {"name": "中文.txt"}),
        ('a; name="中文文件.txt"'.encode("gb18030"), {"name": "中文文件.txt"}),
        (b'a; name="b\x00c"', {"name": "b c"}),
        # RFC 2231: continuations are joined, what is encoded stays so
        (b"a; name*=utf-8''%E4%B8%AD", {"name*": "utf-8''%E4%B8%AD"}),
        (b'a; name*0="b c"; name*1=d', {"name": "b cd"}),
        (b"a; name*1=d; name*0=b; name*2=e", {"name": "bde"}),
        (
            b"a; name*0*=utf-8''%E4; name*1*=%B8%AD; name*2=\"100%\"",
            {"name*": "utf-8''%E4%B8%AD100%25"},
        ),
        (b"a; name*1=d; name*1=e", {"name": "d"}),
        (b"a; name*x=d; *0=e; name**=f", {"name*x": "d", "*0": "e", "name**": "f"}),
    ],
)
def test_parameters(value: bytes, expected: dict[str, str]) -> None:
    """Parameters are found by their names in lower case."""
    assert parse_parameters(value) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"a; x=y", ""),
        (b"a; name=b", "b"),
        (b"a; name*=utf-8''%E4%B8%AD%E6%96%87.txt; name=x", "中文.txt"),
        (b"a; name*=GB2312'zh'%D6%D0%CE%C4", "中文"),
        (b"a; name*0*=big5''%A4%A4; name*1*=%A4%E5; name*2=.doc", "中文.doc"),
        (b"a; name*=%E4%B8%AD", "中"),
        (b"a; name*=utf-8'%E4%B8%AD", "utf-8'中"),
        ("a; name*=utf-8''中".encode(), "中"),
        (b"a; name*=utf-8''a%0D%0Ab", "a  b"),
        (b"a; name*=utf-8''100%", "100%"),
        (b'a; name="=?utf-8?B?5Lit5paH?=.txt"', "中文.txt"),
    ],
)
def test_decoded(value: bytes, text: str) -> None:
    """A parameter is decoded by RFC 2231, by RFC 2047 where mailers misuse it."""
    assert parameter(parse_parameters(value), "name") == text


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (b"Attachment; filename=x", "attachment"),
        (b"(c) base64 (d)", "base64"),
        (b"base64 junk", "base64"),
        (b"", ""),
        (b"; x=y", ""),
        (b'"quoted"', ""),
    ],
)
def test_word(value: bytes, word: str) -> None:
    """The word in front is taken without what follows."""
    assert parse_value(value)[0] == word


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1),
        max_size=5,
    )
)
def test_round_trip(parameters: dict[str, str]) -> None:
    """What the standard library writes in the form of RFC 2231 is read as it was meant."""
    message = Message()
    message["Content-Type"] = "a/b"
    for name, text in parameters.items():
        message.set_param(name, text, charset=None if text.isascii() else "utf-8")
    found = parse_parameters(str(message["Content-Type"]).encode())
    # An ASCII value that looks like an encoded word is read as one.
    expected = {name: text for name, text in parameters.items() if "=?" not in text}
    assert {name: parameter(found, name) for name in expected} == expected


def test_limits() -> None:
    """So many parameters are read and no more; 3,000 continuations are quick."""
    many = b"a" + b"".join(b"; n%d=x" % n for n in range(PARAMETERS_MAX + 1))
    assert len(parse_parameters(many)) == PARAMETERS_MAX
    begun = time.process_time()
    parts = b"a" + b"".join(b"; name*%d*=%%41" % n for n in reversed(range(3000)))
    assert parameter(parse_parameters(parts), "name") == "A" * 3000
    assert time.process_time() - begun < 0.2


PIECES = [b";", b"=", b'"', b"\\", b"*", b"*0", b"*0*=", b"'", b"%", b"(", b")", b" ", b"a", b"/"]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3)).map(b"".join))
def test_never_raises(value: bytes) -> None:
    """Any octets are a type with parameters, without control characters."""
    kind, subtype, found = parse_type(value)
    assert kind
    assert subtype
    assert parse_value(value)[1] == parse_parameters(value)
    for name, text in found.items():
        assert not set(name + text + parameter(found, name.rstrip("*"))) & set("\r\n\0")


@pytest.mark.parametrize("unit", [*PIECES, b"; ", b"; a", b'; a="', b"; a=\\", b"(a)", b"()"])
def test_linear(unit: bytes) -> None:
    """Whatever is repeated, the time grows with the length only."""
    begun = time.process_time()
    parse_type(unit * 50_000)
    parse_parameters(b'a; b="' + unit * 50_000)
    assert time.process_time() - begun < 3
