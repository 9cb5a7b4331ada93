"""The table of commands; what each does is in the transcripts."""

import pytest

from posthouse.wire.pop3.commands import COMMANDS, decoded


def test_every_command_of_the_rfcs_is_there() -> None:
    """RFC 1939 9, 2449 5, 2595 4, 5034 4, 6856 2, 3"""
    before = {name for name, entry in COMMANDS.items() if entry.before}
    after = {name for name, entry in COMMANDS.items() if entry.after}

    assert before == set(b"USER PASS APOP AUTH STLS UTF8 CAPA LANG QUIT".split())
    assert after == set(b"STAT LIST RETR DELE NOOP RSET TOP UIDL CAPA LANG QUIT".split())


@pytest.mark.parametrize(
    "text", [b"A", b"AA", b"AAA", b"A===", b"AA=A", b"AAAA\n", b"AA AA=", b"="]
)
def test_what_is_not_base64(text: bytes) -> None:
    """Nothing is guessed."""
    assert decoded(text) is None


def test_base64() -> None:
    """Whole groups, padded or not; nothing is an empty response."""
    assert [decoded(text) for text in (b"", b"YQ==", b"YWI=", b"YWJj")] == [
        b"",
        b"a",
        b"ab",
        b"abc",
    ]
