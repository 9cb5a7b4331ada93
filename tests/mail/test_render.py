import base64
import mmap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.render import (
    PREVIEW_LENGTH,
    PREVIEW_PARTS_MAX,
    SUBJECT_LENGTH_MAX,
    has_attachment,
    preview,
    render,
)
from posthouse.mail.rendered import Rendered
from posthouse.mail.structure import parse, unpack
from posthouse.mail.thread import thread_keys

PLAIN = (
    b"From: Ann LEE <Ann@example.org>\r\n"
    b"To: bob@example.net, Carl <carl@example.net>\r\n"
    b"Cc: =?utf-8?B?5p2O5piO?= <li@xn--fiqs8s>\r\n"
    b"Bcc: hidden@example.net\r\n"
    b"Subject: Re: [list] The Plan\r\n"
    b"Date: Tue, 3 Sep 2024 23:30:00 -0800\r\n"
    b"Message-ID: <2@example.org>\r\n"
    b"References: <0@example.org> <1@example.org>\r\n"
    b"\r\n"
    b"Dear all,\r\n\r\nthe plan   stands.\r\n"
)


def test_plain() -> None:
    """A plain letter is rendered as IMAP and JMAP show it."""
    author = b'(("Ann LEE" NIL "Ann" "example.org"))'
    body_start = PLAIN.index(b"Dear")
    keys = thread_keys("2@example.org", ("0@example.org", "1@example.org"), "THE PLAN")
    assert render(PLAIN, received=5) == Rendered(
        header_octets=body_start,
        envelope=b'("Tue, 3 Sep 2024 23:30:00 -0800" "Re: [list] The Plan" '
        + b" ".join([author] * 3)
        + b' ((NIL NIL "bob" "example.net")("Carl" NIL "carl" "example.net"))'
        b' (("=?utf-8?B?5p2O5piO?=" NIL "li" "xn--fiqs8s"))'
        b' ((NIL NIL "hidden" "example.net")) NIL "<2@example.org>")',
        bodystructure=b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 33 3'
        b" NIL NIL NIL NIL)",
        parts=render(PLAIN, received=0).parts,
        sent=1725435000,
        sent_day=19969,
        from_key="ANN",
        to_key="BOB",
        cc_key="LI",
        subject_key="THE PLAN",
        is_reply=True,
        from_text="ann lee <ann@example.org>",
        to_text="bob@example.net, carl <carl@example.net>",
        cc_text="李明 <li@中国>, li@xn--fiqs8s",
        bcc_text="hidden@example.net",
        subject_text="re: [list] the plan",
        subject="Re: [list] The Plan",
        message_id="2@example.org",
        references=("0@example.org", "1@example.org"),
        thread_keys=keys,
        preview="Dear all, the plan stands.",
        has_attachment=False,
    )
    assert unpack(render(PLAIN, received=5).parts) == parse(PLAIN)


def test_all_kinds_of_octets() -> None:
    """Bytes, views and maps are rendered alike."""
    rendered = render(PLAIN, received=5)
    assert render(memoryview(PLAIN), received=5) == rendered
    with mmap.mmap(-1, len(PLAIN)) as mapped:
        mapped.write(PLAIN)
        assert render(mapped, received=5) == rendered


def test_nothing() -> None:
    """A letter without anything was sent when it was received, and is its own thread."""
    rendered = render(b"", received=86_400 * 3 + 7)
    assert (rendered.sent, rendered.sent_day) == (86_400 * 3 + 7, 3)
    assert rendered.from_key == rendered.to_key == rendered.from_text == ""
    assert rendered.header_octets == 0
    assert len(rendered.thread_keys) == 1
    other = render(b"X: y\r\n\r\n", received=0)
    assert other.thread_keys != rendered.thread_keys


def test_chinese() -> None:
    """Chinese letters read in every form of writing them: coded, GBK as it is, UTF-8 as it is."""
    for subject, name in (
        (b"=?gb2312?B?u9i4tKO6vMa7rg==?=", b"=?gb2312?B?wO7D9w==?="),
        ("回复：计划".encode("gbk"), "李明".encode("gbk")),
        ("回复：计划".encode(), "李明".encode()),
    ):
        rendered = render(
            b"From: %b <li@example.cn>\r\nSubject: %b\r\nMessage-Id: <2@a>\r\nReferences: <1@a>\r\n"
            b"Content-Type: text/plain; charset=gb2312\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%b"
            % (name, subject, base64.encodebytes("明天见。".encode("gbk"))),
            received=0,
        )
        assert rendered.subject == "回复：计划"
        assert rendered.from_text == "李明 <li@example.cn>"
        assert rendered.preview == "明天见。"
        assert rendered.thread_keys[1] == thread_keys("1@a", (), "计划")[0]
    utf8 = render("From: 李明 <李@例子.中国>\r\n\r\n".encode(), received=0)
    assert utf8.from_text == "李明 <李@例子.中国>"
    assert utf8.from_key == "李"


def test_long_subjects_are_cut() -> None:
    """Subjects are kept up to a length."""
    rendered = render(b"Subject: %b\r\n\r\n" % (b"x" * 5000), received=0)
    assert len(rendered.subject) == SUBJECT_LENGTH_MAX


def multipart(*parts: bytes, subtype: bytes = b"mixed") -> bytes:
    return (
        b"Content-Type: multipart/"
        + subtype
        + b"; boundary=A\r\n\r\n"
        + b"".join(b"--A\r\n" + part + b"\r\n" for part in parts)
        + b"--A--\r\n"
    )


TEXT = b"\r\ntext"
HTML = b"Content-Type: text/html\r\n\r\n<style>x</style><p>page</p>"

PREVIEWS = [
    (b"\r\n", ""),
    (multipart(TEXT, HTML), "text"),
    (multipart(HTML, TEXT), "page"),
    (multipart(b"\r\n \r\n\t", HTML), "page"),
    (multipart(b"Content-Disposition: attachment\r\n\r\nnot this", TEXT), "text"),
    (multipart(b"Content-Type: image/png\r\n\r\nnot this", TEXT), "text"),
    (multipart(*[b"\r\n "] * (PREVIEW_PARTS_MAX - 1), TEXT), "text"),
    (multipart(*[b"\r\n "] * PREVIEW_PARTS_MAX, TEXT), ""),
    (multipart(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner"), "inner"),
    (b"\r\n" + b"word " * 100, ("word " * 100)[:PREVIEW_LENGTH].rstrip()),
    (b"\r\na\0b\x01 ", "a b"),
    (b"\r\n" + b" " * 600 + b"late", "late"),
    (b"\r\n" + b"x" * 10_000, "x" * PREVIEW_LENGTH),
    (b"Content-Type: text/html\r\n\r\n<style>" + b"x " * 5000 + b"</style>page", "page"),
    (b"\r\n" + "中".encode() * 5000, "中" * PREVIEW_LENGTH),
    (
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n",
        "Grüße",
    ),
]


@pytest.mark.parametrize(("octets", "words"), PREVIEWS)
def test_preview(octets: bytes, words: str) -> None:
    """The preview is the beginning of the first text that has words."""
    assert preview(octets, parse(octets)) == words


PDF = b"Content-Type: application/pdf\r\n\r\nx"
PICTURE = b"Content-Type: image/png\r\n"

ATTACHED = [
    (TEXT, False),
    (b"Content-Disposition: inline\r\n\r\nx", False),
    (b"Content-Disposition: attachment\r\n\r\nx", True),
    (b'Content-Type: text/plain; name="a.txt"\r\n\r\nx', False),
    (PDF, True),
    (multipart(TEXT, HTML, subtype=b"alternative"), False),
    (multipart(TEXT, PDF), True),
    (multipart(TEXT, b'Content-Type: text/plain; name="a.txt"\r\n\r\nx'), True),
    (multipart(TEXT, b'Content-Type: text/calendar; name="a.ics"\r\n\r\nx'), False),
    (multipart(TEXT, PICTURE + b"\r\nx"), True),
    (multipart(TEXT, PICTURE + b"Content-ID: <a>\r\n\r\nx"), False),
    (multipart(TEXT, PICTURE + b"Content-Disposition: inline\r\n\r\nx"), False),
    (
        multipart(TEXT, PICTURE + b"Content-ID: <a>\r\nContent-Disposition: attachment\r\n\r\nx"),
        True,
    ),
    (multipart(TEXT, b"Content-Type: application/pgp-signature\r\n\r\nx"), False),
    (multipart(TEXT, b"Content-Type: message/rfc822\r\n\r\nx"), True),
    (multipart(TEXT, b"Content-Type: message/delivery-status\r\n\r\nx"), False),
]


@pytest.mark.parametrize(("octets", "expected"), ATTACHED)
def test_has_attachment(octets: bytes, expected: bool) -> None:
    """What people would call an attachment is one; signatures and shown pictures are not."""
    assert has_attachment(parse(octets)) is expected


PIECES = [
    b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-Id: ", b"References: ",
    b"Content-Type: multipart/mixed; boundary=A\r\n", b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html; charset=gb2312\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"--A\r\n", b"--A--\r\n", b"\r\n", b"\r\n ", b"=?gbk?B?1tDOxA==?=", b"a@b", b"<a@b>", b",",
    b"<", b'"', b"\xff", b"\0", b"1 Jan 2024 00:00:00 +0000", "中".encode(),
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4)).map(b"".join))
def test_never_raises(octets: bytes) -> None:
    """Any octets are rendered, within the limits, and nothing in it breaks a line."""
    rendered = render(octets, received=0)
    assert len(rendered.preview) <= PREVIEW_LENGTH
    texts = (rendered.subject, rendered.message_id, rendered.preview, *rendered.references)
    for text in texts:
        assert not set(text) & set("\r\n\0")
        text.encode()
    assert all(-(2**63) <= key < 2**63 for key in rendered.thread_keys)


def nested_multiparts(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )


HOSTILE = {
    "5,000 addresses": b"To: " + b"Ann Lee <ann@example.org>, " * 5000 + b"\r\n\r\n",
    "2,000 comments": b"To: " + b"(" * 2000 + b")" * 2000 + b"\r\n\r\n",
    "500 multiparts": nested_multiparts(500),
    "10,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 10_000,
    "3,000 continuations": b"Content-Type: a/b;"
    + b"".join(b" name*%d*=%%41;\r\n" % n for n in range(3000))
    + b"\r\n",
    "a line of 100 KB": b"Subject: " + b"x" * 100_000 + b"\r\n\r\n",
    "NUL": b"\0" * 100_000,
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A!" * 100_000,
    "a wrong charset": b"Content-Type: text/plain; charset=hex\r\n\r\n" + b"\xff" * 100_000,
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_hostile(octets: bytes) -> None:
    """Letters made to hurt are rendered in a fraction of a second."""
    begun = time.process_time()
    render(octets, received=0)
    assert time.process_time() - begun < 1
