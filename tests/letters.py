"""Simple letters and their `Rendered`, made by hand, for tests that need no parser.

`letter()` gives everything a `Deliver` or `Append` wants; two calls never give the same body id.
"""

import hashlib
import itertools
from dataclasses import dataclass
from typing import Any

from posthouse.mail.rendered import Rendered
from posthouse.store.values import Append, AppendLetter, Deliver, NewBody, Place

RECEIVED = 1_795_000_000
"""The moment at which `base.clock.SetClock` begins: 2026-11-18."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter's octets with what the store keeps beside them."""

    octets: bytes
    body: NewBody
    rendered: Rendered

    def deliver(self, *places: Place, received: int = RECEIVED) -> Deliver:
        """Into these mailboxes, in one write."""
        return Deliver(self.body, self.rendered, received, places)

    def appended(
        self, flags: int = 0, keywords: str = "", received: int = RECEIVED
    ) -> AppendLetter:
        """As one letter of an APPEND."""
        return AppendLetter(self.body, self.rendered, received, flags, keywords)

    def append(self, account: int, mailbox: int, flags: int = 0, keywords: str = "") -> Append:
        """As a whole APPEND."""
        return Append(account, mailbox, (self.appended(flags, keywords),))


def letter(
    subject: str = "Hello",
    text: str = "Good day.\r\n",
    *,
    sender: str = "ann@example.org",
    to: str = "bob@example.net",
    references: tuple[str, ...] = (),
    message_id: str = "",
    size: int = 0,
    **fields: Any,
) -> Letter:
    """A letter as a client might send it; `fields` replace single fields of its `Rendered`.

    With `size` the text is filled up so that the whole letter has so many octets.
    """
    number = next(_numbers)
    message_id = message_id or f"letter{number}@example.org"
    header = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Date: Wed, 18 Nov 2026 11:06:40 +0000\r\nMessage-ID: <{message_id}>\r\n"
    )
    if references:
        header += "References: " + " ".join(f"<{name}>" for name in references) + "\r\n"
    octets = (header + "\r\n" + text).encode()
    line = b"and so on and so on and so on and so on and so on.\r\n"
    missing = max(0, size - len(octets))
    octets += (line * (missing // len(line) + 1))[: max(0, missing - 2)] + b"\r\n" * (missing >= 2)
    rendered = Rendered(
        **{
            "header_octets": len(header) + 2,
            "envelope": f'("{subject}")'.encode(),
            "bodystructure": b'("TEXT" "PLAIN")',
            "parts": b"",
            "sent": RECEIVED,
            "sent_day": RECEIVED // 86_400,
            "from_key": sender.partition("@")[0].upper(),
            "to_key": to.partition("@")[0].upper(),
            "cc_key": "",
            "subject_key": base_subject(subject).upper(),
            "is_reply": base_subject(subject) != subject,
            "from_text": f"<{sender}>".casefold(),
            "to_text": f"<{to}>".casefold(),
            "cc_text": "",
            "bcc_text": "",
            "subject_text": subject.casefold(),
            "subject": subject,
            "message_id": message_id,
            "references": references,
            "thread_keys": thread_keys(subject, message_id, *references),
            "preview": " ".join(text.split())[:256],
            "has_attachment": False,
            **fields,
        }
    )
    body = new_body(octets, number)
    return Letter(octets, body, rendered)


def new_body(octets: bytes, number: int = 0, *, in_file: bool = False) -> NewBody:
    """Octets to be kept, with an id never used before in this process."""
    identity = (number or next(_numbers)).to_bytes(16, "big")
    digest = hashlib.sha256(octets).digest()
    return NewBody(identity, digest, len(octets), None if in_file else octets)


def thread_keys(subject: str, *message_ids: str) -> tuple[int, ...]:
    """A hash of each message id with the base subject, own first."""
    base = base_subject(subject).upper()
    return tuple(
        int.from_bytes(hashlib.sha256(f"{name}\0{base}".encode()).digest()[:8], "big", signed=True)
        for name in message_ids
    )


def base_subject(subject: str) -> str:
    """Enough of RFC 5256 2.1 for letters made here."""
    while subject[:4].lower() == "re: ":
        subject = subject[4:]
    return subject
