"""Flags."""

import pytest

from posthouse.wire.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, Flags, parse_flags


@pytest.mark.parametrize(
    ("names", "flags"),
    [
        ([], Flags(0, "")),
        ([b"\\Seen", b"\\ANSWERED"], Flags(SEEN | ANSWERED, "")),
        ([b"\\flagged", b"\\Deleted", b"\\Draft"], Flags(FLAGGED | DELETED | DRAFT, "")),
        ([b"\\Seen", b"\\seen"], Flags(SEEN, "")),
        ([b"work", b"$Junk", b"\\Seen"], Flags(SEEN, "$Junk work")),
        ([b"Work", b"work", b"b", b"a"], Flags(0, "Work a b")),
    ],
)
def test_flags(names: list[bytes], flags: Flags) -> None:
    """System flags are bits, keywords one text: sorted, each once, in the case they came first."""
    assert parse_flags(names) == flags


@pytest.mark.parametrize("name", [b"\\Recent", b"\\recent", b"\\Important", b"\\*"])
def test_not_for_clients(name: bytes) -> None:
    """\\Recent and unknown system flags cannot be set. RFC 3501 2.3.2"""
    with pytest.raises(ValueError, match="cannot be set"):
        parse_flags([name])
