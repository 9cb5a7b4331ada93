r"""How transcripts speak to the POP3 core: their settings, and the house's answers as words.

Settings: `= stls no`, `= plaintext_auth no`, `= mechanisms PLAIN`, `= has_tls yes`,
`= limits.errors_max 2`, `= open yes` (logged in, the welcome is not part of the talk),
`= letter From: ann\r\n\r\nHi\r\n` (a letter; `letter2` is the second one, and so on),
`= letters 3` (so many with 100 octets and more), `= piece 5` (the house gives so many at a time).
Answers: `opened`, `ok TEXT`, `err [CODE] TEXT`, `challenge TEXT`, `refusal 535 5.7.8 TEXT`. Without
an A line the drop opens, letters are given, QUIT succeeds.
"""

from array import array
from dataclasses import dataclass
from typing import Any

from posthouse.base.errors import Refusal
from posthouse.wire.pop3.answers import Challenge, Err, Ok, Opened, Piece
from posthouse.wire.pop3.drop import Drop
from posthouse.wire.pop3.limits import Pop3Limits
from posthouse.wire.pop3.offer import Offer
from posthouse.wire.pop3.questions import Breath, Leave, LetterWanted, LogIn
from posthouse.wire.pop3.server import Pop3Server
from talk import Cutter, Talk, octets, play

UIDVALIDITY = 0x2A


@dataclass(slots=True)
class Pop3Box:
    """The letters of a transcript; UIDs are 10, 20, 30 ..."""

    letters: list[bytes]
    piece: int

    @staticmethod
    def of(settings: dict[str, str]) -> "Pop3Box":
        given = [octets(text) for key, text in settings.items() if key in LETTER_KEYS]
        given += [
            b"Subject: %d\r\n\r\n" % number + b"x" * (86 + number) + b"\r\n"
            for number in range(int(settings.get("letters", "0")))
        ]
        return Pop3Box(given, int(settings.get("piece", "0")))

    def drop(self) -> Drop:
        uids = array("I", range(10, 10 * len(self.letters) + 10, 10))
        return Drop(UIDVALIDITY, uids, array("I", map(len, self.letters)))

    def letter(self, wanted: LetterWanted) -> Piece:
        whole = self.letters[wanted.uid // 10 - 1]
        end = wanted.first + (self.piece or len(whole))
        return Piece(whole[wanted.first : end], len(whole), whole.find(b"\r\n\r\n") + 4)

    def answer(self, question: Any, text: str | None) -> Any:
        """An A line as the answer it stands for, or what the house says by itself."""
        if text is None:
            if isinstance(question, LetterWanted):
                return self.letter(question)
            if isinstance(question, Leave):
                return Ok("Good-bye")
            return None if isinstance(question, Breath) else Opened(self.drop())
        kind, _, rest = text.partition(" ")
        if kind == "opened":
            return Opened(self.drop())
        if kind == "challenge":
            return Challenge(rest.encode())
        if kind == "refusal":
            code, status, say = rest.split(" ", 2)
            return Refusal(int(code), status, say)
        if kind == "ok":
            return Ok(rest)
        assert kind == "err", text
        if not rest.startswith("["):
            return Err(rest)
        start, _, rest = rest[1:].partition("] ")
        return Err(rest, start.encode())


LETTER_KEYS = {"letter", *(f"letter{number}" for number in range(1, 10))}


def server_of(settings: dict[str, str], box: Pop3Box | None = None) -> Pop3Server:
    """A new session as a transcript wants it."""
    limits: dict[str, Any] = {}
    values: dict[str, Any] = {"plaintext_auth": True, "stls": True}
    for key, value in settings.items():
        if key.startswith("limits."):
            limits[key.removeprefix("limits.")] = int(value)
        elif key == "mechanisms":
            values[key] = tuple(value.split())
        elif key in ("stls", "plaintext_auth"):
            values[key] = value == "yes"
    core = Pop3Server(
        Offer("post.example", **values),
        Pop3Limits(**limits),
        has_tls=settings.get("has_tls") == "yes",
    )
    if settings.get("open") == "yes":
        core.receive(b"USER ann\r\nPASS secret\r\n")
        assert isinstance(core.next_question(), LogIn)
        core.answer(Opened((box or Pop3Box.of(settings)).drop()))
        core.take_output()
    return core


def play_pop3(talk: Talk, cut: Cutter) -> list[str]:
    """A transcript against a new session."""
    box = Pop3Box.of(talk.settings)
    return play(server_of(talk.settings, box), talk, cut, box.answer)
