"""What a server offers its clients: capabilities before and after log-in, and how one may log in.

One value for all sessions of a listener; the lines are made once. RFC 3501 6.1.1, 7.2.1.
"""

from typing import Final

BEFORE_LOGIN: Final = ("IMAP4rev2", "LITERAL+", "SASL-IR", "ID", "ENABLE")
AFTER_LOGIN: Final = (
    "IDLE",
    "NAMESPACE",
    "CHILDREN",
    "UIDPLUS",
    "UNSELECT",
    "MOVE",
    "SPECIAL-USE",
    "CONDSTORE",
    "STATUS=SIZE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "MULTIAPPEND",
    "ESEARCH",
)

_PLAINTEXT: Final = frozenset({"PLAIN", "LOGIN"})
"""SASL mechanisms that show the password to whoever listens. RFC 3501 6.2.3, 11.1"""


class Offer:
    """Names as on the wire. IMAP4rev1, AUTH=, STARTTLS and LOGINDISABLED come by themselves.

    A command or option of an extension is understood only where its capability is in `before`
    or `after`.
    """

    __slots__ = (
        "_lines",
        "after",
        "before",
        "extensions",
        "greeting",
        "mechanisms",
        "plaintext_auth",
        "starttls",
    )

    def __init__(
        self,
        *,
        greeting: str = "Posthouse is ready",
        before: tuple[str, ...] = BEFORE_LOGIN,
        after: tuple[str, ...] = AFTER_LOGIN,
        mechanisms: tuple[str, ...] = ("PLAIN",),
        starttls: bool = False,
        plaintext_auth: bool = False,
    ) -> None:
        self.greeting = greeting
        self.before = before
        self.after = after
        names = {name.upper() for name in (*before, *after)}
        # RFC 7889 2: the capability tells the limit, so its name is not always the same
        self.extensions = frozenset(names | {n.partition("=")[0] for n in names if "LIMIT=" in n})
        """What the grammar accepts, log-in or not; the command table knows the states."""
        self.mechanisms = mechanisms
        """SASL mechanisms in upper case, best first."""
        self.starttls = starttls
        """There is a certificate: STARTTLS may be offered on plain connections."""
        self.plaintext_auth = plaintext_auth
        """Passwords may cross a plain connection: for tests and loopback."""
        self._lines = {
            (has_tls, is_authenticated): self._names(has_tls, is_authenticated)
            for has_tls in (False, True)
            for is_authenticated in (False, True)
        }

    def capabilities(self, *, has_tls: bool, is_authenticated: bool) -> bytes:
        """`IMAP4rev1 ...`, without CAPABILITY and CRLF."""
        return self._lines[has_tls, is_authenticated]

    def _names(self, has_tls: bool, is_authenticated: bool) -> bytes:
        names = ["IMAP4rev1", *self.before]
        if is_authenticated:
            names += self.after
        else:
            if self.starttls and not has_tls:
                names.append("STARTTLS")
            if not self.may_log_in(has_tls=has_tls):
                names.append("LOGINDISABLED")
            names += [f"AUTH={name}" for name in self.allowed_mechanisms(has_tls=has_tls)]
        return " ".join(names).encode("ascii")

    def may_log_in(self, *, has_tls: bool) -> bool:
        """Whether LOGIN and the plaintext mechanisms may be used now."""
        return has_tls or self.plaintext_auth

    def allowed_mechanisms(self, *, has_tls: bool) -> tuple[str, ...]:
        """The SASL mechanisms that may be used now."""
        if has_tls:
            return self.mechanisms
        unbound = (name for name in self.mechanisms if not name.endswith("-PLUS"))
        if self.plaintext_auth:
            return tuple(unbound)
        return tuple(name for name in unbound if name not in _PLAINTEXT)
