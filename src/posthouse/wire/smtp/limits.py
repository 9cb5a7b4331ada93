"""The limits of an SMTP or LMTP session. RFC 5321 4.5.3.1 gives the least a server must take."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpLimits:
    """[limits.smtp] - how much one client may send, hold and get wrong."""

    line_octets_max: int = setting(
        2048,
        "Longest command line with its CRLF; 512 and what the extensions add. RFC 5321 4.5.3.1.4",
        least=512,
        most=65_536,
    )
    auth_line_octets_max: int = setting(
        12_288, "Longest line of an AUTH exchange with its CRLF. RFC 4954 4", least=512, most=65_536
    )
    path_octets_max: int = setting(
        256, "Longest path with its angle brackets. RFC 5321 4.5.3.1.3", least=256, most=1024
    )
    letter_octets_max: int = setting(
        50 * 1024 * 1024,
        "Largest letter, advertised as SIZE. RFC 1870 3",
        least=65_536,
        most=2 * 1024 * 1024 * 1024,
    )
    body_memory_octets_max: int = setting(
        65_536,
        "A letter beyond this leaves the session in pieces as it arrives.",
        least=1024,
        most=16 * 1024 * 1024,
    )
    input_octets_max: int = setting(
        262_144,
        "Input that waits while a question is open, before reading stops.",
        least=4096,
        most=16 * 1024 * 1024,
    )
    recipients_max: int = setting(
        1000,
        "Recipients of a letter, advertised as RCPTMAX. RFC 9422 4.2",
        least=100,
        most=10_000,
    )
    letters_per_session_max: int = setting(
        10_000, "Letters of one session, advertised as MAILMAX. RFC 9422 4.1", least=1, most=999_999
    )
    errors_max: int = setting(
        20, "Refused commands of one session; one more ends it with 421.", least=1, most=1000
    )
    idle_seconds_max: int = setting(
        300,
        "Seconds a client may be silent. RFC 5321 4.5.3.2.7: at least 5 minutes",
        least=5,
        most=3600,
    )
    early_talk_refused: bool = setting(
        True, "Refuse a client that speaks before the greeting. RFC 5321 3.1, 4.3.1"
    )
