"""What only the house can decide. The core asks one at a time; `answer` takes the matching answer.

None always means yes with the standard text. A `Reply` or a `Refusal` says anything else.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Greeting:
    """A client has come. A refusal with 421 or 521 ends the session, with 554 it waits for QUIT."""


@dataclass(slots=True)
class SenderOffered:
    """MAIL in good order and syntax. RFC 5321 4.1.1.2"""

    address: str
    """Without brackets and source route; "" is the null sender."""
    size: int | None = None
    """As declared, already within the limit. RFC 1870"""
    body: str = "7BIT"
    """7BIT, 8BITMIME or BINARYMIME. RFC 6152, 3030"""
    smtputf8: bool = False
    envelope_id: str = ""
    """ENVID, still xtext. RFC 3461 4.4"""
    returns: str = ""
    """RET: FULL, HDRS or "". RFC 3461 4.3"""
    auth: str = ""
    """AUTH=, still xtext; "<>" or "" when nobody vouches. RFC 4954 5"""


@dataclass(slots=True)
class RecipientOffered:
    """RCPT in good order and syntax, within the limit. RFC 5321 4.1.1.3"""

    address: str
    """Without brackets and source route; may be "Postmaster" alone. RFC 5321 4.5.1"""
    notify: tuple[str, ...] = ()
    """NEVER, or some of SUCCESS, FAILURE, DELAY. RFC 3461 4.1"""
    original: str = ""
    """ORCPT as given, still xtext. RFC 3461 4.2"""


@dataclass(slots=True)
class BodyStarts:
    """DATA, or the first BDAT: the last moment to refuse before the octets come."""


@dataclass(slots=True)
class BodyPiece:
    """A part of a body too large to be kept here. A refusal stands for the whole letter."""

    data: bytes


@dataclass(slots=True)
class BodyComplete:
    """The end of the letter: what follows the pieces, or all of it. Yes is a promise. RFC 5321 6.1

    Answer: None, Accepted, Reply or Refusal; in LMTP also a list of them, one a recipient in the
    order in which they were taken.
    """

    data: bytes
    octets: int
    """Of the whole letter, pieces included."""


@dataclass(slots=True)
class BodyAborted:
    """Pieces were handed out and nothing will follow: drop them. Answer None."""


@dataclass(slots=True)
class AuthStarted:
    """AUTH with an offered mechanism. Answer: Challenge, Authenticated, or a refusal. RFC 4954 4"""

    mechanism: str
    initial: bytes | None
    """None: no initial response; b"": an empty one ("=")."""


@dataclass(slots=True)
class AuthData:
    """The client's response to the last challenge, decoded. Answer as for AuthStarted."""

    octets: bytes


Question = (
    Greeting
    | SenderOffered
    | RecipientOffered
    | BodyStarts
    | BodyPiece
    | BodyComplete
    | BodyAborted
    | AuthStarted
    | AuthData
)

GREETING: Final = Greeting()
BODY_STARTS: Final = BodyStarts()
BODY_ABORTED: Final = BodyAborted()
