"""Who in this process wants to hear of changes, by account."""

from collections.abc import Callable

Changed = Callable[[int], None]


class Watches:
    """All running watches of a process."""

    __slots__ = ("_by_account",)

    class Entry:
        """One of them."""

        __slots__ = ("_account", "_all", "changed")

        def __init__(self, watches: "Watches", account: int, changed: Changed) -> None:
            self._all = watches
            self._account = account
            self.changed: Changed | None = changed

        def cancel(self) -> None:
            """No call comes after this returns."""
            self.changed = None
            self._all.discard(self._account, self)

    def __init__(self) -> None:
        self._by_account: dict[int, list[Watches.Entry]] = {}

    def add(self, account: int, changed: Changed) -> "Watches.Entry":
        """Calls `changed(modseq)` until it is cancelled."""
        entry = Watches.Entry(self, account, changed)
        self._by_account.setdefault(account, []).append(entry)
        return entry

    def discard(self, account: int, entry: "Watches.Entry") -> None:
        """Forgets it; harmless when it is forgotten already."""
        entries = self._by_account.get(account)
        if entries is None or entry not in entries:
            return
        entries.remove(entry)
        if not entries:
            del self._by_account[account]

    def tell(self, account: int, modseq: int) -> None:
        """Calls everyone who watches the account; one may cancel another meanwhile."""
        for entry in tuple(self._by_account.get(account, ())):
            if entry.changed is not None:
                entry.changed(modseq)
