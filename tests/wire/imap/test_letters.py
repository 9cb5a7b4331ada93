"""The letters of one APPEND; most of it is in the transcripts."""

import pytest

from posthouse.wire.imap.commands import AppendLetter, AppendOffered, AppendPiece
from posthouse.wire.imap.flags import NO_FLAGS
from posthouse.wire.imap.grammar import Cursor, Declined
from posthouse.wire.imap.intake import Announced, Intake
from posthouse.wire.imap.letters import PIECE_OCTETS, Letters
from posthouse.wire.imap.limits import ImapLimits


def offer(letters: Letters, size: int) -> AppendOffered:
    """A letter of this size is announced."""
    cursor = Cursor(b" {...}", 0, frozenset({"MULTIAPPEND"}), ImapLimits())
    return letters.offer(cursor, Announced(size, True, 1, False))


def test_pieces_as_octets_arrive() -> None:
    """A large letter leaves whenever a piece is full, and its end whatever is left."""
    letters, intake = Letters("x"), Intake()
    size = PIECE_OCTETS + 5
    assert offer(letters, size) == AppendOffered("x", size, 0)

    intake.buffer += b"a" * (PIECE_OCTETS - 1)
    assert letters.take(intake) is False
    intake.buffer += b"a"
    assert letters.take(intake) == AppendPiece(0, b"a" * PIECE_OCTETS, False)
    intake.buffer += b"bbbb"
    assert letters.take(intake) is False
    intake.buffer += b"b\r\n"
    assert letters.take(intake) == AppendPiece(0, b"bbbbb", True)
    assert intake.buffer == b"\r\n"
    assert letters.command().letters == (AppendLetter(NO_FLAGS, None, size, None),)


def test_held_at_the_limit() -> None:
    """Letters are held up to the limit, together; the next octet leaves in pieces."""
    letters, intake = Letters("x"), Intake()
    offer(letters, PIECE_OCTETS)
    intake.buffer += b"a" * PIECE_OCTETS
    assert letters.take(intake) is True
    offer(letters, 1)
    intake.buffer += b"b"

    assert letters.take(intake) == AppendPiece(1, b"b", True)


def test_nul() -> None:
    """A NUL ends the letter at once, with the rest of it still to come."""
    letters, intake = Letters("x"), Intake()
    offer(letters, PIECE_OCTETS * 2)
    intake.buffer += b"\0" * PIECE_OCTETS

    with pytest.raises(Declined, match="NUL"):
        letters.take(intake)
    assert letters.left == PIECE_OCTETS
