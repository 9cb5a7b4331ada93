"""Commands about quotas."""

from typing import Any

import pytest

from imap_parsing import parse
from posthouse.wire.imap.commands import GetQuota, GetQuotaRoot, SetQuota, Status
from posthouse.wire.imap.grammar import BadCommand


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('GETQUOTA ""', GetQuota("")),
        ("getquota !root", GetQuota("!root")),
        ("GETQUOTAROOT inbox", GetQuotaRoot("INBOX")),
        ("GETQUOTAROOT {1}\r\nx ", GetQuotaRoot("x")),
        ('SETQUOTA "" (storage 512 MESSAGE 9223372036854775807)',
         SetQuota("", (("STORAGE", 512), ("MESSAGE", 2**63 - 1)))),
        ("SETQUOTA x ()", SetQuota("x", ())),
        ("STATUS x (deleted-storage)", Status("x", ("DELETED-STORAGE",))),
    ],
)  # fmt: skip
def test_commands(text: str, command: Any) -> None:
    """As RFC 9208 7 writes them."""
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "GETQUOTA",
        "GETQUOTA x y",
        'GETQUOTA "',
        "GETQUOTAROOT",
        "GETQUOTAROOT x y",
        "SETQUOTA x",
        "SETQUOTA x STORAGE 1",
        "SETQUOTA x (STORAGE)",
        "SETQUOTA x (STORAGE 1 )",
        "SETQUOTA x (STORAGE -1)",
        "SETQUOTA x (STORAGE 9223372036854775808)",
        "SETQUOTA x () y",
        f"SETQUOTA x ({' '.join(['A 1'] * 21)})",
    ],
)
def test_wrong(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(text)


def test_not_offered() -> None:
    """DELETED-STORAGE comes with the resource."""
    with pytest.raises(BadCommand, match="QUOTA=RES-STORAGE"):
        parse("STATUS x (DELETED-STORAGE)", frozenset())
