"""Which mailbox names a LIST or LSUB pattern means: `*` any, `%` any but "/". RFC 3501 6.3.8.

Time grows with length of name times length of pattern and not faster, whatever the pattern.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

DELIMITER: Final = "/"

_REGEX_WILDCARDS_MAX: Final = 2
"""So many wildcards a backtracking expression may have: its time grows by one power with each."""

_INBOX: Final = re.compile(r"inbox(?=$|[/*%])", re.IGNORECASE)


class Matcher:
    """The patterns of one command, each behind the reference."""

    __slots__ = ("_tests",)

    def __init__(self, reference: str, patterns: Sequence[str]) -> None:
        self._tests = [_Test(reference + pattern) for pattern in patterns]

    def matches(self, name: str) -> bool:
        """Whether one of the patterns means this name."""
        return any(test(name) for test in self._tests)

    def ancestors(self, name: str) -> Iterator[str]:
        """Those above the name, shortest first, that a pattern means: for LSUB `%` (RFC 3501 6.3.9)
        and RECURSIVEMATCH (RFC 5258 3.5)."""
        place = name.find(DELIMITER)
        while place >= 0:
            if place and self.matches(name[:place]):
                yield name[:place]
            place = name.find(DELIMITER, place + 1)


class _Test:
    """One pattern."""

    __slots__ = ("_any_case", "_pattern", "_regex")

    def __init__(self, pattern: str) -> None:
        pattern = re.sub(r"[*%]*\*[*%]*", "*", pattern)
        pattern = re.sub(r"%+", "%", pattern)
        self._pattern = _INBOX.sub("INBOX", pattern, count=1) if _INBOX.match(pattern) else pattern
        # INBOX is meant in any case, and only as a whole. RFC 3501 5.1
        self._any_case = pattern.upper()
        self._regex = None
        if pattern.count("*") + pattern.count("%") <= _REGEX_WILDCARDS_MAX:
            self._regex = re.compile(_expression(self._pattern), re.DOTALL)

    def __call__(self, name: str) -> bool:
        if name == "INBOX":
            return _walk(self._any_case, name)
        if self._regex is not None:
            return self._regex.match(name) is not None
        return _walk(self._pattern, name)


def _expression(pattern: str) -> str:
    pieces = [
        ".*" if piece == "*" else "[^/]*" if piece == "%" else re.escape(piece)
        for piece in re.split(r"([*%])", pattern)
    ]
    return "".join(pieces) + r"\Z"


def _walk(pattern: str, name: str) -> bool:
    """All places in the pattern where the reading may stand, kept as bits of one number."""
    stars = percents = 0
    letters: dict[str, int] = {}
    for place, character in enumerate(pattern):
        if character == "*":
            stars |= 1 << place
        elif character == "%":
            percents |= 1 << place
        else:
            letters[character] = letters.get(character, 0) | 1 << place
    wild = stars | percents

    def passed(places: int) -> int:
        # A wildcard may mean nothing: stand behind it too. No two stand side by side.
        return places | (places & wild) << 1

    places = passed(1)
    for character in name:
        stay = places & (stars if character == DELIMITER else wild)
        places = passed(stay | (places & letters.get(character, 0)) << 1)
        if not places:
            return False
    return bool(places >> len(pattern) & 1)
