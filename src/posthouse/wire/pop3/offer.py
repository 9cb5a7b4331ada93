"""What one door offers: greeting and capabilities, made once for all its sessions. RFC 2449 5, 6"""

from typing import Final

PLAINTEXT: Final = frozenset({"PLAIN", "LOGIN"})
"""SASL mechanisms that show the password to whoever listens. RFC 5034 4"""
LANGUAGES: Final[dict[str, str]] = {"en": "English"}
"""RFC 6856 3: tag and name, the first is the default."""


class Offer:
    """A door. `stls`: there is a certificate. `plaintext_auth`: passwords may cross a connection
    without TLS."""

    __slots__ = ("_lists", "greeting", "mechanisms", "plaintext_auth", "stls")

    def __init__(
        self,
        hostname: str,
        *,
        mechanisms: tuple[str, ...] = ("PLAIN",),
        stls: bool = False,
        plaintext_auth: bool = False,
        implementation: str = "Posthouse",
    ) -> None:
        # No <...>: a client would take it for the stamp of APOP. RFC 1939 7
        self.greeting = b"+OK %b Posthouse is ready\r\n" % hostname.encode("ascii")
        self.mechanisms = mechanisms
        self.stls = stls
        self.plaintext_auth = plaintext_auth
        self._lists = {
            (has_tls, is_open): self._list(implementation, has_tls, is_open)
            for has_tls in (False, True)
            for is_open in (False, True)
        }

    def capabilities(self, *, has_tls: bool, is_open: bool) -> bytes:
        """The lines of CAPA with their end. `is_open`: the client has logged in."""
        return self._lists[has_tls, is_open]

    def may_log_in(self, *, has_tls: bool) -> bool:
        """Whether passwords may be sent now. RFC 2595 2.3"""
        return has_tls or self.plaintext_auth

    def allowed_mechanisms(self, *, has_tls: bool) -> tuple[str, ...]:
        """What AUTH may use now."""
        if has_tls:
            return self.mechanisms
        unbound = (name for name in self.mechanisms if not name.endswith("-PLUS"))
        if self.plaintext_auth:
            return tuple(unbound)
        return tuple(name for name in unbound if name not in PLAINTEXT)

    def _list(self, implementation: str, has_tls: bool, is_open: bool) -> bytes:
        lines = [
            "TOP",
            "UIDL",
            "RESP-CODES",  # RFC 2449 6.4
            "AUTH-RESP-CODE",  # RFC 3206 5
            "PIPELINING",
            "EXPIRE NEVER",  # RFC 2449 6.7: what was fetched stays until it is deleted
            "UTF8 USER",  # RFC 6856 2
            "LANG",
        ]
        if self.may_log_in(has_tls=has_tls):
            lines.append("USER")
        allowed = self.allowed_mechanisms(has_tls=has_tls)
        if allowed:
            lines.append("SASL " + " ".join(allowed))
        if is_open:
            # RFC 2449 6.9: strangers need not know what they talk to
            lines.append(f"IMPLEMENTATION {implementation}")
        elif self.stls and not has_tls:
            lines.append("STLS")  # RFC 2595 4
        return "".join(f"{line}\r\n" for line in [*lines, "."]).encode("ascii")
