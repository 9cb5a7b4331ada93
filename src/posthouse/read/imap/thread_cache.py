"""Threads of whole mailboxes, kept until a letter comes or goes. Pure. RFC 5256 4

Threading looks at every letter, clients ask for it each time they open a mailbox, and flags change
nothing in it. A mailbox with the same UIDVALIDITY, UIDNEXT and number of letters has the same
letters: below UIDNEXT they only go.
"""

from typing import Final, NamedTuple

from posthouse.store.contract import Mailbox

CHARACTERS_MAX: Final = 8 * 1024 * 1024
"""Of all answers kept in one worker; one letter of a thread takes about six."""


class ThreadKey(NamedTuple):
    """One answer a mailbox, algorithm and way of naming letters is kept."""

    account: int
    mailbox: int
    algorithm: str
    uid: bool


State = tuple[int, int, int]
"""UIDVALIDITY, UIDNEXT, number of letters."""


def state_of(box: Mailbox) -> State:
    """What changes whenever the letters do."""
    return box.uidvalidity, box.uidnext, box.messages


class ThreadCache:
    """One a worker. The answers asked for longest ago go first."""

    __slots__ = ("_characters", "_characters_max", "_kept")

    def __init__(self, characters_max: int = CHARACTERS_MAX) -> None:
        self._characters_max = characters_max
        self._characters = 0
        self._kept: dict[ThreadKey, tuple[State, str]] = {}

    def get(self, key: ThreadKey, state: State) -> str | None:
        """The threads of the mailbox in this state."""
        found = self._kept.get(key)
        if found is None or found[0] != state:
            return None
        self._kept[key] = self._kept.pop(key)
        return found[1]

    def keep(self, key: ThreadKey, state: State, threads: str) -> None:
        """In place of what was known of an earlier state."""
        self._drop(key)
        if len(threads) > self._characters_max:
            return
        self._kept[key] = (state, threads)
        self._characters += len(threads)
        while self._characters > self._characters_max:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: ThreadKey) -> None:
        _, threads = self._kept.pop(key, (None, ""))
        self._characters -= len(threads)
