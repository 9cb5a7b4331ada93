"""The limits of an IMAP session."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapLimits:
    """[imap] - how much one client may ask at once."""

    line_octets_max: int = setting(
        64 * 1024, "Octets of one command without its literals.", least=8 * 1024, most=1024 * 1024
    )
    literal_octets_max: int = setting(
        64 * 1024,
        "Octets of all literals of one command, letters not counted.",
        least=4 * 1024,
        most=16 * 1024 * 1024,
    )
    letter_octets_max: int = setting(
        50 * 1024 * 1024, "Octets of a letter in APPEND.", least=64 * 1024, most=2**31
    )
    held_octets_max: int = setting(
        64 * 1024,
        "Octets of letters one APPEND keeps in memory; what is larger goes out in pieces.",
        least=1024,
        most=16 * 1024 * 1024,
    )
    letters_max: int = setting(1000, "Letters in one APPEND (MULTIAPPEND).", least=1, most=100_000)
    swallow_octets_max: int = setting(
        1024 * 1024,
        "Octets of a refused literal that is read and thrown away; beyond it the session ends.",
        least=0,
        most=2**31,
    )
    errors_max: int = setting(
        20, "Wrong commands in a row before the session ends.", least=1, most=1000
    )
    idle_seconds_max: int = setting(
        1800,
        "Seconds without a command before the session ends. RFC 3501 5.4: at least 30 minutes",
        least=1800,
        most=86_400,
    )
    login_seconds_max: int = setting(
        180, "Seconds without a command before log-in.", least=10, most=1800
    )
    search_depth_max: int = setting(
        32, "Depth of parentheses, NOT and OR in a search.", least=4, most=100
    )
    search_keys_max: int = setting(1000, "Keys in one search.", least=10, most=100_000)
    mailbox_octets_max: int = setting(
        1000, "Octets of a mailbox name or pattern as sent.", least=200, most=10_000
    )
    set_ranges_max: int = setting(
        16_384, "Ranges in one set of message numbers.", least=100, most=1_000_000
    )
