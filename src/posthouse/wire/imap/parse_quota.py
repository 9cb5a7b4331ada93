"""Commands about quotas. RFC 9208 4.1"""

from typing import Final

from posthouse.wire.imap import commands
from posthouse.wire.imap.grammar import MODSEQ_MAX, BadCommand, Cursor

_RESOURCES_MAX: Final = 20


def parse_get_quota(cursor: Cursor) -> commands.GetQuota:
    """GETQUOTA root."""
    cursor.space()
    root = cursor.text("a quota root")
    cursor.end()
    return commands.GetQuota(root)


def parse_get_quota_root(cursor: Cursor) -> commands.GetQuotaRoot:
    """GETQUOTAROOT mailbox."""
    cursor.space()
    mailbox = cursor.mailbox()
    cursor.end()
    return commands.GetQuotaRoot(mailbox)


def parse_set_quota(cursor: Cursor) -> commands.SetQuota:
    """SETQUOTA root (resource limit ...); () takes all limits away."""
    cursor.space()
    root = cursor.text("a quota root")
    cursor.space()
    cursor.expect(b"(")
    limits: list[tuple[str, int]] = []
    while not cursor.take(b")"):
        if limits:
            cursor.space()
        name = cursor.atom("a resource").upper().decode("ascii")
        cursor.space()
        limits.append((name, cursor.number("a limit", MODSEQ_MAX)))
        if len(limits) > _RESOURCES_MAX:
            raise BadCommand(f"SETQUOTA takes at most {_RESOURCES_MAX} resources")
    cursor.end()
    return commands.SetQuota(root, tuple(limits))
