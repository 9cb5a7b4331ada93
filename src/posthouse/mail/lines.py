"""Whether lines are longer than they may be, over pieces as they come. RFC 5322 2.1.1

Looks for one line end in each stretch of the limit's length, from its end backwards: a thousand
short searches for a megabyte, whatever the lines are like.
"""


class LineMeter:
    """`octets_max` counts a line without its CRLF."""

    __slots__ = ("_run", "_stretch")

    def __init__(self, octets_max: int) -> None:
        self._stretch = octets_max + 2
        self._run = 0  # octets of the line that is not at its end yet

    def take(self, data: bytes) -> bool:
        """False: there is a longer line in it."""
        at, run, stretch = 0, self._run, self._stretch
        rfind = data.rfind
        while True:
            limit = at + stretch - run
            end = rfind(b"\n", at, limit)
            if end < 0:
                self._run = run + len(data) - at
                return len(data) < limit
            at, run = end + 1, 0
