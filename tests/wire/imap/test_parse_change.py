"""STORE, COPY, MOVE, EXPUNGE."""

from typing import Any

import pytest

from imap_parsing import EVERYTHING, parse
from posthouse.wire.imap.commands import Copy, Expunge, Move, Store
from posthouse.wire.imap.flags import DELETED, SEEN, Flags
from posthouse.wire.imap.grammar import BadCommand, Declined

ONE = ((1, 1),)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("STORE 1 FLAGS ()", Store(False, ONE, "replace", Flags(), False)),
        ("store 1 flags \\seen", Store(False, ONE, "replace", Flags(SEEN), False)),
        ("STORE 1 +FLAGS (\\Seen b a)", Store(False, ONE, "add", Flags(SEEN, "a b"), False)),
        (
            "UID STORE 1 -Flags.Silent \\Seen \\Deleted x ",
            Store(True, ONE, "remove", Flags(SEEN | DELETED, "x"), True),
        ),
        (
            "STORE 1 (unchangedsince 320162338) +FLAGS.SILENT (\\Deleted)",
            Store(False, ONE, "add", Flags(DELETED), True, 320162338),
        ),
        ("COPY 1 inbox", Copy(False, ONE, "INBOX")),
        ('UID COPY 1:* "a b"', Copy(True, ((1, 0),), "a b")),
        ("MOVE 1 {1}\r\nx", Move(False, ONE, "x")),
        ("UID MOVE $ Entw&APw-rfe", Move(True, (), "Entwürfe")),
        ("EXPUNGE", Expunge(None)),
        ("EXPUNGE ", Expunge(None)),
        ("UID EXPUNGE 3:5", Expunge(((3, 5),))),
    ],
)
def test_commands(text: str, command: Any) -> None:
    """Commands that change messages are read as the RFCs write them."""
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "STORE 1",
        "STORE 1 FLAGS",
        "STORE 1 FLAGS.LOUD ()",
        "STORE 1 =FLAGS ()",
        "STORE 1 FLAGS (\\Recent)",
        "STORE 1 FLAGS (\\Seen",
        "STORE 1 FLAGS ( \\Seen)",
        "STORE 1 FLAGS (a]b)",
        "STORE 1 FLAGS () x",
        "STORE 1 FLAGS () ()",
        "STORE x FLAGS ()",
        "STORE 1 (UNCHANGEDSINCE) FLAGS ()",
        "STORE 1 (UNCHANGEDSINCE 1)FLAGS ()",
        "STORE 1 (OTHER 1) FLAGS ()",
        "COPY 1",
        "COPY 1 a b",
        "MOVE 1 (a)",
        "EXPUNGE 1",
        "UID EXPUNGE",
        "UID EXPUNGE x",
    ],
)
def test_refused(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(text)


def test_condstore_must_be_offered() -> None:
    """UNCHANGEDSINCE is CONDSTORE's. RFC 7162 3.1.3"""
    with pytest.raises(BadCommand, match="needs CONDSTORE"):
        parse("STORE 1 (UNCHANGEDSINCE 1) FLAGS ()", EVERYTHING - {"CONDSTORE"})


def test_a_name_that_cannot_be() -> None:
    """A mailbox name of good syntax that is no modified UTF-7 is NO and not BAD."""
    with pytest.raises(Declined, match="without its -"):
        parse("COPY 1 a&b")
