"""What one listener offers: name, limits, extensions. Made once, shared by all its sessions.

The replies that depend on it are made here, so that a session only points at them. RFC 5321 4.1.1.1
"""

from collections.abc import Sequence
from typing import Final

from posthouse.wire.smtp.limits import SmtpLimits

OLD_MECHANISMS: Final = ("LOGIN", "PLAIN")
"""What those clients know; LOGIN first, some look no further."""


class SmtpService:
    """One door: SMTP, submission or LMTP."""

    __slots__ = (
        "auth_mechanisms",
        "auth_required",
        "goodbye",
        "greeting",
        "hello",
        "hello_tls",
        "helo",
        "hostname",
        "is_lmtp",
        "limits",
        "old_auth_line",
        "plaintext_auth_allowed",
        "tls_offered",
        "tls_required",
    )

    def __init__(
        self,
        hostname: str,
        *,
        limits: SmtpLimits | None = None,
        is_lmtp: bool = False,
        tls_offered: bool = False,
        tls_required: bool = False,
        auth_mechanisms: Sequence[str] = (),
        auth_required: bool = False,
        plaintext_auth_allowed: bool = False,
        old_auth_line: bool = False,
    ) -> None:
        """`tls_required` and `auth_required` refuse MAIL until then. RFC 3207 4, RFC 4954 6

        `old_auth_line` says AUTH a second time, with an equals sign, as clients of before 1999
        look for it (Outlook Express 4, Netscape Messenger 4).
        """
        self.hostname = hostname
        self.limits = limits or SmtpLimits()
        self.is_lmtp = is_lmtp
        self.tls_offered = tls_offered
        self.tls_required = tls_required
        self.auth_mechanisms = tuple(name.upper() for name in auth_mechanisms)
        self.auth_required = auth_required
        self.plaintext_auth_allowed = plaintext_auth_allowed
        self.old_auth_line = old_auth_line
        name = hostname.encode("ascii")
        # RFC 5321 4.3.1: the word after the name tells what is spoken
        self.greeting = b"220 %b %b Posthouse\r\n" % (name, b"LMTP" if is_lmtp else b"ESMTP")
        self.helo = b"250 %b\r\n" % name
        self.goodbye = b"221 2.0.0 %b good bye\r\n" % name
        self.hello = self._hello(has_tls=False)
        self.hello_tls = self._hello(has_tls=True)

    def offers_auth(self, *, has_tls: bool) -> bool:
        """Passwords in the clear only where the house allows it. RFC 4954 4"""
        return bool(self.auth_mechanisms) and (has_tls or self.plaintext_auth_allowed)

    def mechanisms(self, *, has_tls: bool) -> tuple[str, ...]:
        """Those that can be used now: what is bound to TLS needs it. RFC 5802 6"""
        if has_tls:
            return self.auth_mechanisms
        return tuple(name for name in self.auth_mechanisms if not name.endswith("-PLUS"))

    def _hello(self, *, has_tls: bool) -> bytes:
        limits = self.limits
        words = [
            self.hostname,
            "PIPELINING",  # RFC 2920
            f"SIZE {limits.letter_octets_max}",  # RFC 1870
            "8BITMIME",  # RFC 6152
            "SMTPUTF8",  # RFC 6531
            "CHUNKING",  # RFC 3030
            "BINARYMIME",
            "ENHANCEDSTATUSCODES",  # RFC 2034
            "DSN",  # RFC 3461
            f"LIMITS RCPTMAX={limits.recipients_max} MAILMAX={limits.letters_per_session_max}",
        ]
        if self.tls_offered and not has_tls:  # RFC 3207 4.2: not again once TLS stands
            words.append("STARTTLS")
        if self.offers_auth(has_tls=has_tls):
            mechanisms = self.mechanisms(has_tls=has_tls)
            words.append("AUTH " + " ".join(mechanisms))
            old = [name for name in OLD_MECHANISMS if name in mechanisms]
            if self.old_auth_line and old:
                words.append("AUTH=" + " ".join(old))
        words.append("HELP")
        lines = [f"250-{word}\r\n" for word in words[:-1]] + [f"250 {words[-1]}\r\n"]
        return "".join(lines).encode("ascii")
