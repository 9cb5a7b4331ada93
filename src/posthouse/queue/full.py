"""When some of a letter's people here have no room: the others get it now, they wait in the queue.

So one full mailbox holds nobody else up, and who sends is told by a report if room never comes. A
letter for which nobody has room is the other host's to keep. RFC 5321 4.2.5, RFC 3463 3.3 (4.2.2)
"""

from dataclasses import replace
from typing import Final

from posthouse.mail.envelope import Recipient
from posthouse.queue.letter import Incoming
from posthouse.store.contract import Store

HERE: Final = "here:"
"""The destination of rows for people here; no domain and no host is written so."""
TRIES_MAX: Final = 3
"""Mailboxes may fill up between the look and the commit."""


async def put_off_full(
    letter: Incoming, store: Store, *, may_be_all: bool = False
) -> Incoming | None:
    """The letter with those who have no room among its `late` recipients, each by the address of
    his account; None where all have room, or nobody else is left (unless `may_be_all`: a report
    that we made ourselves is nobody else's to keep).
    """
    full = await _full_accounts(letter, store)
    if not full:
        return None
    residents, late = [], {recipient.address: recipient for recipient in letter.late}
    here = [r for r in letter.envelope.recipients if r not in letter.outside]
    for resident, named in zip(letter.residents, here, strict=True):
        roomy = tuple(account for account in resident.accounts if account not in full)
        residents.append(replace(resident, accounts=roomy))
        for account in resident.accounts:
            if account in full:
                late.setdefault(full[account], _late(named, full[account]))
    if (
        not may_be_all
        and not letter.outside
        and not any(r.accounts or r.outside for r in residents)
    ):
        return None
    return replace(letter, residents=tuple(residents), late=tuple(late.values()))


async def _full_accounts(letter: Incoming, store: Store) -> dict[int, str]:
    """Those without room for one more copy, with their addresses."""
    full = {}
    for number in {account for resident in letter.residents for account in resident.accounts}:
        account = await store.account(number)
        if account is not None and not account.has_room(letter.body.size):
            full[number] = account.address
    return full


def _late(named: Recipient, address: str) -> Recipient:
    """With the wishes of the recipient that the sender named. RFC 3461 5.2.7"""
    return replace(named, address=address)
