"""May this person write in this name? The envelope's sender, and From and Sender of the letter.

The answer names the field, what was found and whose addresses would be right. RFC 6409 6.1, 5322
3.6.2
"""

from dataclasses import dataclass
from typing import Final

from posthouse.base.errors import Refusal
from posthouse.decide.inspector import Inspection
from posthouse.decide.settings import SubmissionSettings
from posthouse.directory.resolve import Directory

AUTHOR_FIELDS: Final = ("From", "Sender")
RESENDER_FIELDS: Final = ("Resent-From", "Resent-Sender")


@dataclass(frozen=True, slots=True)
class Person:
    """Who has logged in."""

    account: int
    address: str


async def is_own(address: str, person: Person, whose: str, directory: Directory) -> bool:
    """Whether the address is the person's, in the sense of `settings.WHOSE`."""
    if whose == "any":
        return True
    if whose == "domain":
        return await directory.is_local(address)
    resident = await directory.find(address)
    if resident is None or person.account not in resident.accounts:
        return False
    return whose == "received" or resident.address == person.address


async def decide_sender(
    address: str, person: Person, settings: SubmissionSettings, directory: Directory
) -> None:
    """MAIL. Raises Refusal."""
    if not address:
        if settings.null_sender:
            return
        raise _not_own("MAIL FROM", "<>", person, settings.envelope_sender)
    if not await is_own(address, person, settings.envelope_sender, directory):
        raise _not_own("MAIL FROM", f"<{address}>", person, settings.envelope_sender)


async def decide_authors(
    inspection: Inspection, person: Person, settings: SubmissionSettings, directory: Directory
) -> None:
    """The letter's own word on who sends it. Raises Refusal."""
    fields: tuple[str, ...] = AUTHOR_FIELDS
    if settings.resending and inspection.writers("Resent-From"):
        fields = RESENDER_FIELDS
    elif settings.on_behalf and inspection.writers("Sender"):
        fields = ("Sender",)
    whose = settings.header_sender
    known: set[str] = set()
    for named in inspection.writers(*fields):
        address = named.address.text
        if address in known:
            continue
        if not await is_own(address, person, whose, directory):
            raise _not_own(named.field, f"<{address}>", person, whose)
        known.add(address)


def _not_own(field: str, found: str, person: Person, whose: str) -> Refusal:
    right = {
        "own": f"{person.address}, also with a subaddress",
        "received": f"{person.address}, also with a subaddress, or an alias that leads to it",
        "domain": "an address of a domain here",
    }.get(whose, person.address)
    note = f"{field} {found} is not of {person.address}"
    return Refusal(553, "5.7.1", f"{field}: an address of yours ({right}), found {found}", note)
