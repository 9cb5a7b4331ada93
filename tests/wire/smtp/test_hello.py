"""Commands that carry no letter."""

import pytest

from posthouse.wire.smtp import replies
from posthouse.wire.smtp.hello import alone, misspelt
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("talk", all_talks("smtp", "hello_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"QUIT", b""),
        (b"quit  ", b""),
        (b"QUIT x", replies.NO_ARGUMENT),
        (b"QUITx", replies.UNKNOWN),
        (b"QUIT \t", replies.CONTROL),
        (b"QUIT\r", replies.BARE_NEWLINE),
    ],
)
def test_alone(line: bytes, expected: bytes) -> None:
    """A verb alone may have spaces behind it, nothing else. RFC 5321 4.1.1"""
    assert alone(line, b"QUIT") == expected


def test_misspelt_names_the_coarsest_fault() -> None:
    """A bare CR before a control character before all else."""
    assert misspelt(b"a\r\x00", b"501 x\r\n") == replies.BARE_NEWLINE
    assert misspelt(b"a\x00", b"501 x\r\n") == replies.CONTROL
    assert misspelt(b"a", b"501 x\r\n") == b"501 x\r\n"
