"""The transcript runner itself: what a line means, how octets are cut, how a failure shows."""

import pytest

from talk import CUTTERS, Cutter, each_byte, matches, octets, parse, play, random_cuts, whole


class Echo:
    """A core that greets, asks for every line of its client and says the answer."""

    def __init__(self) -> None:
        self.input = b""
        self.output = b"* ready\r\n"
        self.asked = ""
        self.closing = False

    def receive(self, data: bytes) -> None:
        self.input += data

    def next_question(self) -> str | None:
        line, end, rest = self.input.partition(b"\r\n")
        if not end:
            return None
        self.input = rest
        self.asked = line.decode()
        return self.asked

    def answer(self, answer: str | None) -> None:
        self.output += (answer or self.asked).encode() + b"\r\n"

    def take_output(self) -> bytes:
        output, self.output = self.output, b""
        return output

    def close(self) -> None:
        self.closing = True
        self.output += b"rest"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", b"plain"),
        (r"a\r\n\t\\\x00\xFf", b"a\r\n\t\\\x00\xff"),
        (r"\Seen \*", b"\\Seen \\*"),
        ("{A*3}b", b"AAAb"),
        (r"{x\r\n*2}", b"x\r\nx\r\n"),
        ("{12}", b"{12}"),
        ("é", "é".encode()),
    ],
)
def test_octets(text: str, expected: bytes) -> None:
    """Escapes and repeats become octets, all else stays."""
    assert octets(text) == expected


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ("250 ok", "250 ok", True),
        ("250 ok", "250 ok ", False),
        ("250 *", "250 anything", True),
        ("a * b", "a x b", True),
        ("a * b", "a x c", False),
        ("* OK *", "* OK ready", True),
        ("* OK", "x OK", False),
        (r"(\*)", r"(\*)", True),
        (r"(\*)", r"(\x)", False),
        (r"a\x2ab", "a*b", True),
        (r"a\x2ab", "axb", False),
    ],
)
def test_matches(pattern: str, line: str, fits: bool) -> None:
    """A star stands for anything, except where IMAP means it."""
    assert matches(pattern, line) is fits


@pytest.mark.parametrize("cut", CUTTERS)
@pytest.mark.parametrize("size", [0, 1, 10, 19_999, 20_001, 300_000])
def test_cutters_lose_nothing(cut: Cutter, size: int) -> None:
    """The parts are the flight, and none is empty but of nothing."""
    flight = bytes(number % 251 for number in range(size))
    parts = cut(flight)
    assert b"".join(parts) == flight
    assert all(parts) or not flight


def test_cutters_cut() -> None:
    """Each byte means each byte, random means the same each time, whole means whole."""
    assert whole(b"abc") == [b"abc"]
    assert each_byte(b"abc") == [b"a", b"b", b"c"]
    assert random_cuts(b"a" * 1000) == random_cuts(b"a" * 1000)
    assert len(random_cuts(b"a" * 1000)) > 10


TALK = """
# a comment
= speed 9 knots
S: * ready
C: one
C<< tw
C<< o\\r\\n
Q: 'two'
A: 2
S: one
S: 2
! open
! close
S<< rest
! closed
"""


@pytest.mark.parametrize("cut", CUTTERS)
def test_play(cut: Cutter) -> None:
    """A conversation that goes as written is given back as written."""
    talk = parse(TALK)
    assert talk.settings == {"speed": "9 knots"}
    assert talk.name == "talk"
    assert play(Echo(), talk, cut, lambda _question, answer: answer) == talk.expected


@pytest.mark.parametrize(
    "text",
    [
        "S: * ready\nC: one\nS: two",
        "S: * ready\nC: one",
        "S: * ready\nC: one\nS: one\nS: two",
        "S: * ready\nC: one\nQ: two\nS: one",
        "S: * ready\n! closed",
        "S: hello",
        "S: * ready\nC<< one\nS: one",
        "S: * ready\n! close\nS: rest",
    ],
)
def test_play_shows_what_went_wrong(text: str) -> None:
    """A wrong, missing or surplus answer, a missing question or another state is a difference."""
    talk = parse(text)
    assert play(Echo(), talk, whole) != talk.expected


def test_a_line_must_have_a_mark() -> None:
    """A slip of the pen is an error with its place."""
    with pytest.raises(ValueError, match="talk:2: neither"):
        parse("S: a\nX: b")


def test_an_answer_has_a_question() -> None:
    """An A line stands behind a Q line."""
    with pytest.raises(IndexError):
        play(Echo(), parse("A: 2"), whole)
