"""What a host that we talk to may say, and how long it may take. RFC 5321 4.5.3.2"""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """[relay] - how long another host may take at each step, and how much it may say."""

    connect_seconds_max: float = setting(
        30.0, "How long a TCP connection may take to stand.", least=0.1, most=600
    )
    greeting_seconds_max: float = setting(
        300.0, "How long the greeting may take. RFC 5321 4.5.3.2.1", least=0.1, most=3600
    )
    command_seconds_max: float = setting(
        300.0, "How long EHLO, MAIL, RCPT may take. RFC 5321 4.5.3.2.2", least=0.1, most=3600
    )
    data_seconds_max: float = setting(
        120.0, "How long the answer to DATA may take. RFC 5321 4.5.3.2.4", least=0.1, most=3600
    )
    block_seconds_max: float = setting(
        180.0,
        "How long the other host may leave a piece of a letter unread. RFC 5321 4.5.3.2.5",
        least=0.1,
        most=3600,
    )
    dot_seconds_max: float = setting(
        600.0, "How long the answer to the whole letter may take. RFC 5321 4.5.3.2.6", least=0.1,
        most=3600,
    )  # fmt: skip
    reply_line_octets_max: int = setting(
        4096, "Longest line of a reply; 512 by the RFC. RFC 5321 4.5.3.1.5", least=512, most=65_536
    )
    reply_lines_max: int = setting(200, "Lines one reply may have.", least=10, most=10_000)
    reply_octets_max: int = setting(65_536, "Octets one reply may have.", least=4096, most=2**20)
    chunking: bool = setting(
        True, "Send short letters by BDAT in one go where it is offered. RFC 3030"
    )
