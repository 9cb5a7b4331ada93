"""[accept]: what every door that takes letters keeps to. [lmtp]: one of them."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSettings:
    """[accept] - letters at the door."""

    hops_max: int = setting(
        100,
        "Received fields a letter may have with ours; more means a loop. RFC 5321 6.3",
        least=1,
        most=1000,
    )
    recipients_refused_max: int = setting(
        100,
        "Recipients refused in one session; one more is taken for guessing and ends it with 421.",
        least=1,
        most=100_000,
    )
    in_flight_octets_max: int = setting(
        256 * 1024 * 1024,
        "Octets of letters one worker holds in memory at a time; beyond it 452.",
        least=65_536,
        most=2**40,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpSettings:
    """[lmtp] - letters from a front server. RFC 2033"""

    full_mailbox: str = setting(
        "later",
        "What a full mailbox is answered with: later (452, the front server tries again) or "
        "bounce (552, the sender is told at once).",
        choices=("later", "bounce"),
    )
    socket_mode: str = setting(
        "0660",
        "Who may connect to the unix socket, as chmod takes it.",
        choices=("0600", "0660", "0666"),
    )
