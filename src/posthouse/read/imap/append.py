"""APPEND, one letter or several: all of them or none. RFC 3501 6.3.11, 3502, 4315 3

Small letters come with the command; what comes before it in pieces goes to files when it is large.
Each letter is rendered once, here. What is left of a command that failed is thrown away, whichever
way it failed.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from posthouse.mail.nul import without_nul
from posthouse.read.imap.copy import target_of
from posthouse.read.imap.failures import NO_TARGET, refused_target
from posthouse.read.imap.ports import BodyWriter, ImapHouse
from posthouse.store import values
from posthouse.store.contract import Account, Mailbox, StoreFailure
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, AppendLetter, NewBody
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import (
    OVERQUOTA,
    UNAVAILABLE,
    UNKNOWN_CTE,
    Done,
    No,
    Ok,
    code_appenduid,
)

if TYPE_CHECKING:
    from posthouse.read.imap.session import ImapVisit

_NO_ROOM: Final = No("The server has no room just now, please try again later", UNAVAILABLE)
_HAS_NUL: Final = No("A NUL stands where no part of the letter is binary", UNKNOWN_CTE)
_OVER_QUOTA: Final = No("No room left in this account, delete something first", OVERQUOTA)


HELD_OCTETS_MAX: Final = 2 * 1024 * 1024
"""So much of the small letters of one APPEND is kept in memory; beyond it they go to files too."""


class Upload:
    """The letters of one APPEND that came in pieces, by their place in it."""

    __slots__ = ("count", "held", "held_octets", "is_held", "octets", "writers")

    def __init__(self) -> None:
        self.writers: dict[int, tuple[bytes, BodyWriter]] = {}
        self.held: dict[int, list[bytes]] = {}
        """Small letters that came in pieces because there are many of them."""
        self.held_octets = 0
        self.is_held = False
        """The letter that comes now is such a one."""
        self.count = 0
        self.octets = 0
        """Announced so far in this command, of all letters."""

    def announce(self, octets: int) -> None:
        """A letter of this size follows."""
        self.count += 1
        self.octets += octets
        held = self.held_octets + octets
        self.is_held = octets <= BODY_INLINE_OCTETS_MAX and held <= HELD_OCTETS_MAX
        if self.is_held:
            self.held_octets = held

    def start(self, house: ImapHouse, place: int) -> BodyWriter:
        """A file for the letter at this place. Raises OSError."""
        body = house.ids.letter()
        writer = house.bodies.start(body)
        self.writers[place] = (body, writer)
        return writer

    def drop(self) -> None:
        for _body, writer in self.writers.values():
            writer.drop()
        self.writers.clear()
        self.held.clear()


async def offered(visit: "ImapVisit", question: commands.AppendOffered) -> No | None:
    """A letter is announced: is there such a mailbox, is there room?"""
    if question.letter == 0 or visit.upload is None:
        await aborted(visit, None)
        visit.upload = Upload()
    return await prepare(visit, visit.upload, question.mailbox, question.octets)


async def prepare(
    visit: "ImapVisit", upload: Upload, mailbox: str, octets: int, *, freed: int = 0
) -> No | None:
    """A letter of this size is to come; so many octets go away for it."""
    if await target_of(visit, mailbox) is None:
        return failed(visit, NO_TARGET)
    account = await visit.house.store.account(visit.account)
    upload.announce(octets)
    if account is not None and not _has_room(account, upload, freed):
        return failed(visit, _OVER_QUOTA)
    return None


def _has_room(account: Account, upload: Upload, freed: int) -> bool:
    """What was announced so far would fit. `freed`: octets of a letter that goes for it."""
    octets = account.octets + upload.octets - freed
    letters = account.letters + upload.count - (1 if freed else 0)
    is_small = not account.quota_octets or octets <= account.quota_octets
    return is_small and (not account.quota_letters or letters <= account.quota_letters)


async def piece(visit: "ImapVisit", question: commands.AppendPiece) -> No | None:
    """Octets of a large letter."""
    upload = visit.upload
    assert upload is not None, "pieces come after an offer"
    if upload.is_held:
        upload.held.setdefault(question.letter, []).append(question.octets)
        return None
    try:
        if question.letter not in upload.writers:
            upload.start(visit.house, question.letter)
        upload.writers[question.letter][1].write(question.octets)
    except OSError as error:
        visit.house.log.warning("imap.append_not_written", error=repr(error))
        return failed(visit, _NO_ROOM)
    return None


async def aborted(visit: "ImapVisit", question: commands.AppendAborted | None) -> None:  # noqa: ARG001
    """The command failed: away with what came of it."""
    if visit.upload is not None:
        visit.upload.drop()
        visit.upload = None


def failed(visit: "ImapVisit", answer: No) -> No:
    """The command ends here: away with what came of it."""
    if visit.upload is not None:
        visit.upload.drop()
        visit.upload = None
    return answer


async def append(visit: "ImapVisit", question: commands.Append) -> Done:
    """All octets are here. Durable when Ok is answered."""
    box = await target_of(visit, question.mailbox)
    if box is None:
        return failed(visit, NO_TARGET)
    account, mailbox = visit.account, box.id
    result = await keep(
        visit, question.letters, lambda letters: values.Append(account, mailbox, letters)
    )
    if isinstance(result, No):
        return result
    assert isinstance(result, values.Appended)
    return _appended(visit, box, result)


async def keep(
    visit: "ImapVisit",
    letters: tuple[commands.AppendLetter, ...],
    value: Callable[[tuple[AppendLetter, ...]], values.AnyValue],
) -> values.AnyResult | No:
    """Renders the letters and commits the value made of them. Durable when this returns."""
    upload, visit.upload = visit.upload or Upload(), None
    try:
        kept = []
        for place, letter in enumerate(letters):
            if place:
                await visit.line.turn()
            kept.append(await _letter(visit.house, upload, place, letter))
    except OSError as error:
        visit.house.log.warning("imap.append_not_written", error=repr(error))
        upload.drop()
        return _NO_ROOM
    except HasNul:
        upload.drop()
        return _HAS_NUL
    except BaseException:
        upload.drop()
        raise
    # From here on the store may name the files, also when this session ends before it hears of
    # it: they go only if the store says that it kept nothing.
    try:
        (result,) = await visit.house.store.commit(value(tuple(kept)))
    except StoreFailure as failure:
        upload.drop()
        return refused_target(failure, visit.house.log)
    return result


def _appended(visit: "ImapVisit", box: Mailbox, result: values.Appended) -> Ok:
    view = visit.view
    if view is not None and view.mailbox == box.id:
        view.hear(result.modseq)  # its EXISTS comes before this Ok
    elif view is not None:
        view.did_elsewhere(result.modseq)
    uids = range(result.first_uid, result.last_uid + 1)
    return Ok("Appended", code_appenduid(result.uidvalidity, uids))


async def _letter(
    house: ImapHouse, upload: Upload, place: int, letter: commands.AppendLetter
) -> AppendLetter:
    received = _received(house, letter.date)
    octets = letter.octets
    if place in upload.held:
        octets = b"".join(upload.held.pop(place))
    if letter.is_binary:
        octets = await _encoded(house, upload, place, octets)
    if octets is not None and len(octets) <= BODY_INLINE_OCTETS_MAX:
        digest = hashlib.sha256(octets).digest()
        body = NewBody(house.ids.letter(), digest, len(octets), octets)
        rendered = house.render(octets, received)
    else:
        if octets is not None:  # the core may hold more than the database does
            upload.start(house, place).write(octets)
        identity, writer = upload.writers[place]
        with writer.mapped() as mapped:
            rendered = house.render(mapped, received)
        await house.aside(writer.finish)
        body = NewBody(identity, writer.digest, writer.size, None)
    return AppendLetter(body, rendered, received, letter.flags.bits, letter.flags.keywords)


class HasNul(Exception):
    """A letter has a NUL where no encoding can hide it."""


async def _encoded(
    house: ImapHouse, upload: Upload, place: int, octets: bytes | None
) -> bytes | None:
    """The letter without NUL, None where it is a file as it is. RFC 3516 4.4"""
    if octets is None:
        _body, writer = upload.writers[place]
        with writer.mapped() as mapped:
            if mapped.find(b"\0") < 0:
                return None
            octets = bytes(mapped)
        del upload.writers[place]
        writer.drop()
    elif b"\0" not in octets:
        return octets
    found: bytes | None = await house.aside(without_nul, octets)
    if found is None:
        raise HasNul
    return found


def _received(house: ImapHouse, date: datetime | None) -> int:
    return int(house.clock.now()) if date is None else int(date.timestamp())
