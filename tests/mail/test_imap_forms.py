import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.header import Header
from posthouse.mail.imap_forms import QUOTED_OCTETS_MAX, bodystructure, envelope, imap_string
from posthouse.mail.structure import DEPTH_MAX, parse


@pytest.mark.parametrize(
    ("octets", "form"),
    [
        (None, b"NIL"),
        (b"", b'""'),
        (b"plain text", b'"plain text"'),
        (b"NIL", b'"NIL"'),
        (b'a"b\\c', b'"a\\"b\\\\c"'),
        (b"a\tb", b'"a\tb"'),
        (b"a\r\nb", b'"a b"'),
        (b"a\0b", b'"a b"'),
        (b"a\x01b", b"{3}\r\na\x01b"),
        ("中".encode(), b"{3}\r\n\xe4\xb8\xad"),
        (b"\xff\r", b"{2}\r\n\xff "),
        (b"x" * QUOTED_OCTETS_MAX, b'"' + b"x" * QUOTED_OCTETS_MAX + b'"'),
        (b"x" * (QUOTED_OCTETS_MAX + 1), b"{4097}\r\n" + b"x" * (QUOTED_OCTETS_MAX + 1)),
    ],
)
def test_imap_string(octets: bytes | None, form: bytes) -> None:
    """Printable ASCII is quoted, all else is a literal, and no line end is left."""
    assert imap_string(octets) == form


def test_envelope_of_rfc3501() -> None:
    """The envelope of RFC 3501 8 comes out as printed there."""
    header = Header(
        b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
        b"From: Terry Gray <gray@cac.washington.edu>\r\n"
        b"Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
        b"To: imap@cac.washington.edu\r\n"
        b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
        b"Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n"
        b"\r\n"
    )
    gray = b'(("Terry Gray" NIL "gray" "cac.washington.edu"))'
    assert envelope(header) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" '
        b'"IMAP4rev1 WG mtg summary and minutes" ' + gray + b" " + gray + b" " + gray + b" "
        b'((NIL NIL "imap" "cac.washington.edu")) '
        b'((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) '
        b'NIL NIL "<B27397-0100000@cac.washington.edu>")'
    )


NOBODY = b"NIL NIL NIL NIL NIL NIL"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (b"", b"(NIL NIL " + NOBODY + b" NIL NIL)"),
        (b"Subject:\r\nMessage-ID:\r\nIn-Reply-To: \r\n", b'(NIL "" ' + NOBODY + b" NIL NIL)"),
        (
            b"From: a@b\r\nSender:\r\nReply-To: c@d\r\n",
            b'(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "c" "d"))'
            b" NIL NIL NIL NIL NIL)",
        ),
        (
            b"Sender: a@b\r\nBcc: c@d\r\nIn-Reply-To: <x>\r\n",
            b'(NIL NIL NIL ((NIL NIL "a" "b")) NIL NIL NIL ((NIL NIL "c" "d")) "<x>" NIL)',
        ),
        (
            b"To: friends: a@b;\r\n",
            b'(NIL NIL NIL NIL NIL ((NIL NIL "friends" NIL)(NIL NIL "a" "b")(NIL NIL NIL NIL))'
            b" NIL NIL NIL NIL)",
        ),
        (
            b"To: a@b\r\nTo: <@x:c@d>\r\n",
            b'(NIL NIL NIL NIL NIL ((NIL NIL "a" "b")(NIL "@x" "c" "d")) NIL NIL NIL NIL)',
        ),
        (
            b"Subject: =?utf-8?B?5Lit?=\r\n =?utf-8?B?5paH?=\r\n",
            b'(NIL "=?utf-8?B?5Lit?= =?utf-8?B?5paH?=" ' + NOBODY + b" NIL NIL)",
        ),
        ("Subject: 中\r\n".encode(), b"(NIL {3}\r\n\xe4\xb8\xad " + NOBODY + b" NIL NIL)"),
        (b"Subject: \xd6\xd0\r\n", b"(NIL {2}\r\n\xd6\xd0 " + NOBODY + b" NIL NIL)"),
    ],
)
def test_envelopes(header: bytes, form: bytes) -> None:
    """Missing fields are NIL, Sender and Reply-To stand for From, octets stay as they are."""
    assert envelope(Header(header)) == form


STRUCTURES = [
    (
        b"\r\na\r\nb\r\n",
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 2',
        b" NIL NIL NIL NIL)",
    ),
    (
        b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <i>\r\n"
        b"Content-Description: d\r\nContent-MD5: m\r\nContent-Language: de, fr\r\n"
        b"Content-Location: l\r\nContent-Disposition: inline\r\n\r\nAAAA",
        b'("application" "x" NIL "<i>" "d" "base64" 4',
        b' "m" ("inline" NIL) ("de" "fr") "l")',
    ),
    (
        'Content-Type: application/x; name="中"\r\n'
        "Content-Disposition: attachment;\r\n"
        " filename*0*=utf-8''%E4; filename*1*=%B8%AD\r\n\r\n".encode(),
        b'("application" "x" ("name" {3}\r\n\xe4\xb8\xad) NIL NIL "7bit" 0',
        b' NIL ("attachment" ("filename*" "utf-8\'\'%E4%B8%AD")) NIL NIL)',
    ),
    (
        b"Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nx\r\n",
        b'("message" "rfc822" NIL NIL NIL "7bit" 17 (NIL "s" ' + NOBODY + b" NIL NIL) "
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1)'
        b" 3",
        None,
    ),
]


@pytest.mark.parametrize(("octets", "basic", "extension"), STRUCTURES)
def test_bodystructure(octets: bytes, basic: bytes, extension: bytes | None) -> None:
    """BODY has the basic fields, BODYSTRUCTURE the extension data behind them."""
    tree = parse(octets)
    assert bodystructure(tree, octets, extended=False) == basic + b")"
    if extension is not None:
        assert bodystructure(tree, octets) == basic + extension


def test_multipart() -> None:
    """A multipart has its parts, its subtype, and in BODYSTRUCTURE its parameters."""
    octets = (
        b"Content-Type: multipart/mixed; boundary=A\r\nContent-Language: en\r\n\r\n"
        b"--A\r\n\r\nx\r\n--A\r\nContent-Type: image/png\r\n\r\ny\r\n--A--\r\n"
    )
    tree = parse(octets)
    text = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0'
    image = b'("image" "png" NIL NIL NIL "7bit" 1'
    nothing = b" NIL NIL NIL NIL)"
    assert bodystructure(tree, octets, extended=False) == b"(%b)%b) %b)" % (
        b"" + text,
        image,
        b'"mixed"',
    )
    assert bodystructure(tree, octets) == (
        b"(" + text + nothing + image + nothing + b' "mixed" ("boundary" "A") NIL ("en") NIL)'
    )


def test_multipart_without_parts() -> None:
    """A multipart without parts shows one empty text, since the grammar wants a part."""
    octets = b"Content-Type: multipart/mixed\r\n\r\nx"
    empty = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0'
    tree = parse(octets)
    assert bodystructure(tree, octets, extended=False) == b"(" + empty + b') "mixed")'
    assert bodystructure(tree, octets) == (
        b"(" + empty + b' NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)'
    )


def test_letter_without_tree() -> None:
    """A letter too deep to be looked into shows an empty one."""
    octets = b"Content-Type: message/rfc822\r\n\r\n" * (DEPTH_MAX + 5)
    for extended in (False, True):
        form = bodystructure(parse(octets), octets, extended=extended)
        assert form.count(b'"rfc822"') == DEPTH_MAX + 1
        assert_well_formed(form)


LITERAL = re.compile(rb"\{(\d+)\}\r\n")
TOKEN = re.compile(rb'"(?:[^"\\\r\n\0\x80-\xff]|\\["\\])*"|NIL|\d+|[ ()]')


def assert_well_formed(form: bytes) -> None:
    """Reads the whole as IMAP tokens; outside of literals there is nothing else."""
    depth = 0
    at = 0
    while at < len(form):
        literal = LITERAL.match(form, at)
        if literal is not None:
            at = literal.end() + int(literal[1])
            assert not set(form[literal.end() : at]) & set(b"\r\n\0")
            continue
        token = TOKEN.match(form, at)
        assert token is not None, form[at : at + 20]
        depth += (token[0] == b"(") - (token[0] == b")")
        assert depth > 0 or token.end() == len(form)
        at = token.end()
    assert depth == 0


PIECES = [
    b"Content-Type: multipart/mixed; boundary=A\r\n",
    b"Content-Type: message/rfc822\r\n",
    b'Content-Disposition: attachment; filename="\\"',
    b"From: ",
    b"Subject: ",
    b"a@b, ",
    b'"',
    b"\\",
    b"g:;",
    b"--A\r\n",
    b"\r\n",
    b"\xff",
    b"\0",
    b"\r",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4)).map(b"".join))
def test_always_well_formed(octets: bytes) -> None:
    """Whatever the letter, the forms are IMAP, with no line end but those of literals."""
    tree = parse(octets)
    assert_well_formed(envelope(Header(octets)))
    assert_well_formed(bodystructure(tree, octets))
    assert_well_formed(bodystructure(tree, octets, extended=False))
