"""How many octets of letters one worker holds in memory at a time. Beyond that doors say 452 and
the peer comes again."""

from posthouse.base.metrics import Row


class Flight:
    """Counts what is reserved; every reservation must be given back exactly once."""

    __slots__ = ("_metrics", "octets", "octets_max")

    def __init__(self, octets_max: int, metrics: Row) -> None:
        self.octets = 0
        self.octets_max = octets_max
        self._metrics = metrics

    def reserve(self, octets: int) -> bool:
        """False: there is no room now. A first letter always fits, however small the limit."""
        if self.octets and self.octets + octets > self.octets_max:
            return False
        self.octets += octets
        self._metrics.set("octets_in_flight", self.octets)
        return True

    def release(self, octets: int) -> None:
        self.octets -= octets
        assert self.octets >= 0, "released more than was reserved"
        self._metrics.set("octets_in_flight", self.octets)
