"""The trace fields a door puts before a letter: Return-Path and Received. RFC 5321 4.4

Pure. Nothing the peer said gets in unescaped: names are cut to what a domain or an address literal
may have.
"""

import re
from typing import Final

from posthouse.mail.dates import date_time

NAME_CHARACTERS_MAX: Final = 255
_UNSAFE: Final = re.compile(r"[^\w.:\[\]-]", re.UNICODE)


def literal(address: str) -> str:
    """An IP address as an address literal. RFC 5321 4.1.3; a peer on a unix socket has none."""
    if not address:
        return "[local]"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def trace_fields(
    *,
    sender: str,
    helo: str,
    peer: str,
    by: str,
    with_protocol: str,
    tls: str,
    letter: str,
    only_recipient: str,
    now: float,
    is_peer_told: bool = True,
) -> bytes:
    """Return-Path and Received, CRLF ended.

    `only_recipient` is "" when there are several, since the same octets are stored for all of
    them. `tls` names version and cipher, or is "". With `is_peer_told` off nothing is said of where
    the letter came from: RFC 5322 3.6.7 leaves it open, and people's addresses are their own.
    """
    secured = f" ({tls})" if tls else ""
    origin = ""
    if is_peer_told:
        name = _UNSAFE.sub("?", helo[:NAME_CHARACTERS_MAX]) or "unknown"
        origin = f"from {name} ({literal(peer)})\r\n\t"
    fields = (
        f"Return-Path: <{sender}>\r\n"
        f"Received: {origin}by {by} (Posthouse) with {with_protocol}{secured} id {letter}"
    )
    if only_recipient:
        fields += f"\r\n\tfor <{only_recipient}>"
    return f"{fields};\r\n\t{date_time(now)}\r\n".encode()
