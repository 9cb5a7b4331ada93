import mmap
import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail import structure
from posthouse.mail.structure import (
    DEPTH_MAX,
    PARTS_MAX,
    Part,
    find_part,
    find_section,
    pack,
    parse,
    scan,
    searchable,
    unpack,
    walk,
)
from posthouse.mail.text import decode_transfer


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def outline(part: Part) -> object:
    """The tree as nested lists of types."""
    name = f"{part.type}/{part.subtype}"
    return [name, *map(outline, part.children)] if part.children else name


def body(octets: bytes, part: Part) -> bytes:
    return octets[part.body_start : part.body_end]


# The letter of RFC 3501 6.4.5, whose numbers are given there.
RFC3501 = crlf("""Subject: numbers
Content-Type: multipart/mixed; boundary=A

preamble
--A
Content-Type: text/plain

one
--A
Content-Type: application/octet-stream

two
--A
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/mixed; boundary=B

--B

three one
--B
Content-Type: application/octet-stream

three two
--B--
--A
Content-Type: multipart/mixed; boundary=C

--C
Content-Type: image/gif

four one
--C
Content-Type: message/rfc822
X-Mime: yes

Subject: four two
Content-Type: multipart/mixed; boundary=D

--D

four two one
--D
Content-Type: multipart/alternative; boundary=E

--E

plain
--E
Content-Type: text/richtext

rich
--E--
--D--
--C--
--A--
epilogue
""")

SECTIONS = [
    ((1,), "", b"one"),
    ((2,), "", b"two"),
    ((2,), "MIME", b"Content-Type: application/octet-stream\r\n\r\n"),
    ((3,), "HEADER", b"Subject: three\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"),
    ((3, 1), "", b"three one"),
    ((3, 1), "MIME", b"\r\n"),
    ((3, 2), "", b"three two"),
    ((4, 1), "", b"four one"),
    ((4, 2), "MIME", b"Content-Type: message/rfc822\r\nX-Mime: yes\r\n\r\n"),
    ((4, 2), "HEADER", b"Subject: four two\r\nContent-Type: multipart/mixed; boundary=D\r\n\r\n"),
    ((4, 2, 1), "", b"four two one"),
    ((4, 2, 2, 1), "", b"plain"),
    ((4, 2, 2, 2), "", b"rich"),
    ((4, 2, 2, 2), "MIME", b"Content-Type: text/richtext\r\n\r\n"),
]


@pytest.mark.parametrize(("path", "what", "expected"), SECTIONS)
def test_sections(path: tuple[int, ...], what: str, expected: bytes) -> None:
    """The numbers of RFC 3501 6.4.5 lead to their octets."""
    tree = parse(RFC3501)
    found = find_section(tree, path, what)
    assert found is not None
    assert RFC3501[slice(*found)] == expected


def test_sections_of_the_whole() -> None:
    """Without numbers, sections are those of the letter; texts and headers join to the whole."""
    tree = parse(RFC3501)
    head = RFC3501.index(b"\r\n\r\n") + 4
    assert find_section(tree, ()) == (0, len(RFC3501))
    assert find_section(tree, (), "HEADER") == (0, head)
    assert find_section(tree, (), "TEXT") == (head, len(RFC3501))
    assert find_section(tree, (), "MIME") is None
    inner = find_section(tree, (3,))
    header = find_section(tree, (3,), "HEADER")
    text = find_section(tree, (3,), "TEXT")
    assert inner is not None
    assert header is not None
    assert text is not None
    assert (inner[0], inner[1]) == (header[0], text[1])
    assert header[1] == text[0]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ((0,), ""),
        ((5,), ""),
        ((-1,), ""),
        ((1, 1), ""),
        ((2, 1), ""),
        ((3, 3), ""),
        ((4, 2, 2, 2, 1), ""),
        ((1,), "HEADER"),
        ((4,), "TEXT"),
    ],
)
def test_no_such_section(path: tuple[int, ...], what: str) -> None:
    """Numbers that lead nowhere, and headers of what is no letter, are None."""
    assert find_section(parse(RFC3501), path, what) is None


def test_single_part_letters() -> None:
    """A letter that is no multipart has part 1, its body; so has one inside a letter."""
    octets = crlf("Subject: x\n\nbody\n")
    tree = parse(octets)
    assert find_part(tree, (1,)) is tree
    assert find_section(tree, (1,)) == (14, 20)
    assert find_section(tree, (1,), "MIME") == (0, 14)
    assert find_part(tree, (2,)) is None
    assert find_part(tree, (1, 1)) is None
    octets = crlf("Content-Type: message/rfc822\n\nSubject: inner\n\ninner body\n")
    tree = parse(octets)
    assert find_part(tree, (1,)) is tree
    assert find_part(tree, (1, 1)) is tree.children[0]
    assert find_part(tree, (1, 2)) is None
    found = find_section(tree, (1, 1))
    assert found is not None
    assert octets[slice(*found)] == b"inner body\r\n"
    found = find_section(tree, (1,), "HEADER")
    assert found is not None
    assert octets[slice(*found)] == b"Subject: inner\r\n\r\n"
    assert tree.lines == 3


def test_outline() -> None:
    """The tree has the parts of the letter, in order."""
    tree = parse(RFC3501)
    rich = ["multipart/alternative", "text/plain", "text/richtext"]
    assert outline(tree) == [
        "multipart/mixed",
        "text/plain",
        "application/octet-stream",
        ["message/rfc822", ["multipart/mixed", "text/plain", "application/octet-stream"]],
        [
            "multipart/mixed",
            "image/gif",
            ["message/rfc822", ["multipart/mixed", "text/plain", rich]],
        ],
    ]
    assert [part.type for part in walk(tree)].count("text") == 5
    assert unpack(pack(tree)) == tree


HEAD = "Content-Type: multipart/mixed; boundary=A\n\n"
MIXED, PLAIN = "multipart/mixed", "text/plain"

ODD = [
    # (letter, outline, bodies of the leaves)
    ("", PLAIN, [""]),
    ("\n", PLAIN, [""]),
    ("\nbody", PLAIN, ["body"]),
    ("Subject: only a header", PLAIN, [""]),
    ("Subject: only a header\n", PLAIN, [""]),
    ("Content-Type: nonsense\n\nx", PLAIN, ["x"]),
    ("Content-Type: multipart/mixed\n\n--A\n\nx\n--A--\n", MIXED, ["--A\n\nx\n--A--\n"]),
    ('Content-Type: multipart/mixed; boundary=""\n\nx', MIXED, ["x"]),
    (HEAD, MIXED, [""]),
    (HEAD + "no delimiter", MIXED, ["no delimiter"]),
    (HEAD + "--A\n\nx\n--A--\n", [MIXED, PLAIN], ["x"]),
    (HEAD + "--A\n\nx\n--A--", [MIXED, PLAIN], ["x"]),
    (HEAD + "--A\n\nno close\n", [MIXED, PLAIN], ["no close\n"]),
    (HEAD + "--A\n\nx\n--A", [MIXED, PLAIN, PLAIN], ["x", ""]),
    (HEAD + "--A--\nepilogue", MIXED, ["--A--\nepilogue"]),
    (HEAD + "--A\n--A\n--A--\n", [MIXED, PLAIN, PLAIN], ["", ""]),
    (HEAD + "--A\n\n--A\n\n\n--A--\n", [MIXED, PLAIN, PLAIN], ["", ""]),
    (HEAD + "--A\nX: header only\n--A--\n", [MIXED, PLAIN], [""]),
    (HEAD + "--A\nContent-Type: message/rfc822\n--A--\n", [MIXED, ["message/rfc822", PLAIN]], [""]),
    (HEAD + "--A \t\n\nspace behind\n--A-- \n", [MIXED, PLAIN], ["space behind"]),
    (
        HEAD + "--A\n\n--AB\n--B--\n--AB--\n --A\n--\n--A--\n",
        [MIXED, PLAIN],
        ["--AB\n--B--\n--AB--\n --A\n--"],
    ),
    (HEAD + "--A\n\nx\n--A--\n--A\n\nepilogue\n", [MIXED, PLAIN], ["x"]),
    ('Content-Type: multipart/mixed; boundary="A "\n\n--A\n\nx\n--A--\n', [MIXED, PLAIN], ["x"]),
    # an outer delimiter ends the inner parts, whose closing delimiter is missing
    (
        HEAD
        + "--A\nContent-Type: multipart/alternative; boundary=B\n\n--B\n\nx\n--A\n\ny\n--A--\n",
        [MIXED, ["multipart/alternative", PLAIN], PLAIN],
        ["x", "y"],
    ),
    # a boundary that begins with another one, in both orders
    (
        HEAD + "--A\nContent-Type: multipart/x; boundary=A--\n\n--A--\n\nx\n--A----\n--A--\n",
        [MIXED, ["multipart/x", PLAIN]],
        ["x"],
    ),
    # the same boundary twice: it is the outer one's
    (
        HEAD + "--A\nContent-Type: multipart/x; boundary=A\n\n--A\n\nx\n--A--\n",
        [MIXED, "multipart/x", PLAIN],
        ["", "x"],
    ),
    (
        "Content-Type: multipart/digest; boundary=A\n\n--A\n\nSubject: x\n\nx\n"
        "--A\nContent-Type: text/plain\n\ny\n--A--\n",
        ["multipart/digest", ["message/rfc822", PLAIN], PLAIN],
        ["x", "y"],
    ),
    (HEAD + "--A\n\nx\n\n--A--\n", [MIXED, PLAIN], ["x\n"]),
    ("Content-Type: message/global\n\nSubject: x\n\nx", ["message/global", PLAIN], ["x"]),
    ("Content-Type: message/partial\n\nSubject: x\n\nx", "message/partial", ["Subject: x\n\nx"]),
]


@pytest.mark.parametrize(("letter", "shape", "bodies"), ODD)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_odd_letters(letter: str, shape: object, bodies: list[str], line_end: str) -> None:
    """Broken letters have a tree too, with CRLF and with bare line feeds."""
    octets = letter.replace("\n", line_end).encode()
    tree = parse(octets)
    assert outline(tree) == shape
    leaves = [part for part in walk(tree) if not part.children]
    assert [body(octets, part).decode().replace("\r\n", "\n") for part in leaves] == bodies


def test_fields() -> None:
    """All that describes a part is kept, decoded and without control characters."""
    octets = (
        b"Content-Type: Image/PNG; name*=utf-8''%E4%B8%AD.png\r\n"
        b"Content-Transfer-Encoding: BASE64 (x)\r\n"
        b'Content-Disposition: Attachment; filename="x.png"\r\n'
        b"Content-ID: <a@b>\r\n"
        b"Content-Description: a\r\n picture\0\r\n"
        b"Content-Language: zh-CN, en,,\r\n"
        b"Content-Location: http://example.org/\r\n"
        b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
        b"\r\n"
        b"AAAA\r\n"
    )
    tree, header = scan(octets)
    assert header.octets == octets[: tree.body_start]
    assert tree == Part(
        type="image",
        subtype="png",
        params={"name*": "utf-8''%E4%B8%AD.png"},
        encoding="base64",
        header_start=0,
        body_start=len(octets) - 6,
        body_end=len(octets),
        disposition="attachment",
        disposition_params={"filename": "x.png"},
        id="<a@b>",
        description="a picture",
        language=("zh-CN", "en"),
        location="http://example.org/",
        md5="Q2hlY2sgSW50ZWdyaXR5IQ==",
    )
    assert tree.size == 6
    assert tree.filename == "x.png"
    assert tree.param("name") == "中.png"
    assert unpack(pack(tree)) == tree
    assert parse(b"Content-Transfer-Encoding: \r\n\r\n").encoding == "7bit"


def test_lines() -> None:
    """Lines are counted for texts and letters, and a letter's include those of its parts."""
    tree = parse(RFC3501)
    found = {path: find_part(tree, path) for path in ((1,), (3,), (3, 1), (4, 2), (4, 2, 2, 2))}
    for part in found.values():
        assert part is not None
        assert part.lines == body(RFC3501, part).count(b"\n")
    flat = parse(crlf(HEAD + "--A\n\na\nb\n--A--\n"))
    assert flat.children[0].lines == 1


def test_all_kinds_of_octets() -> None:
    """Bytes, bytearrays, views and maps have the same tree."""
    tree = parse(RFC3501)
    assert parse(bytearray(RFC3501)) == tree
    assert parse(memoryview(RFC3501)) == tree
    with mmap.mmap(-1, len(RFC3501)) as mapped:
        mapped.write(RFC3501)
        assert parse(mapped) == tree
        assert searchable(mapped) is mapped
    assert searchable(RFC3501) is RFC3501


def test_unpack_refuses() -> None:
    """What is no packed tree is a ValueError."""
    for octets in (b"", b"\x90", b"\xff", b"\xa1x"):
        with pytest.raises(ValueError):
            unpack(octets)


def test_depth_limit() -> None:
    """Parts lie inside parts down to a depth; deeper ones are the body of the last."""

    def nested(depth: int) -> bytes:
        return b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(depth)
        )

    def depth_of(octets: bytes) -> int:
        depth = 0
        part = parse(octets)
        while part.children:
            part = part.children[-1]
            depth += 1
        assert unpack(pack(parse(octets)))
        return depth

    assert depth_of(nested(DEPTH_MAX - 1)) == DEPTH_MAX - 1
    assert depth_of(nested(DEPTH_MAX)) == DEPTH_MAX
    assert depth_of(nested(500)) == DEPTH_MAX
    deep = b"Content-Type: message/rfc822\r\n\r\n" * 500
    assert depth_of(deep) == DEPTH_MAX
    # Letters inside letters have no number of their own: 1 is the body of the last one found.
    assert find_part(parse(deep), (1,) * (DEPTH_MAX + 1)) is not None
    assert find_part(parse(deep), (1,) * (DEPTH_MAX + 2)) is None


def test_parts_limit() -> None:
    """So many parts are found, and the last one holds the rest."""
    octets = crlf(HEAD) + b"--A\r\n" * (PARTS_MAX + 100)
    begun = time.process_time()
    tree = parse(octets)
    assert time.process_time() - begun < 1
    assert 1 + len(tree.children) == PARTS_MAX
    assert tree.children[-1].body_end == len(octets)
    letters = crlf(HEAD) + b"--A\r\nContent-Type: message/rfc822\r\n\r\n\r\n" * PARTS_MAX
    assert sum(1 for _ in walk(parse(letters))) <= PARTS_MAX + 1


def test_false_delimiters_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that only look like delimiters are looked at up to a number."""
    assert structure.FALSE_DELIMITERS_MAX >= 10_000
    monkeypatch.setattr(structure, "FALSE_DELIMITERS_MAX", 3)
    for count, found in ((3, 2), (4, 1)):
        tree = parse(crlf(HEAD + "--A\n\n" + "--Ax\n" * count + "--A\n\nx\n--A--\n"))
        assert len(tree.children) == found


# ---- beside the standard library's parser


def their_outline(message: Any) -> object:
    name = message.get_content_type()
    if message.is_multipart():
        payload = message.get_payload()
        assert isinstance(payload, list)
        return [name, *(their_outline(part) for part in payload)]
    return name


def their_leaves(message: Any) -> list[bytes]:
    return [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]


def letters(depth: int) -> st.SearchStrategy[EmailMessage]:
    text = st.text("abc \n.-中", max_size=30)

    def leaf(content: str, kind: str) -> EmailMessage:
        message = EmailMessage(policy=policy.SMTP)
        if kind == "text":
            message.set_content(content)
        else:
            message.set_content(content.encode(), "application", "octet-stream", filename="a.bin")
        return message

    def tie(parts: list[EmailMessage], kind: str) -> EmailMessage:
        message = EmailMessage(policy=policy.SMTP)
        if kind == "message":
            parts[0]["Subject"] = "inner"
            message.set_content(parts[0])
        else:
            message["Content-Type"] = f"multipart/{kind}"
            for part in parts:
                message.attach(part)
        return message

    leaves = st.builds(leaf, text, st.sampled_from(["text", "data"]))
    if depth == 0:
        return leaves
    kinds = st.sampled_from(["mixed", "alternative", "related", "message"])
    return leaves | st.builds(tie, st.lists(letters(depth - 1), min_size=1, max_size=3), kinds)


@given(letters(3))
def test_like_the_standard_library(letter: EmailMessage) -> None:
    """On letters that the standard library writes, it sees the same parts with the same octets."""
    letter["Subject"] = "outer"
    octets = letter.as_bytes()
    theirs = BytesParser(policy=policy.compat32).parsebytes(octets)
    tree = parse(octets)
    assert outline(tree) == their_outline(theirs)
    leaves = [part for part in walk(tree) if not part.children]
    ours = [decode_transfer(body(octets, part), part.encoding) for part in leaves]
    assert ours == their_leaves(theirs)


LINES = [
    b"Content-Type: multipart/mixed; boundary=A\r\n",
    b"Content-Type: multipart/digest; boundary=B\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"--A\r\n",
    b"--B\r\n",
    b"--A--\r\n",
    b"--B--\r\n",
    b"--\r\n",
    b"\r\n",
    b"\n",
    b"x\r\n",
    b"x",
    b"\r",
]


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=4)).map(b"".join))
def test_never_raises(octets: bytes) -> None:
    """Any octets have a tree whose parts lie one behind the other inside their parents."""
    tree = parse(octets)
    assert tree.body_end == len(octets)
    assert unpack(pack(tree)) == tree
    for part in walk(tree):
        assert part.header_start <= part.body_start <= part.body_end
        last = part.body_start
        for child in part.children:
            assert last <= child.header_start
            assert child.body_end <= part.body_end
            last = child.body_end
        if part.type == "text" or part.is_message:
            assert part.lines == body(octets, part).count(b"\n")


@pytest.mark.parametrize("unit", [*LINES, b"\n--", b"--A\r\nContent-Type: message/rfc822\r\n\r\n"])
def test_linear(unit: bytes) -> None:
    """Whatever is repeated, the time grows with the length only."""
    begun = time.process_time()
    parse(crlf(HEAD) + unit * (600_000 // len(unit)))
    assert time.process_time() - begun < 3
