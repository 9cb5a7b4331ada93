"""Address lists of header fields: mailboxes, groups, comments, obsolete forms. RFC 5322 3.4, 4.4.

Reads the unfolded octets of a field, never raises, linear, capped in number. What is broken is read
as mailers mean it; nothing is checked, for an address that must work see `address.py`.
"""

import re
from itertools import pairwise
from typing import Final

import msgspec

from posthouse.mail.address import domain_to_unicode
from posthouse.mail.encoded_words import decode_words
from posthouse.mail.text import decode, without_controls

ADDRESSES_MAX: Final = 10_000
"""Mailboxes and group marks read from one field; what follows is not looked at."""


LOCAL_OCTETS_MAX: Final = 1_000
"""A longer local part is not kept when one more @ follows."""


class Mailbox(msgspec.Struct, frozen=True, gc=False):
    """One element of a list, as IMAP tells it (RFC 3501 7.4.2): quoting is taken off.

    A group begins with an element that has a local part (its name) and no host, and ends with
    one that has neither.
    """

    name: bytes | None
    route: bytes | None
    local: bytes | None
    host: bytes | None
    """Empty when the address has no domain."""


GROUP_END: Final = Mailbox(None, None, None, None)

_SPECIAL: Final = rb"\"(),:;<>@\[\\\]\x00-\x1f"
# The form that nearly all mailboxes have: name <local@host> or local@host, no comment, no escape.
_SIMPLE: Final = re.compile(
    rb"[ \t]*+(?:(?:\"([^\"\\]*+)\"[ \t]*+|([^" + _SPECIAL + rb"]*+))"
    rb"<([^ " + _SPECIAL + rb"]++)@([^ " + _SPECIAL + rb"]++)>"
    rb"|([^ " + _SPECIAL + rb"]++)@([^ " + _SPECIAL + rb"]++))[ \t]*+(?:,|$)"
)
_TOKENS: Final = rb"[\s\x00-\x1f]++|[^\s" + _SPECIAL + rb"]++|\[[^\]\[\\]*+\]|[(),:;<>@\[\]\\\"]"
_TOKEN: Final = re.compile(rb"\"(?:[^\"\\]|\\.)*+\"|" + _TOKENS, re.DOTALL)
_TOKEN_WITHOUT_QUOTES: Final = re.compile(_TOKENS, re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT_MARK: Final = re.compile(rb"\\.|[()]", re.DOTALL)


def parse_mailboxes(value: bytes) -> list[Mailbox]:
    """The elements of an address list, at most `ADDRESSES_MAX`."""
    found: list[Mailbox] = []
    at = 0
    size = len(value)
    simple = _SIMPLE.match
    while at < size:
        match = simple(value, at)
        if match is None:
            _Reader(value, at, found).read()
            break
        quoted, plain, local, host, bare_local, bare_host = match.groups()
        if local is None:
            found.append(Mailbox(None, None, bare_local, bare_host))
        else:
            name = plain if quoted is None else quoted
            if name:
                name = name.strip()
                if b"  " in name:
                    name = b" ".join(name.split())
            found.append(Mailbox(name or None, None, local, host))
        at = match.end()
        if len(found) >= ADDRESSES_MAX:
            break
    return found


class _Reader:
    """Reads a list token by token; made for the part of a field that is not simple."""

    __slots__ = (
        "at",
        "comment",
        "found",
        "has_angle",
        "in_angle",
        "in_group",
        "in_route",
        "local",
        "phrase",
        "route",
        "value",
        "words",
    )

    def __init__(self, value: bytes, at: int, found: list[Mailbox]) -> None:
        self.value = value
        self.at = at
        self.found = found
        self.in_group = False
        self._begin()

    def _begin(self) -> None:
        self.words: list[bytes] = []
        self.phrase: bytes | None = None
        self.local: bytes | None = None
        self.route: list[bytes] = []
        self.in_route = False
        self.comment: bytes | None = None
        self.in_angle = False
        self.has_angle = False

    def read(self) -> None:
        value = self.value
        token = _TOKEN
        while len(self.found) < ADDRESSES_MAX:
            match = token.match(value, self.at)
            if match is None:
                break
            self.at = match.end()
            word = match[0]
            mark = word[:1]
            if mark == b'"':
                if len(word) == 1:
                    # No quote closes any more: what follows is read without quotes. So that the
                    # rest is searched for a closing quote once only.
                    token = _TOKEN_WITHOUT_QUOTES
                else:
                    self.words.append(_unescape(word[1:-1]))
            elif mark == b"(":
                self._skip_comment()
            elif word in _ACTIONS:
                _ACTIONS[word](self)
            elif mark > b" ":
                self.words.append(word)
        self._flush()
        if self.in_group:
            self.found.append(GROUP_END)

    def _skip_comment(self) -> None:
        begin = self.at
        depth = 1
        for match in _COMMENT_MARK.finditer(self.value, begin):
            mark = match[0]
            if mark == b"(":
                depth += 1
            elif mark == b")":
                depth -= 1
                if depth == 0:
                    self.at = match.end()
                    self.comment = _unescape(self.value[begin : match.start()]).strip()
                    return
        self.at = len(self.value)

    def _comma(self) -> None:
        if self.in_route:
            self.route += [*self.words, b","]  # RFC 5322 4.4: obs-domain-list
            self.words = []
        else:
            self._flush()

    def _colon(self) -> None:
        if self.in_angle:
            if self.in_route:
                self.route += self.words
                self.in_route = False
            self.words = []
        elif self.local is None and not self.in_group and not self.has_angle:
            name = b" ".join(self.words)
            self._begin()
            self.in_group = True
            self.found.append(Mailbox(None, None, name, None))

    def _semicolon(self) -> None:
        self._flush()
        if self.in_group:
            self.in_group = False
            self.found.append(GROUP_END)

    def _open(self) -> None:
        if self.has_angle:
            return
        words = self.words if self.local is None else [self.local, b"@", *self.words]
        self.phrase = b" ".join(words)
        self.words = []
        self.local = None
        self.in_angle = self.has_angle = True

    def _close(self) -> None:
        self.in_angle = False

    def _at_sign(self) -> None:
        words = self.words
        if self.in_angle and not words and self.local is None and (self.in_route or not self.route):
            self.in_route = True
            self.route.append(b"@")
            return
        if self.in_route:  # no colon ended the route
            self.in_route = False
        elif self.local is not None and len(self.local) < LOCAL_OCTETS_MAX:
            words = [self.local, b"@", *words]  # a second sign: the last one counts
            words = [b"".join(words)]
        if len(words) > 1 and not self.has_angle and not _is_dotted(words):
            self.phrase = b" ".join(words[:-1])  # Ann Lee ann@example.org
            words = words[-1:]
        self.local = b"".join(words)
        self.words = []

    def _other(self) -> None:
        """A stray bracket or backslash is passed over."""

    def _flush(self) -> None:
        words = self.words
        name = self.phrase or self.comment or None
        if self.in_route:  # <@host>: no route at all
            self.local = b""
            words = [*self.route[1:], *words]
            self.route = []
        joined = b"".join(self.route).strip(b",")
        route = joined if joined.strip(b"@,") else None
        if self.local is not None:
            self.found.append(Mailbox(name, route, self.local, b"".join(words)))
        elif self.has_angle:
            self.found.append(Mailbox(name, route, b"".join(words), b""))
        elif words:
            self.found.append(Mailbox(None, None, b" ".join(words), b""))
        self._begin()


_ACTIONS: Final = {
    b",": _Reader._comma,
    b":": _Reader._colon,
    b";": _Reader._semicolon,
    b"<": _Reader._open,
    b">": _Reader._close,
    b"@": _Reader._at_sign,
    b")": _Reader._other,
    b"[": _Reader._other,
    b"]": _Reader._other,
    b"\\": _Reader._other,
}


def _is_dotted(words: list[bytes]) -> bool:
    """Whether the words are a local part with spaces around its dots. RFC 5322 4.4"""
    return all(left.endswith(b".") or right.startswith(b".") for left, right in pairwise(words))


def _unescape(text: bytes) -> bytes:
    return _ESCAPE.sub(rb"\1", text) if b"\\" in text else text


# ---- for people


def display_name(mailbox: Mailbox) -> str:
    """The name as people read it, "" when there is none."""
    return decode_words(mailbox.name) if mailbox.name else ""


def address_text(mailbox: Mailbox) -> str:
    """local@host as people read it, with U-labels; the local part alone where no host is given."""
    local = without_controls(decode(mailbox.local or b""))
    if not mailbox.host:
        return local
    return f"{local}@{domain_to_unicode(without_controls(decode(mailbox.host)))}"
