"""[pop3]: what the house adds to the protocol's own limits."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Settings:
    """[pop3] - fetching an INBOX."""

    mark_seen: bool = setting(
        False, "Letters that a client fetched whole are \\Seen for IMAP when its session ends."
    )
    lease_seconds: float = setting(
        60.0,
        "How long a drop stays locked when its worker died; a living session renews in time.",
        least=10,
        most=600,
    )
    busy_seconds_max: float = setting(
        1.0,
        "How long a log-in waits for another session of the same drop to end.",
        least=0,
        most=30,
    )
