"""The envelope of a letter: who sends, who receives, what was promised.

RFC 5321 2.3.1, 3461, 6531.
"""

from dataclasses import dataclass
from typing import Final

NULL_SENDER: Final = ""
"""The reverse-path of bounces, `<>`. RFC 5321 4.5.5"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One forward-path as the client gave it, with its DSN wishes (RFC 3461 4.1, 4.2)."""

    address: str
    notify: tuple[str, ...] = ()
    """Of NEVER, SUCCESS, FAILURE, DELAY, upper case; empty when the client said nothing."""
    original: str = ""
    """ORCPT as given, still xtext, "" when absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What MAIL and the RCPTs said."""

    sender: str
    recipients: tuple[Recipient, ...]
    body: str = "7BIT"
    """7BIT, 8BITMIME or BINARYMIME. RFC 6152, 3030"""
    smtputf8: bool = False
    envelope_id: str = ""
    """ENVID, still xtext. RFC 3461 4.4"""
    returns: str = ""
    """RET: FULL, HDRS or "". RFC 3461 4.3"""
