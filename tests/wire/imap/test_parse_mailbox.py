"""SELECT to STATUS, LIST."""

from typing import Any

import pytest

from imap_parsing import EVERYTHING, parse
from posthouse.wire.imap.commands import Create, List, Lsub, Qresync, Select, Status
from posthouse.wire.imap.grammar import BadCommand, Declined
from posthouse.wire.imap.limits import ImapLimits


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("SELECT a", Select("a", False, False, None)),
        ('EXAMINE "INBOX" (CONDSTORE)', Select("INBOX", True, True, None)),
        (
            "SELECT x (QRESYNC (1 2 3:4 (5 6)) CONDSTORE) ",
            Select("x", False, True, Qresync(1, 2, ((3, 4),), ((5, 5),), ((6, 6),))),
        ),
        ("CREATE x (USE ())", Create("x", ())),
        ("LSUB a/ %", Lsub("a/", "%")),
        ('LSUB "" "*"', Lsub("", "*")),
        ("STATUS inbox (mailboxid DELETED)", Status("INBOX", ("MAILBOXID", "DELETED"))),
        ('LIST "" ""', List("", ("",))),
        ("LIST x *]%", List("x", ("*]%",))),
        ("LIST {1}\r\nx {1}\r\n%", List("x", ("%",))),
        ('LIST () "" ""', List("", ("",), True)),
        ('LIST "" (INBOX "a b" *)', List("", ("INBOX", "a b", "*"), True)),
        ('LIST "" * RETURN ()', List("", ("*",), True)),
        (
            'LIST (subscribed RECURSIVEMATCH REMOTE) "" * return (CHILDREN subscribed)',
            List(
                "",
                ("*",),
                True,
                select_subscribed=True,
                select_remote=True,
                select_recursive=True,
                return_subscribed=True,
                return_children=True,
            ),
        ),
        (
            'LIST (SPECIAL-USE) "" % RETURN (SPECIAL-USE STATUS (MESSAGES SIZE))',
            List(
                "",
                ("%",),
                True,
                select_special_use=True,
                return_special_use=True,
                return_status=("MESSAGES", "SIZE"),
            ),
        ),
    ],
)
def test_commands(text: str, command: Any) -> None:
    """Commands about mailboxes are read as the RFCs write them."""
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "SELECT",
        "SELECT a b",
        "SELECT a ()",
        "SELECT a (FOO)",
        "SELECT a (CONDSTORE",
        "SELECT a (QRESYNC)",
        "SELECT a (QRESYNC (1))",
        "SELECT a (QRESYNC (1 2 (3)))",
        "SELECT a (QRESYNC (1 2 3 4))",
        "SELECT a (QRESYNC (1 2 (3 4) 5))",
        "CREATE a (USE \\Drafts)",
        "CREATE a (USE (Drafts))",
        "CREATE a (USE (\\Drafts)",
        "CREATE a (USE (" + "\\A " * 10 + "\\A))",
        "RENAME a",
        "STATUS a",
        "STATUS a ()",
        "STATUS a (FOO)",
        "STATUS a (MESSAGES",
        "STATUS a MESSAGES",
        "LIST",
        'LIST ""',
        "LIST a b c",
        'LIST (FOO) "" *',
        'LIST (RECURSIVEMATCH) "" *',
        'LIST (RECURSIVEMATCH REMOTE) "" *',
        'LIST (SUBSCRIBED "" *',
        'LIST (SUBSCRIBED)"" *',
        'LIST "" ()',
        'LIST "" (a',
        'LIST "" * RETURN',
        'LIST "" * RETURN (FOO)',
        'LIST "" * RETURN (CHILDREN',
        'LIST "" * RETURN (STATUS)',
        'LIST "" * RETURN (CHILDREN) x',
        f'LIST "" ({"* " * 20}*)',
        'LSUB "" (a)',
    ],
)
def test_refused(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(text)


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("SELECT a (CONDSTORE)", "CONDSTORE"),
        ("SELECT a (QRESYNC (1 2))", "QRESYNC"),
        ("CREATE a (USE (\\Drafts))", "CREATE-SPECIAL-USE"),
        ("STATUS a (HIGHESTMODSEQ)", "CONDSTORE"),
        ("STATUS a (SIZE)", "STATUS=SIZE"),
        ('LIST () "" *', "LIST-EXTENDED"),
        ('LIST "" (*)', "LIST-EXTENDED"),
        ('LIST "" * RETURN ()', "LIST-EXTENDED"),
        ('LIST "" * RETURN (STATUS (MESSAGES))', "LIST-STATUS"),
    ],
)
def test_needs_its_extension(text: str, extension: str) -> None:
    """What an extension brings is understood where it is offered only."""
    parse(text)
    with pytest.raises(BadCommand, match=f"needs {extension}"):
        parse(text, EVERYTHING - {extension})


def test_name_limit() -> None:
    """A name as long as allowed is taken, one octet more is NO."""
    limits = ImapLimits(mailbox_octets_max=200)
    parse(f"DELETE {'a' * 200}", limits=limits)
    with pytest.raises(Declined, match="at most 200 octets"):
        parse(f"DELETE {'a' * 201}", limits=limits)
    with pytest.raises(Declined, match="at most 200 octets"):
        parse(f'LIST "" {"*" * 201}', limits=limits)
