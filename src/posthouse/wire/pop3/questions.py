"""What only the house can decide. One is open at a time; each class says which answer it wants."""

from dataclasses import dataclass

Range = tuple[int, int]
"""First and last UID, both included."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """USER and PASS. Answer: Opened, Err or a Refusal. RFC 1939 7"""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class AuthStarted:
    """AUTH. Answer: Challenge, Opened, Err or a Refusal. RFC 5034 4"""

    mechanism: str
    initial: bytes | None
    """The initial response; None: the client sent none."""


@dataclass(frozen=True, slots=True)
class AuthData:
    """The client's answer to a challenge. Answered as AuthStarted is."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class LetterWanted:
    """Octets of a letter for RETR or TOP. Answer: Piece, Err or a Refusal.

    A piece may be longer than `count` where the house has the octets at hand, never shorter unless
    the letter ends.
    """

    uid: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Breath:
    """Much was put out in one turn: write it, wait for the client, let others go. Answer: None."""


@dataclass(frozen=True, slots=True)
class Leave:
    """QUIT after log-in: the letters in `gone` go now, all or none, and the drop is free for
    others. Answer: Ok when that is durable, Err or a Refusal when none went. RFC 1939 6
    """

    gone: tuple[Range, ...]


Question = LogIn | AuthStarted | AuthData | LetterWanted | Breath | Leave
"""Any of them."""
