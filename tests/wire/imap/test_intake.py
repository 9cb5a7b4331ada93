"""The input buffer."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.imap.intake import Announced, Intake


def intake_of(*parts: bytes) -> Intake:
    """A buffer that was searched after each part."""
    intake = Intake()
    for part in parts:
        intake.buffer += part
        intake.line_end()
    return intake


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"{1}"]), max_size=9))
def test_line_ends_however_they_come(parts: list[bytes]) -> None:
    """The first LF is found, and what was searched is not searched again."""
    intake = intake_of(*parts)

    assert intake.line_end() == b"".join(parts).find(b"\n")
    assert intake.searched <= len(intake.buffer)


def announced(line: bytes) -> Announced | None:
    """What a whole line announces."""
    intake = intake_of(line)
    return intake.announced(intake.line_end())


def test_announced() -> None:
    """Only a whole `{number}` at the end of a line announces a literal."""
    assert announced(b"a {5}\r\n") == Announced(5, True, 2, False)
    assert announced(b"a {05+}\r\n") == Announced(5, False, 2, False)
    assert announced(b"a ~{5}\r\n") == Announced(5, True, 2, True)
    assert announced(b"{0}\r\n") == Announced(0, True, 0, False)
    huge = announced(b"{" + b"9" * 5000 + b"}\r\n")
    assert huge is not None
    assert huge.size > 2**63
    for line in (
        b"\n",
        b"\r\n",
        b"}\r\n",
        b"5}\r\n",
        b"{}\r\n",
        b"{5}\n",
        b"{5} \r\n",
        b"{5-}\r\n",
    ):
        assert announced(line) is None


def test_literals_are_not_searched() -> None:
    """Line ends inside a literal are no line ends."""
    intake = intake_of(b"a {4}\r\n")
    intake.keep_literal(intake.line_end(), 4)
    assert intake.line_end() == -1
    intake.buffer += b"\r\n\r"
    assert intake.line_end() == -1
    intake.buffer += b"\n b\r\n"

    place = intake.line_end()
    assert place == len(intake.buffer) - 1
    assert intake.has_whole_end(place)
    assert intake.take(place + 1) == b"a {4}\r\n\r\n\r\n b\r\n"
    assert (intake.searched, intake.segment, intake.literal_octets) == (0, 0, 0)


def test_the_end_of_a_literal_is_no_line_start() -> None:
    """A CR that belongs to a literal does not make the LF behind it a line end."""
    intake = intake_of(b"a {1}\r\n")
    intake.keep_literal(intake.line_end(), 1)
    intake.buffer += b"\r\n"

    assert not intake.has_whole_end(intake.line_end())


def test_skipping() -> None:
    """What is skipped is gone; the tail that may hold a literal's beginning stays."""
    intake = intake_of(b"x" * 100)
    assert intake.skip_to_tail() == 36
    assert intake.searched == len(intake.buffer) == 64
    assert intake.skip_to_tail() == 0
    assert intake.skip(1000) == 64
    assert intake.buffer == b""


def test_memory_is_given_back() -> None:
    """A buffer that was large is a small one when it is empty."""
    intake = intake_of(b"x" * 100_000)
    large = intake.buffer.__sizeof__()
    intake.clear()

    assert intake.buffer.__sizeof__() < 100 < large
