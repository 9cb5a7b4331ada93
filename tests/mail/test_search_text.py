import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail import search_text
from posthouse.mail.header import Header
from posthouse.mail.search_text import body_text, field_text, header_text, part_text
from posthouse.mail.structure import parse

LETTER = (
    b"Subject: =?gbk?B?1tDOxA==?=\r\n"
    b"From: Ann LEE <ann@example.org>\r\n"
    b"X-Folded: a\r\n b\r\n"
    b"Content-Type: multipart/mixed; boundary=A\r\n\r\n"
    b"--A\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"xOO6w8rAvec=\r\n"
    b"--A\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>Gr=C3=BC=C3=9Fe</p><script>no</script>\r\n"
    b"--A\r\nContent-Type: application/pdf\r\n\r\nsecret\r\n"
    b"--A\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: Inner =?utf-8?Q?=E4=B8=AD?=\r\n\r\nInner BODY\r\n"
    b"--A--\r\n"
)


def test_body_text() -> None:
    """All texts are decoded and folded, letters inside with their headers; other parts are not."""
    found = body_text(LETTER, parse(LETTER))
    assert found.split() == ["你好世界", "grüsse", "subject:", "inner", "中", "inner", "body"]
    with mmap.mmap(-1, len(LETTER)) as mapped:
        mapped.write(LETTER)
        assert body_text(mapped, parse(mapped)) == found


@pytest.mark.parametrize(
    "kind", ["delivery-status", "global-delivery-status", "global-headers", "feedback-report"]
)
def test_body_text_of_reports(kind: str) -> None:
    """What a report says in fields is found, in ASCII or UTF-8. RFC 3464, 6533, 5965"""
    report = (
        "Content-Type: multipart/report; boundary=A\r\n\r\n"
        f"--A\r\nContent-Type: message/{kind}\r\n\r\n"
        "Final-Recipient: utf-8; 例子@example.net\r\n--A--\r\n"
    ).encode()

    assert "例子@example.net" in body_text(report, parse(report))


def test_header_text() -> None:
    """The header is decoded, a field a line."""
    assert header_text(LETTER).splitlines() == [
        "subject: 中文",
        "from: ann lee <ann@example.org>",
        "x-folded: a b",
        "content-type: multipart/mixed; boundary=a",
    ]


def test_field_text() -> None:
    """A field's values are decoded and folded, all of them."""
    header = Header(b"Subject: =?gbk?B?1tDOxA==?=\r\nX: A\r\nX: B\r\n")
    assert field_text(header, b"subject") == "中文"
    assert field_text(header, b"x") == "a\nb"
    assert field_text(header, b"y") == ""


def test_part_text() -> None:
    """A part's text keeps its case."""
    tree = parse(LETTER)
    assert part_text(LETTER, tree.children[1]).strip() == "Grüße"


def test_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more characters are searched than the limit."""
    for limit in (3, 4, 5):
        monkeypatch.setattr(search_text, "TEXT_LENGTH_MAX", limit)
        assert body_text(LETTER, parse(LETTER)).replace("\n", "") == "你好世界g"[:limit].rstrip("g")


@given(st.binary() | st.binary().map(lambda octets: LETTER.replace(b"xOO6", octets)))
def test_never_raises(octets: bytes) -> None:
    """Any octets have a text."""
    body_text(octets, parse(octets)).encode()
    header_text(memoryview(octets)).encode()
