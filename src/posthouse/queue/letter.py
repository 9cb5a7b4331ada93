"""A letter that a door has taken in and that now needs a promise. Values only."""

from dataclasses import dataclass, field

from posthouse.directory.residents import Resident
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.mail.rendered import Rendered
from posthouse.queue.trace import Station
from posthouse.store.values import NewBody


@dataclass(slots=True, kw_only=True)
class Incoming:
    """One accepted letter: its octets are final (Return-Path and Received are in)."""

    body: NewBody
    rendered: Rendered | None
    """None: nobody here will read it."""
    message_id: str
    """Without angle brackets, "" when there is none."""
    received: int
    """Seconds since 1970 UTC."""
    envelope: Envelope
    residents: tuple[Resident, ...]
    """Who the local recipients are, in the envelope's order."""
    outside: tuple[Recipient, ...] = ()
    """Recipients of the envelope that live elsewhere: they go to the queue."""
    late: tuple[Recipient, ...] = ()
    """People here who have no room now: they go to the queue too."""
    owner: int = 0
    """The account that sent it; 0: nobody here."""
    stations: list[Station] = field(default_factory=list)
