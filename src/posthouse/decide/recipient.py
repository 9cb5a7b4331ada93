"""May this recipient be mailed here? One look-up, then rules without waiting. RFC 5321 3.3, 3.6.2

A resident comes out, or a `Refusal`: 550 for a mailbox that is not there, 550 5.7.1 for a domain
that is not ours.
"""

from typing import Final

from posthouse.base.errors import Blame, Refusal
from posthouse.directory.residents import Resident
from posthouse.directory.resolve import POSTMASTER, Directory

UNKNOWN: Final = "no such mailbox here"
NOT_OURS: Final = "we do not relay for this domain"
FULL: Final = "mailbox is full, try again later"
DISABLED: Final = "this mailbox takes no mail at present"


async def decide_recipient(address: str, directory: Directory, octets: int = 0) -> Resident:
    """The resident behind the address. Raises Refusal when the letter may not go there.

    A full mailbox is told at RCPT where `octets` (SIZE of MAIL) shows it, so that the others get
    the letter. RFC 1870 6.1
    """
    resident = await directory.find(address)
    if resident is None:
        raise await _unknown(address, directory)
    if not resident.enabled:
        raise Refusal(550, "5.2.1", DISABLED, f"account of {resident.address} is disabled")
    if resident.has_quota and not await directory.has_room(resident, octets):
        raise Refusal(452, "4.2.2", FULL, f"no room behind {resident.address}", Blame.WORLD)
    return resident


async def decide_recipient_of_ours(
    address: str, directory: Directory, octets: int = 0
) -> Resident | None:
    """The same for a letter that one of our own people sends: None is somebody elsewhere."""
    if address.casefold() != POSTMASTER and not await directory.is_local(address):
        return None
    return await decide_recipient(address, directory, octets)


async def _unknown(address: str, directory: Directory) -> Refusal:
    if address.casefold() == POSTMASTER:
        # RFC 5321 4.5.1 wants it taken; a site without any account cannot keep it yet.
        return Refusal(451, "4.3.5", "no mailbox is set up here yet", "site without accounts")
    if await directory.is_local(address):
        return Refusal(550, "5.1.1", UNKNOWN, address)
    return Refusal(550, "5.7.1", NOT_OURS, address)
