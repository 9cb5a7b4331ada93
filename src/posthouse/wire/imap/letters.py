"""The letters of one APPEND or REPLACE while they arrive. RFC 3501 6.3.11, 3502, 8508.

Small letters are held; larger ones, and those for which no room is left, leave in pieces.
"""

from datetime import datetime
from typing import Final

from posthouse.wire.imap.answers import LIMIT, TOOBIG
from posthouse.wire.imap.commands import (
    Append,
    AppendLetter,
    AppendOffered,
    AppendPiece,
    Replace,
    ReplaceOffered,
)
from posthouse.wire.imap.flags import NO_FLAGS, Flags
from posthouse.wire.imap.grammar import BadCommand, Cursor, Declined
from posthouse.wire.imap.intake import Announced, Intake

PIECE_OCTETS: Final = 64 * 1024
"""Least size of a piece that is not the last one."""


class Letters:
    """One APPEND between its first literal and its end."""

    __slots__ = (
        "allows_nul",
        "date",
        "flags",
        "held_octets",
        "is_held",
        "is_in_utf8",
        "is_synchronizing",
        "left",
        "letters",
        "mailbox",
        "replaced",
        "size",
        "went_out",
    )

    def __init__(self, mailbox: str, replaced: tuple[bool, int] | None = None) -> None:
        self.mailbox = mailbox
        self.replaced = replaced
        """Of REPLACE: whether by UID, and the number of the message that goes."""
        self.letters: list[AppendLetter] = []
        self.held_octets = 0
        self.went_out = False
        """A piece was handed to the station, which must hear if the command fails."""
        self.flags: Flags = NO_FLAGS
        self.date: datetime | None = None
        self.size = 0
        self.left = 0
        self.is_held = True
        self.is_in_utf8 = False
        self.allows_nul = False
        self.is_synchronizing = True

    def offer(self, cursor: Cursor, announced: Announced) -> AppendOffered | ReplaceOffered:
        """Reads `[flags] [date] literal` of the next letter; the cursor stands before the space."""
        if self.letters:
            if self.replaced is not None:
                raise BadCommand("REPLACE takes one letter")  # RFC 8508 3.4
            cursor.needs("MULTIAPPEND", "More than one letter")
            if len(self.letters) >= cursor.limits.letters_max:
                raise Declined(f"At most {cursor.limits.letters_max} letters in one APPEND", LIMIT)
        cursor.space()
        self.flags, self.date = NO_FLAGS, None
        mark = cursor.data[cursor.at : cursor.at + 1]
        if mark == b"(":
            self.flags = cursor.flag_list()
            cursor.space()
            mark = cursor.data[cursor.at : cursor.at + 1]
        if mark == b'"':
            self.date = cursor.date_time()
            cursor.space()
        self.is_in_utf8 = cursor.take(b"UTF8 (")
        if cursor.at != announced.start:
            raise cursor.bad("flags, a date-time or a letter as literal")
        if self.is_in_utf8:
            _check_utf8(cursor, announced)
        elif announced.is_binary:
            cursor.needs("BINARY", "A literal as ~{5}")
        if announced.size > cursor.limits.letter_octets_max:
            raise Declined(f"A letter has at most {cursor.limits.letter_octets_max} octets", TOOBIG)
        if announced.size == 0:
            # RFC 3502 6.3.11: how a client cancels; and no letter is empty
            raise Declined("APPEND cancelled: a letter has at least one octet")
        self.size = self.left = announced.size
        self.allows_nul = announced.is_binary
        self.is_synchronizing = announced.is_synchronizing
        self.is_held = self.held_octets + announced.size <= cursor.limits.held_octets_max
        if self.replaced is not None:
            return ReplaceOffered(*self.replaced, self.mailbox, announced.size)
        return AppendOffered(self.mailbox, announced.size, len(self.letters))

    def close(self, cursor: Cursor) -> None:
        """Behind a letter: the parenthesis of UTF8 (...). RFC 6855 4"""
        if self.is_in_utf8:
            cursor.expect(b")")
            self.is_in_utf8 = False

    def take(self, intake: Intake) -> AppendPiece | bool:
        """Takes what arrived of the letter: a piece for the station, True when the letter is whole
        and held, False when more must arrive. Declined when it may not be so."""
        ready = len(intake.buffer)
        if ready < self.left and (self.is_held or ready < PIECE_OCTETS):
            return False
        octets = intake.take(min(ready, self.left))
        self.left -= len(octets)
        if not self.allows_nul and b"\0" in octets:
            # RFC 3501 9 CHAR8, and 4.3.1: binary letters must be encoded first
            raise Declined("A letter has a NUL in it, which IMAP cannot carry")
        if not self.is_held:
            piece = AppendPiece(len(self.letters), octets, self.left == 0)
            if self.left == 0:
                self._add(None)
            self.went_out = True
            return piece
        self.held_octets += len(octets)
        self._add(octets)
        return True

    def _add(self, octets: bytes | None) -> None:
        self.letters.append(AppendLetter(self.flags, self.date, self.size, octets, self.allows_nul))

    def command(self) -> Append | Replace:
        """All letters are there."""
        if self.replaced is not None:
            (letter,) = self.letters
            return Replace(*self.replaced, self.mailbox, letter)
        return Append(self.mailbox, tuple(self.letters))


def _check_utf8(cursor: Cursor, announced: Announced) -> None:
    """UTF8 (~{5} ...) only after ENABLE, and as literal8. RFC 6855 4

    Letters with raw octets in the header come without UTF8 (...) as well and are taken, though
    the RFC would have them refused: whoever moves a mailbox here moves old letters too.
    """
    if not cursor.bans_charset:
        raise BadCommand("A letter in UTF8 (...) comes after ENABLE UTF8=ACCEPT")
    if not announced.is_binary:
        raise BadCommand("A letter in UTF8 (...) is a literal as ~{5}")
