"""One letter as a client offers it: the envelope and the commands that say it. Pure.

Which words the next host hears depends on what it offered (RFC 1870, 3030, 3461, 6152, 6531).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from posthouse.wire.smtp.remote_replies import RemoteReply

UTF8_REFUSED: Final = RemoteReply(
    553,
    "5.6.7",
    "an address or header needs SMTPUTF8, which the next host does not offer",
    is_ours=True,
)
BINARY_REFUSED: Final = RemoteReply(
    554, "5.6.3", "the letter is binary, which the next host does not take", is_ours=True
)
RECIPIENTS_LEAST: Final = 100
"""What every host takes in one letter. RFC 5321 4.5.3.1.8"""

Offered = Mapping[str, str]
"""Extensions in upper case with their parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRecipient:
    """One forward-path. The address has its domain in A-labels."""

    address: str
    notify: tuple[str, ...] = ()
    original: str = ""
    """ORCPT, xtext. RFC 3461 4.2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One letter for one host."""

    sender: str
    recipients: tuple[OutgoingRecipient, ...]
    size: int
    """Octets of the letter, without added dots."""
    has_8bit: bool = False
    is_binary: bool = False
    """Has lines that only BDAT can carry. RFC 3030"""
    needs_utf8: bool = False
    """The header has UTF-8, so SMTPUTF8 is needed whatever the addresses are. RFC 6531 3.4"""
    envelope_id: str = ""
    returns: str = ""

    @property
    def is_utf8(self) -> bool:
        """Cannot be said without SMTPUTF8."""
        return (
            self.needs_utf8
            or not self.sender.isascii()
            or any(not recipient.address.isascii() for recipient in self.recipients)
        )


def unfit(letter: Outgoing, offered: Offered) -> RemoteReply | None:
    """Why this host cannot be offered the letter at all: our own words, as it would say them."""
    if letter.is_utf8 and "SMTPUTF8" not in offered:
        return UTF8_REFUSED
    if letter.is_binary and not {"CHUNKING", "BINARYMIME"} <= offered.keys():
        return BINARY_REFUSED
    most = offered.get("SIZE", "")
    if most.isdigit() and 0 < int(most[:20]) < letter.size:  # RFC 1870 3: 0 is no limit
        say = f"the letter has {letter.size} octets, the next host takes {most[:20]}"
        return RemoteReply(552, "5.3.4", say, is_ours=True)
    return None


def mail_command(letter: Outgoing, offered: Offered) -> bytes:
    """MAIL with what the host understands. RFC 5321 4.1.1.2"""
    words = [f"MAIL FROM:<{letter.sender}>"]
    if "SIZE" in offered:
        words.append(f"SIZE={letter.size}")
    if letter.is_binary:
        words.append("BODY=BINARYMIME")
    elif letter.has_8bit and "8BITMIME" in offered:
        # Without it the octets go as they are: hosts that cut the eighth bit have died out, and
        # recoding a letter breaks its signatures. RFC 6152 3 would rather have it recoded.
        words.append("BODY=8BITMIME")
    if letter.is_utf8:
        words.append("SMTPUTF8")
    if "DSN" in offered:
        if letter.returns:
            words.append(f"RET={letter.returns}")
        if letter.envelope_id:
            words.append(f"ENVID={letter.envelope_id}")
    return f"{' '.join(words)}\r\n".encode()


def rcpt_command(recipient: OutgoingRecipient, offered: Offered) -> bytes:
    """RCPT with its wishes. RFC 3461 5.2.1"""
    words = [f"RCPT TO:<{recipient.address}>"]
    if "DSN" in offered:
        if recipient.notify:
            words.append(f"NOTIFY={','.join(recipient.notify)}")
        if recipient.original and (recipient.original.isascii() or "SMTPUTF8" in offered):
            words.append(f"ORCPT={recipient.original}")
    return f"{' '.join(words)}\r\n".encode()


def recipients_max(offered: Offered) -> int:
    """How many recipients one letter may have there. RFC 9422 4.2"""
    for word in offered.get("LIMITS", "").split():
        name, _, value = word.partition("=")
        if name.upper() == "RCPTMAX" and value.isdigit() and len(value) < 7 and int(value) > 0:
            return int(value)
    return RECIPIENTS_LEAST


def extensions(lines: tuple[bytes, ...]) -> dict[str, str]:
    """What EHLO's reply offers; its first line is the name. RFC 5321 4.1.1.1"""
    found: dict[str, str] = {}
    for line in lines[1:]:
        word, _, rest = line.decode("ascii", "replace").strip().partition(" ")
        name = word.upper()
        if name.startswith("AUTH="):  # as servers wrote it before RFC 2554
            name, rest = "AUTH", f"{word[5:]} {rest}".strip()
        if name == "AUTH":
            rest = f"{found.get(name, '')} {rest}".strip()
        found[name] = rest
    return found
