"""[auth]: how log-ins are checked and guessers slowed."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """[auth] - log-ins and guessers."""

    scram: bool = setting(True, "Keep SCRAM keys for new passwords and offer SCRAM-SHA-256.")
    channel_binding: bool = setting(
        False,
        "Offer SCRAM-SHA-256-PLUS too. Clients whose GNU SASL chooses it without being able to "
        "bind, as mutt's of 2022 to 2024, cannot log in then.",
    )
    failures_free: int = setting(
        3, "Failed log-ins of one address or account before answers are delayed.", least=1, most=100
    )
    delay_seconds_first: float = setting(
        1.0,
        "Delay after the first failure that counts; each further one doubles it.",
        least=0,
        most=60,
    )
    delay_seconds_max: float = setting(15.0, "Longest delay of an answer.", least=0, most=120)
    forget_seconds: float = setting(
        900.0, "After so long without failures the count begins anew.", least=1, most=86_400
    )
    waiting_max: int = setting(
        200,
        "Delayed answers one worker holds; then whoever failed before is refused unchecked.",
        least=1,
        most=100_000,
    )
    waiting_per_peer_max: int = setting(
        4,
        "Delayed answers to one address; what it asks meanwhile is refused unchecked.",
        least=1,
        most=1000,
    )
    cache_seconds: float = setting(
        3600.0,
        "How long a right password need not be hashed again; 0 turns the cache off.",
        least=0,
        most=86_400,
    )
