"""Address lists of header fields, strictly: what may be sent. RFC 5322 3.4, 6532 3.2, 2047 5

`mailboxes.py` reads what others sent and never raises; this one refuses what would not be read
alike everywhere. Raises ValueError, with a text that says what is allowed and what was found.
Beyond the RFC's own grammar it takes dots in display names ("John Q. Public"), which everybody
writes. Linear.
"""

import re
from typing import Final

from posthouse.mail.address import Address, parse_address
from posthouse.mail.strict_fields import shown

_ATEXT: Final = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-"
# The form that nearly all mailboxes have, with a comma or the end behind it.
_SIMPLE: Final = re.compile(
    rf'[ \t]*+(?:(?:"[^"\\\x00-\x08\x0a-\x1f]*+"|[{_ATEXT}. \t]*+)[ \t]*+<([{_ATEXT}.]++@[\w.-]++)>'
    rf"|([{_ATEXT}.]++@[\w.-]++))[ \t]*+(?:,|\Z)"
)
_TOKEN: Final = re.compile(
    rf'[ \t]++|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -\U0010ffff])*+"'
    rf"|\[[^\[\]\\\x00-\x20]*+\]|[{_ATEXT}.]++|[<>@,;:(]"
)
_COMMENT_MARK: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ENCODED: Final = re.compile(r"=\?[^?]*\?[^?]*\?[^?]*\?=")
COMMENT_DEPTH_MAX: Final = 20


class Addresses:
    """What a field named. `groups`: how many groups there were, empty ones too."""

    __slots__ = ("found", "groups")

    def __init__(self) -> None:
        self.found: list[Address] = []
        self.groups = 0


def read_addresses(text: str) -> Addresses:
    """All mailboxes of an unfolded field, those in groups too. Raises ValueError."""
    addresses = Addresses()
    at, size = 0, len(text)
    while at < size:
        match = _SIMPLE.match(text, at)
        if match is None:
            _Reader(text, at, addresses).read()
            return addresses
        addresses.found.append(_address(match[1] or match[2]))
        at = match.end()
    if not addresses.found or text.endswith(","):
        raise ValueError(_nothing(text))
    return addresses


def _nothing(found: str) -> str:
    return f"expected an address as name <local@domain>, found {shown(found) or 'nothing'}"


def _address(text: str) -> Address:
    local = text.rpartition("@")[0]
    if _ENCODED.search(text):
        # RFC 2047 5: an encoded word may be a name, never a part of the address itself
        raise ValueError(f"an encoded word is a name, never in an address, found {shown(text)}")
    if not text.startswith('"') and (local[0] == "." or local[-1] == "." or ".." in local):
        raise ValueError(
            f"a local part has no dot at its ends and no two together, found {shown(text)}"
        )
    return parse_address(text)


class _Reader:
    """Reads a list token by token, from where it is not simple any more."""

    __slots__ = ("_addresses", "_at", "_mark", "_text")

    def __init__(self, text: str, at: int, addresses: Addresses) -> None:
        self._text = text
        self._at = at
        self._addresses = addresses
        self._mark = ""
        self._next()

    def read(self) -> None:
        while True:
            self._element(in_group=False)
            if not self._mark:
                return
            if self._mark != ",":
                raise ValueError(f"a comma stands between addresses, found {self._rest()}")
            self._next()

    def _element(self, *, in_group: bool) -> None:
        """A mailbox, or a group where one may be."""
        words = self._words()
        if self._mark == "<":
            self._next()
            inside = self._words()
            if self._mark != "@":
                raise ValueError(_nothing("<" + "".join(inside) + self._mark))
            self._mailbox(inside)
            if self._mark != ">":
                raise ValueError(f"an address in brackets ends with >, found {self._rest()}")
            self._next()
        elif self._mark == "@":
            self._mailbox(words)
        elif self._mark == ":" and words and not in_group:
            self._group()
        else:
            raise ValueError(_nothing(" ".join(words) or self._mark))

    def _mailbox(self, words: list[str]) -> None:
        if len(words) != 1:
            found = " ".join(words)
            raise ValueError(f"one word stands before the @, found {shown(found) or 'nothing'}")
        self._next()
        domain = self._mark
        if domain[:1] in '<>@,;:"':
            raise ValueError(f"a domain stands behind the @, found {self._rest() or 'nothing'}")
        self._addresses.found.append(_address(f"{words[0]}@{domain}"))
        self._next()

    def _group(self) -> None:
        """RFC 5322 3.4: a name, a colon, perhaps mailboxes, a semicolon."""
        self._addresses.groups += 1
        self._next()
        while self._mark != ";":
            if not self._mark:
                raise ValueError("a group ends with a semicolon, found the end")
            self._element(in_group=True)
            if self._mark == ",":
                self._next()
            elif self._mark and self._mark != ";":
                raise ValueError(f"a comma stands between addresses, found {self._rest()}")
        self._next()

    def _words(self) -> list[str]:
        words = []
        while self._mark and self._mark not in "<>@,;:":
            if self._mark[0] == "[":
                raise ValueError(f"brackets stand behind the @ only, found {self._rest()}")
            words.append(self._mark)
            self._next()
        return words

    def _rest(self) -> str:
        return shown(self._mark + self._text[self._at :])

    def _next(self) -> None:
        """The next token that means something; "" at the end."""
        while True:
            if self._at >= len(self._text):
                self._mark = ""
                return
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise ValueError(f"expected a name or an address, found {self._here()}")
            mark = match[0]
            self._at = match.end()
            if mark == "(":
                self._comment()
            elif mark[0] not in " \t":
                self._mark = mark
                return

    def _here(self) -> str:
        return shown(self._text[self._at :])

    def _comment(self) -> None:
        begin = self._at - 1
        depth = 1
        for sign in _COMMENT_MARK.finditer(self._text, self._at):
            if sign[0] == "(":
                depth += 1
                if depth > COMMENT_DEPTH_MAX:
                    break
            elif sign[0] == ")":
                depth -= 1
                if not depth:
                    self._at = sign.end()
                    return
        raise ValueError(f"a comment ends with ), found {shown(self._text[begin:])}")
