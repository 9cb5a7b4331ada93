"""GETQUOTA, GETQUOTAROOT and SETQUOTA: how much of the account's room is used. RFC 9208

There is one quota root, "", for the whole account. What it may use is the administrator's to say.
"""

from typing import TYPE_CHECKING, Final

from posthouse.read.imap.failures import NO_MAILBOX
from posthouse.read.imap.names import kept_name
from posthouse.read.imap.view import MailboxLost
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    NONEXISTENT,
    NOPERM,
    Done,
    No,
    Ok,
    quota_line,
    quota_root_line,
)
from posthouse.wire.imap.sets import NUMBER_MAX

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

ROOT: Final = ""
UNIT_OCTETS: Final = 1024
"""STORAGE is counted in these. RFC 9208 5.1"""
MESSAGES_MAX: Final = NUMBER_MAX
"""Where no limit is set to the number of messages: here UIDs end. RFC 3501 2.3.1.1"""
_NO_ROOT: Final = No("There is no such quota root", NONEXISTENT)
_NOT_YOURS: Final = No("The administrator sets quotas, nobody else", NOPERM)


async def get_quota(visit: "ImapVisit", question: commands.GetQuota) -> Done:
    """GETQUOTA."""
    if question.root != ROOT:
        return _NO_ROOT
    await _tell(visit)
    return Ok("That is the quota")


async def get_quota_root(visit: "ImapVisit", question: commands.GetQuotaRoot) -> Done:
    """GETQUOTAROOT."""
    box = await visit.house.store.mailbox_by_name(visit.account, kept_name(question.mailbox))
    if box is None:
        return NO_MAILBOX
    visit.core.untagged(quota_root_line(box.name, (ROOT,), utf8=visit.core.utf8))
    await _tell(visit)
    return Ok("That is the quota")


async def set_quota(visit: "ImapVisit", question: commands.SetQuota) -> Done:  # noqa: ARG001
    """SETQUOTA: refused."""
    return _NOT_YOURS


async def _tell(visit: "ImapVisit") -> None:
    account = await visit.house.store.account(visit.account)
    if account is None:
        raise MailboxLost("This account is not there any more")
    resources = []
    if account.quota_octets:
        # What is used is rounded up and what is allowed down: nobody is promised too much.
        used = -(-account.octets // UNIT_OCTETS)
        resources.append(("STORAGE", used, account.quota_octets // UNIT_OCTETS))
    resources.append(("MESSAGE", account.letters, account.quota_letters or MESSAGES_MAX))
    visit.core.untagged(quota_line(ROOT, resources))
