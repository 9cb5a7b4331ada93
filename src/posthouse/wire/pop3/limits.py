"""The limits of a POP3 session."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Limits:
    """[pop3] - fetching an INBOX: how much one client may ask, how long its drop stays its own."""

    line_octets_max: int = setting(
        2048, "Longest command with its CRLF. RFC 2449 4 asks for 255", least=255, most=65_536
    )
    auth_line_octets_max: int = setting(
        16_384, "Longest line of an AUTH exchange with its CRLF. RFC 5034 4", least=512, most=65_536
    )
    input_octets_max: int = setting(
        65_536,
        "Pipelined commands that wait while one is being answered, before reading stops.",
        least=4096,
        most=1024 * 1024,
    )
    errors_max: int = setting(
        20,
        "Wrong commands and failed log-ins in a row that end the session.",
        least=1,
        most=1000,
    )
    idle_seconds_max: int = setting(
        600,
        "Seconds without a command before the session ends. RFC 1939 3: at least ten minutes",
        least=600,
        most=86_400,
    )
    login_seconds_max: int = setting(
        180, "Seconds without a command before log-in.", least=10, most=1800
    )
    ascii_headers: bool = setting(
        True,
        "Headers in UTF-8 go out as encoded words to a client that did not say UTF8. RFC 6856 4",
    )
    piece_octets_max: int = setting(
        131_072,
        "Octets of a large letter that are read and sent at a time.",
        least=65_536,
        most=16 * 1024 * 1024,
    )
