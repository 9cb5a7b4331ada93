r"""Transcripts as tests: conversations in `.talk` files, played against any core of `wire`.

    # what shall be true, RFC 5321 4.1.4    a comment
    = limits.errors_max 2                   a setting, read by the protocol's own test helper
    C: NOOP                                 the client says it, CRLF is added
    C<< NO                                  the client says it, nothing is added
    Q: SenderOffered(address='a@b'*         a question that must come, as repr, in this order
    A: 550 5.7.1 no                         its answer, read by the helper; else the standard one
    S: 250 2.0.0 *                          the server answers, `*` stands for anything
    S<< text                                output that does not end with CRLF
    ! tls_stands                            a method of the core is called
    ! closed                                or the core's state is looked at: closed, open

In C lines `\r \n \t \\ \x00` are octets, other backslashes stand for themselves, and `{A*1000}`
repeats. In S lines a `*` that begins the line before a space is itself (IMAP), so is one behind a
backslash (`\*`); `\x2a` is one anywhere. C lines up to the next S or ! are one flight of octets;
after it the server must have said exactly the S lines that follow, no more and no less.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

TRANSCRIPTS = Path(__file__).parent / "transcripts"

Cutter = Callable[[bytes], list[bytes]]
House = Callable[[Any, str | None], Any]
"""Answers a question; the text is that of the A line, None when there was none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript: its mark and what stands behind it."""

    mark: str
    text: str

    @property
    def row(self) -> str:
        """As it stands in the file, spaces at the end apart."""
        return f"{self.mark} {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation."""

    name: str
    lines: tuple[Line, ...]
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> list[str]:
        """The conversation as `play` gives it back when all went as written."""
        return [line.row for line in self.lines if line.mark != "A:"]


MARK = re.compile(r"(C:|C<<|S:|S<<|Q:|A:|!|=)(?: (.*))?\Z")


def parse(text: str, name: str = "talk") -> Talk:
    """Raises ValueError with the number of a line that is none of the above."""
    lines = []
    settings = {}
    for number, row in enumerate(text.split("\n"), 1):
        if not row.strip() or row.startswith("#"):
            continue
        match = MARK.match(row)
        if match is None:
            raise ValueError(f"{name}:{number}: neither C: nor S: nor anything known: {row}")
        mark, rest = match[1], match[2] or ""
        if mark == "=":
            key, _, value = rest.partition(" ")
            settings[key] = value
        else:
            lines.append(Line(mark, rest))
    return Talk(name, tuple(lines), settings)


def all_talks(folder: str, pattern: str = "*") -> list[Talk]:
    """The transcripts of a folder below tests/transcripts, by name."""
    paths = sorted((TRANSCRIPTS / folder).glob(f"{pattern}.talk"))
    assert paths, f"no transcript fits {folder}/{pattern}"
    return [parse(path.read_text(encoding="utf-8"), path.stem) for path in paths]


REPEAT = re.compile(rb"\{((?:[^{}\\]|\\.)+?)\*([0-9]+)\}", re.DOTALL)
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([rnt\\]))")
ESCAPED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


def octets(text: str) -> bytes:
    """What a line of a transcript stands for on the wire."""

    def one(match: re.Match[bytes]) -> bytes:
        return bytes.fromhex(match[1].decode()) if match[1] else ESCAPED[match[2]]

    repeated = REPEAT.sub(lambda match: match[1] * int(match[2]), text.encode())
    return ESCAPE.sub(one, repeated)


def matches(pattern: str, line: str) -> bool:
    """Whether the line is what the pattern says; see the head of this file."""
    parts = []
    for at, character in enumerate(pattern):
        is_itself = (at == 0 and pattern.startswith("* ")) or pattern[:at].endswith("\\")
        parts.append(".*" if character == "*" and not is_itself else re.escape(character))
    return re.fullmatch("".join(parts).replace(r"\\x2a", r"\*"), line, re.DOTALL) is not None


def whole(flight: bytes) -> list[bytes]:
    """As one packet."""
    return [flight]


def each_byte(flight: bytes) -> list[bytes]:
    """An octet a packet; flights beyond 20,000 octets get their middle in larger ones."""
    edge = 5_000
    if len(flight) <= 4 * edge:
        return [flight[at : at + 1] for at in range(len(flight))]
    middle = flight[edge:-edge]
    step = max(997, len(middle) // 5_000)
    return [
        *each_byte(flight[:edge]),
        *(middle[at : at + step] for at in range(0, len(middle), step)),
        *each_byte(flight[-edge:]),
    ]


def random_cuts(flight: bytes) -> list[bytes]:
    """Packets of any size, the same ones each time."""
    chance = Random(crc32(flight))
    parts = []
    at = 0
    while at < len(flight):
        step = min(1 + int(chance.expovariate(1 / max(7, len(flight) // 200))), 70_000)
        parts.append(flight[at : at + step])
        at += step
    return parts


CUTTERS: tuple[Cutter, ...] = (whole, each_byte, random_cuts)


@dataclass(slots=True)
class Turn:
    """What the client does, and what it must hear then."""

    acts: list[Line]
    heard: list[Line]


def turns(talk: Talk) -> list[Turn]:
    """The conversation turn by turn; the first may have no act, for the server greets."""
    found = [Turn([], [])]
    for line in talk.lines:
        if line.mark in ("S:", "S<<"):
            found[-1].heard.append(line)
        elif line.mark != "A:":
            if found[-1].heard:
                found.append(Turn([], []))
            found[-1].acts.append(line)
    return found


def questions(talk: Talk) -> list[tuple[str, str | None]]:
    """The questions that must come, each with the text of its answer."""
    found: list[tuple[str, str | None]] = []
    for line in talk.lines:
        if line.mark == "Q:":
            found.append((line.text, None))
        elif line.mark == "A:":
            found[-1] = (found[-1][0], line.text)
    return found


class Player:
    """Plays the client and the house; keeps what the server said."""

    def __init__(self, core: Any, talk: Talk, house: House) -> None:
        self.core = core
        self.house = house
        self.awaited = questions(talk)
        self.said = b""

    def pump(self) -> None:
        """Answers all that is asked and takes what is to be written."""
        while (question := self.core.next_question()) is not None:
            answer = None
            if self.awaited and matches(self.awaited[0][0], repr(question)):
                answer = self.awaited.pop(0)[1]
            self.core.answer(self.house(question, answer))
        self.said += self.core.take_output()

    def send(self, flight: bytes, cut: Cutter) -> None:
        """Octets as the network may cut them."""
        for part in cut(flight) if flight else ():
            self.core.receive(part)
            self.pump()

    def act(self, acts: list[Line], cut: Cutter) -> list[str]:
        """One turn of the client; the acts as they went."""
        flight = b""
        went = []
        for act in acts:
            went.append(act.row)
            if act.mark == "C:":
                flight += octets(act.text) + b"\r\n"
            elif act.mark == "C<<":
                flight += octets(act.text)
            elif act.mark == "!":
                self.send(flight, cut)
                flight = b""
                if act.text in ("closed", "open"):
                    went[-1] = "! closed" if self.core.closing else "! open"
                else:
                    getattr(self.core, act.text)()
                    self.pump()
        self.send(flight, cut)
        return went

    def heard(self) -> list[Line]:
        """What the server said since the last time."""
        *full, rest = self.said.decode("utf-8", "backslashreplace").split("\r\n")
        self.said = b""
        lines = [Line("S:", line) for line in full]
        return [*lines, Line("S<<", rest)] if rest else lines


def play(
    core: Any, talk: Talk, cut: Cutter, house: House = lambda _question, _answer: None
) -> list[str]:
    """The conversation as it went: equal to `talk.expected` when it went as written.

    Lines that fit their pattern are given back as the pattern, so that a failure shows as the
    difference of two short texts.
    """
    player = Player(core, talk, house)
    player.pump()
    went = []
    for turn in turns(talk):
        went.extend(player.act(turn.acts, cut))
        heard = player.heard()
        for at, line in enumerate(heard):
            wanted = turn.heard[at] if at < len(turn.heard) else None
            fits = wanted and wanted.mark == line.mark and matches(wanted.text, line.text)
            went.append(wanted.row if wanted and fits else line.row)
    went.extend(f"never asked: {pattern}" for pattern, _answer in player.awaited)
    return went
