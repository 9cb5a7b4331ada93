"""How a station says no, and whose fault it is. Only `Refusal` may cross to a wire."""

from dataclasses import dataclass
from enum import Enum


class Blame(Enum):
    """Whose fault a failure is; decides reply class, log level and whether a traceback is kept."""

    PEER = "peer"
    """Broke a rule: 5xx, NO or BAD; log level info."""
    WORLD = "world"
    """DNS, disk, another server: 4xx, try again; log level warning."""
    OURS = "ours"
    """A fault of ours: 451 outside, the traceback inside, counted."""


@dataclass(eq=False)  # exceptions stay hashable
class Refusal(Exception):
    """A no that is meant for the peer."""

    code: int
    """RFC 5321 4.2: 4xx or 5xx."""
    status: str
    """RFC 3463, as "5.7.1"."""
    say: str
    """For the peer: no path, no list of users."""
    note: str = ""
    """For log and trace: the whole reason."""
    blame: Blame = Blame.PEER

    def __post_init__(self) -> None:
        assert self.status[0] == str(self.code)[0], "4xx goes with 4.x.x, 5xx with 5.x.x"
        super().__init__(self.code, self.status, self.say)
