"""A maildrop as one session sees it: letters numbered at log-in, marks that are only promises.

Nothing that happens elsewhere changes the numbers. Sizes and UIDs stand in arrays: 8 octets a
letter, and 2 for the marks. RFC 1939 5
"""

from array import array

from posthouse.wire.pop3.questions import Range


class Drop:
    """The letters that were there at log-in, message 1 first."""

    __slots__ = ("_gone", "count", "fetched", "octets", "sizes", "uids", "uidvalidity")

    def __init__(self, uidvalidity: int, uids: "array[int]", sizes: "array[int]") -> None:
        assert len(uids) == len(sizes), "each letter has a size"
        self.uidvalidity = uidvalidity
        self.uids = uids
        """Ascending."""
        self.sizes = sizes
        self._gone = bytearray(len(uids))
        self.fetched = bytearray(len(uids))
        """1 where RETR sent the whole letter."""
        self.count = len(uids)
        """Letters not marked as deleted."""
        self.octets = sum(sizes)

    def __len__(self) -> int:
        return len(self.uids)

    def has(self, number: int) -> bool:
        """Whether there is such a message and it is not marked."""
        return 0 < number <= len(self.uids) and not self._gone[number - 1]

    def delete(self, number: int) -> None:
        """Marks a message. RFC 1939 5"""
        assert self.has(number), "the one who asks has looked"
        self._gone[number - 1] = 1
        self.count -= 1
        self.octets -= self.sizes[number - 1]

    def reset(self) -> None:
        """Takes all marks off. RFC 1939 5"""
        self._gone = bytearray(len(self.uids))
        self.count = len(self.uids)
        self.octets = sum(self.sizes)

    def unique_id(self, number: int) -> bytes:
        """Never given to another letter of this drop, the same in each session. RFC 1939 7"""
        return b"%08x%08x" % (self.uidvalidity, self.uids[number - 1])

    def scan(self, first: int, last: int) -> bytes:
        """Lines of LIST for the unmarked of these messages."""
        sizes = self.sizes[first - 1 : last]
        return b"".join(
            [
                b"%d %d\r\n" % (number, size)
                for number, size, gone in zip(
                    range(first, last + 1), sizes, self._gone[first - 1 : last], strict=False
                )
                if not gone
            ]
        )

    def scan_ids(self, first: int, last: int) -> bytes:
        """Lines of UIDL for the unmarked of these messages."""
        uids = self.uids[first - 1 : last]
        start = b"%08x" % self.uidvalidity
        return b"".join(
            [
                b"%d %b%08x\r\n" % (number, start, uid)
                for number, uid, gone in zip(
                    range(first, last + 1), uids, self._gone[first - 1 : last], strict=False
                )
                if not gone
            ]
        )

    def gone(self) -> tuple[Range, ...]:
        """The marked letters as ranges of UIDs."""
        return _ranges(self.uids, self._gone)

    def seen(self) -> tuple[Range, ...]:
        """The letters that were sent whole."""
        return _ranges(self.uids, self.fetched)


def _ranges(uids: "array[int]", marks: bytearray) -> tuple[Range, ...]:
    """Runs of marks. A run may pass over UIDs that no letter has: none will ever get them again."""
    found = []
    first = marks.find(1)
    while first >= 0:
        end = marks.find(0, first)
        if end < 0:
            end = len(marks)
        found.append((uids[first], uids[end - 1]))
        first = marks.find(1, end)
    return tuple(found)
