"""FETCH."""

import pytest

from imap_parsing import EVERYTHING, parse
from posthouse.wire.imap.commands import BinarySection, BodySection, Fetch, FetchItem
from posthouse.wire.imap.grammar import BadCommand

FAST = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")


def section(
    label: bytes,
    part: tuple[int, ...] = (),
    what: str = "",
    fields: tuple[str, ...] = (),
    *,
    partial: tuple[int, int] | None = None,
    peek: bool = True,
) -> BodySection:
    """A section, mostly one that peeks."""
    return BodySection(peek, part, what, fields, partial, label)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("FAST", FAST),
        ("all", (*FAST, "ENVELOPE")),
        ("FULL", (*FAST, "ENVELOPE", "BODY")),
        ("flags", ("FLAGS",)),
        ("(UID FLAGS uid)", ("UID", "FLAGS")),
        ("(BODY BODYSTRUCTURE)", ("BODY", "BODYSTRUCTURE")),
        ("(MODSEQ EMAILID THREADID SAVEDATE)", ("MODSEQ", "EMAILID", "THREADID", "SAVEDATE")),
        ("(PREVIEW)", ("PREVIEW",)),
        ("(PREVIEW (LAZY) UID)", ("PREVIEW LAZY", "UID")),
        ("RFC822", (section(b"RFC822", peek=False),)),
        ("RFC822.HEADER", (section(b"RFC822.HEADER", (), "HEADER"),)),
        ("rfc822.text", (section(b"RFC822.TEXT", (), "TEXT", peek=False),)),
        ("(RFC822.PEEK)", (section(b"RFC822"),)),
        ("RFC822.TEXT.PEEK", (section(b"RFC822.TEXT", (), "TEXT"),)),
        ("BODY[]", (section(b"BODY[]", peek=False),)),
        ("body.peek[]<0.1024>", (section(b"BODY[]<0>", partial=(0, 1024)),)),
        ("BODY.PEEK[header]", (section(b"BODY[HEADER]", (), "HEADER"),)),
        ("BODY.PEEK[TEXT]<5.1>", (section(b"BODY[TEXT]<5>", (), "TEXT", partial=(5, 1)),)),
        ("BODY.PEEK[1]", (section(b"BODY[1]", (1,)),)),
        ("BODY.PEEK[4.2.1.mime]", (section(b"BODY[4.2.1.MIME]", (4, 2, 1), "MIME"),)),
        ("BODY.PEEK[3.Header]", (section(b"BODY[3.HEADER]", (3,), "HEADER"),)),
        (
            'BODY.PEEK[HEADER.FIELDS (Date "from" {2}\r\nTo)]',
            (
                section(
                    b"BODY[HEADER.FIELDS (Date from To)]",
                    (),
                    "HEADER.FIELDS",
                    ("DATE", "FROM", "TO"),
                ),
            ),
        ),
        (
            "(BODY.PEEK[2.HEADER.FIELDS.NOT (X)]<1.2> UID)",
            (
                section(
                    b"BODY[2.HEADER.FIELDS.NOT (X)]<1>",
                    (2,),
                    "HEADER.FIELDS.NOT",
                    ("X",),
                    partial=(1, 2),
                ),
                "UID",
            ),
        ),
        ("BINARY[1.2]", (BinarySection(False, (1, 2), None, False, b"BINARY[1.2]"),)),
        ("BINARY.PEEK[]<9.3>", (BinarySection(True, (), (9, 3), False, b"BINARY[]<9>"),)),
        ("BINARY.SIZE[4]", (BinarySection(True, (4,), None, True, b"BINARY.SIZE[4]"),)),
    ],
)
def test_items(text: str, items: tuple[FetchItem, ...]) -> None:
    """Items are read in any case, each once, sections with the label their answer has."""
    assert parse(f"FETCH 1 {text}") == Fetch(False, ((1, 1),), items)
    assert parse(f"FETCH 1 {text} ") == Fetch(False, ((1, 1),), items)
    uid_items = ("UID", *(item for item in items if item != "UID"))
    assert parse(f"UID FETCH 1 {text}") == Fetch(True, ((1, 1),), uid_items)


@pytest.mark.parametrize(
    ("text", "fetch"),
    [
        (
            "FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)",
            Fetch(False, ((1, 0),), ("FLAGS", "MODSEQ"), 12345),
        ),
        (
            "UID FETCH 300:500 FLAGS (CHANGEDSINCE 0 VANISHED)",
            Fetch(True, ((300, 500),), ("UID", "FLAGS", "MODSEQ"), 0, True),
        ),
        ("FETCH $ UID", Fetch(False, (), ("UID",))),
    ],
)
def test_sets_and_modifiers(text: str, fetch: Fetch) -> None:
    """CHANGEDSINCE asks for MODSEQ too; `$` is the saved result. RFC 7162 3.1.4.1, 5182"""
    assert parse(text) == fetch


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 FLAGS",
        "1",
        "1 ",
        "1 ()",
        "1  FLAGS",
        "1 FLAGS UID",
        "1 (FLAGS",
        "1 (FLAGS  UID)",
        "1 (FAST)",
        "1 FASTER",
        "1 FLAG",
        "1 FLAGS[]",
        "1 BODY.PEEK",
        "1 BODY[",
        "1 BODY[0]",
        "1 BODY[1.]",
        "1 BODY[1.0]",
        "1 BODY[HEADERS]",
        "1 BODY[MIME]",
        "1 BODY[1 TEXT]",
        "1 BODY[1.X]",
        "1 BODY[HEADER.FIELDS]",
        "1 BODY[HEADER.FIELDS ()]",
        "1 BODY[HEADER.FIELDS (a]",
        "1 BODY[]<0>",
        "1 BODY[]<0.0>",
        "1 BODY[]<a.1>",
        "1 BODY[]<9999999999999999999.1>",
        "1 BODY[]<1.9999999999999999999>",
        "1 BODY[" + "1." * 100 + "1]",
        "1 BINARY[1.TEXT]",
        "1 BINARY.SIZE[1]<0.1>",
        "1 FLAGS (CHANGEDSINCE)",
        "1 FLAGS (CHANGEDSINCE 9223372036854775808)",
        "1 FLAGS (VANISHED)",
        "1 FLAGS (CHANGEDSINCE 1 VANISHED)",
        "1 FLAGS (OTHER 1)",
        "1 FLAGS (CHANGEDSINCE 1) x",
        "1 FLAGS CHANGEDSINCE 1",
        '1 "FLAGS"',
        "1 {5}\r\nFLAGS",
        "1 PREVIEW (EAGER)",
    ],
)
def test_refused(text: str) -> None:
    """What RFC 3501 9 does not have is BAD, with a text."""
    with pytest.raises(BadCommand) as caught:
        parse(f"FETCH {text}")
    assert caught.value.text


@pytest.mark.parametrize(
    ("item", "extension"),
    [
        ("MODSEQ", "CONDSTORE"),
        ("EMAILID", "OBJECTID"),
        ("SAVEDATE", "SAVEDATE"),
        ("PREVIEW", "PREVIEW"),
        ("BINARY[1]", "BINARY"),
        ("FLAGS (CHANGEDSINCE 1)", "CONDSTORE"),
        ("FLAGS (CHANGEDSINCE 1 VANISHED)", "QRESYNC"),
    ],
)
def test_needs_its_extension(item: str, extension: str) -> None:
    """An item of an extension is understood where it is offered only."""
    parse(f"UID FETCH 1 {item}")
    with pytest.raises(BadCommand, match=f"needs {extension}"):
        parse(f"UID FETCH 1 {item}", EVERYTHING - {extension})


def test_many() -> None:
    """As many header fields and items as allowed are read, one more is not."""
    names = " ".join(f"f{n}" for n in range(500))
    (item,) = parse(f"FETCH 1 BODY[HEADER.FIELDS ({names})]").items
    assert len(item.fields) == 500
    with pytest.raises(BadCommand, match="at most 500 header fields"):
        parse(f"FETCH 1 BODY[HEADER.FIELDS ({names} x)]")

    items = " ".join(f"BODY[{n}]" for n in range(1, 501))
    assert len(parse(f"FETCH 1 ({items})").items) == 500
    with pytest.raises(BadCommand, match="at most 500 items"):
        parse(f"FETCH 1 ({items} UID)")


def test_the_same_items_are_known_again() -> None:
    """Equal item lists are read once: clients repeat few."""
    assert parse("FETCH 1 (UID FLAGS)").items is parse("FETCH 2:3 (UID FLAGS)").items
